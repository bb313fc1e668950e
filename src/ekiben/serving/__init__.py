"""What runs inside the image: the service API, HTTP, batching and workers.

    declare/     what a user writes: @service, @api, Context, hooks            -> Service, Endpoint
    payload/     bytes <-> Python values, one codec per kind of value          -> InputSpec, OutputSpec
    execution/   calls in, replies out, for one instance of a service          -> Executor
    batching/    when a batch starts and how many rows it takes                -> Batcher
    workers/     where executors run: in this process or in child processes
    http/        requests and replies of HTTP, health, metrics, documents
    wire.py      Payload, Call, Reply: what travels between all of them
    failures.py  an exception -> the reply that its request gets, wherever it was raised

The life of a request: http -> Call -> batching (or straight) -> workers -> execution -> Reply -> http. `importing.py`
finds a service in a user's folder, `describe.py` writes down what it declares, `openapi.py` says it in the words of
OpenAPI.
"""
