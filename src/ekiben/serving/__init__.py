"""What runs inside the image: the service API, HTTP, batching and workers.

    declare/     what a user writes: @service, @api, depends, Context, hooks   -> Service, Endpoint, Dependency
    classic/     the same in BentoML's classic style: functions, runners       -> Service, RunnerService
    payload/     bytes <-> Python values, one codec per kind of value          -> InputSpec, OutputSpec
    oip/         the Open Inference Protocol, as far as it is bytes            -> Tensor, InferRequest
    calling/     how one service calls another, from inside its worker         -> Callee, Link
    execution/   calls in, replies out, for one instance of a service          -> Executor
    batching/    when a batch starts and how many rows it takes                -> Batcher
    workers/     where executors run: in this process or in child processes    -> Pool
    composition/ the services of one server, and the ways between them         -> Station, Stations
    http/        requests and replies of HTTP, health, documents               -> Front
    grpc/        the Open Inference Protocol by gRPC, where that is asked for  -> GrpcServer
    config/      what a server is told, and by whom                            -> ServerConfig
    metrics/     what is counted, and the page that shows it                   -> ServerMetrics
    server       the process: workers up, listen, drain      ── reload   again after each change
    ├── target       what is served: a Bento or a project    ── options  the command line of the server
    ├── loading      a service as an object
    ├── importing    a service found in a user's folder
    ├── observing    what is counted and logged, as configured
    ├── stopping     signals, and the end of the process
    ├── logs         the server's log, and its children's
    ├── interpreter  event loop and garbage collection, in the server and its children
    └── healthcheck  `python -m ekiben.serving.healthcheck`, an image's HEALTHCHECK
    embedded     the same in another process's hands, as an ASGI app              -> ServiceApp
    describe     `python -m ekiben.serving.describe`: what a service declares     ── openapi   as documents
    client_types what clients are told of an API's values
    exit_status  how that ends
    variables    by which an image says what is to be served
    shared_memory  large bodies that are written once and passed on by descriptor
    wire         Payload, Call, Reply: what travels between all of them           ── streams   followed to their end
    failures     an exception -> the reply that its request gets, wherever it was raised

The life of a request: http -> Call -> batching (or straight) -> workers -> execution -> Reply -> http.
Of a call to another service: calling -> workers (the channel to the front) -> composition -> batching, as above.
"""
