"""Calls in, replies out, for one instance of a service: decode, call, encode, and what goes wrong on the way.

    executor.py    Executor: threads for sync methods, the event loop for async ones, start-up and shut-down hooks
    threads.py     Threads: jobs there, results back to the loop
    program.py     how one call runs, as a generator that yields each call of user code; drivers run it either way
    single.py      the program of one request
    batch.py       the program of a batch: group, join, chunk, call, split, bisect
    rows.py        joining and splitting by rows, for lists; array_rows, tensor_rows, frame_rows for libraries
    streaming.py   a reply in pieces; stream_async.py steps the method on the loop, stream_sync.py in a thread
    warm_up.py     examples answered before the worker is ready
    health.py      `__is_alive__` and `__is_ready__`, asked

A generator, because a batch that fails is run again in halves, and the same algorithm serves sync and async methods.
"""
