"""HTTP: requests in, answers out. Only `h1` and `asgi` know a transport.

    front       Front: everything that answers, put together for one service
    routes      which path and method lead where
    surface     what is around them as configured: a path prefix                    ── wrapped  ASGI middlewares
    ├── cors        what scripts of other origins may read
    request     Request: the head, and a body that is read when it is wanted
    body        reads a body within its limit
    calls       one API's requests: how many at once, how long, and whether batched, in a thread or async
    sample      how many rows a body brings; a large one by a sample, as the loop must turn
    tasking     the tasks of a service that has some: the only way to                 ── tasks   their paths
    health      /livez /healthz /readyz
    documents   /docs.json /schema.json
    scrape      /metrics
    page        the page at / with Swagger UI from the installed package: no other host is asked
    access      the access log                               ── line_writer   lines written by a thread
    replies     what every transport sends of an answer beside its body
    h1/         our own server: HTTP/1.1 on sockets          -> HttpServer
    asgi        the same requests inside another server      -> AsgiApp
    mounted/    ASGI apps beside the APIs, below a path      -> MountedApp
    inference/  APIs as models of the inference protocol     -> Models, InferCalls
    websocket   what a websocket is to whoever serves it     -> Socket

What is switched off is not there: a service without middlewares is asked straight.
"""
