"""Queues of requests, and adaptive batching: one queue per API, shared by all workers, bound late to a free slot.

    batcher    `Batcher`: owns loop, clock and queue, and obeys its policy        the rim: it acts, and does not judge
      ├── queue      requests in order of arrival, each with its recipient; cancelling one is O(1)
      ├── deadlines  one timer for all requests' time limit
      ├── timer      wakes the batcher at a time, also finer than the loop's millisecond
      ├── slots      execution slots that several batchers share
      ├── batch      a batch handed to a worker, every one of its requests answered
      ├── audience   who still waits for a batch, as the worker sees it
      └── observer   where everything that was decided is reported to
    policy     `Policy`: what a queue obeys and learns by                         no clock, no loop: it is told
      ├── joining    of a batchable API: shows the rule what is known, keeps what the past taught
      ├── singles    of any other sync API: a few short calls share a hop to a thread
      └── refusal    what a refused client and the operator are told
    rule       `decide(view) -> Dispatch | Wait | Shed`                           pure: no clock, no loop, no state
      ├── adaptive   work-conserving; holds a free slot only for a positive expected gain     (default)
      │     └── hold       whether waiting for more requests is worth what it costs
      ├── cork       the algorithm of BentoML's documents, the yardstick
      ├── fixed      size and window
      ├── sizing     how many requests fit a batch, and a deadline
      └── shedding   which can no longer be kept; which are refused for the sake of the others
    learned    `Learned`: what past arrivals and batches taught                   told by the policy, read by the rule
      ├── cost       duration = a * rows + b, by least squares without outliers
      ├── arrivals   gaps between arrivals, returns after completions, the crowd
      ├── record     whether past holds were worth it
      └── overload   since when more comes than can be done
    options    `BatchOptions`: what an API asks of its queue
    view       the values that go into the rule and come out of it

The batcher reacts to four events: a request arrives, a slot may be free, a request is cancelled, the timer rings. Each
of them leads to the same few lines: ask the policy, do what it says, until it says `Wait`.

Everything here counts a batch in rows and a queue in requests, and knows neither HTTP nor processes nor payloads.
"""
