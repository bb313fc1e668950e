"""What is counted, and the page that shows it.

    server      ServerMetrics: all that one server counts; the front alone fills it
    ├── requests    the series of every API                    ── tally    a histogram of plain integers
    ├── queues      the series of an API's queue               ── naming   what series and labels are called
    ├── batches     the series of a batchable API's batches
    ├── runners     the same of a classic runner, in its own words
    ├── tasks       the series of tasks, where there are some
    ├── processes   processor time and memory of child processes, read when asked
    └── ledger      the service's own metrics, over all workers, living and gone
        └── merge   several workers' families -> one
    family      Family, Sample: a metric as it travels, from a child or to the page
    page        families -> the text that Prometheus reads      (alone in the front in touching prometheus_client)
    registry    what the service's code measures -> families    (in the process that runs the service)
    define      the metrics of `ekiben.metrics`                 (in the service's code)

Counting is adding to integers on the loop's own thread: no locks, no labels looked up. Names, labels and text are made
when the page is read. The front sees every request and forms every batch, so its figures are whole however many
workers there are; what the service measures itself comes from the workers as totals, never as increments, so that no
message lost or late can make a figure wrong.
"""
