"""HTTP: requests in, replies out. Only `asgi`, `protocol` and `listener` know a transport.

    front       Front: everything that answers, put together for one service
    routes      which path and method lead where
    request     Request: the head, and a body that is read when it is wanted
    body        reads a body within its limit
    calls       one API's requests: how many at once, how long, and whether batched, in a thread or async
    sample      how many rows a body brings; a large one by a sample, as the loop must turn
    health      /livez /healthz /readyz
    documents   /docs.json /schema.json
    scrape      /metrics
    access      the access log
    page        the page at / with Swagger UI from the installed package: no other host is asked
    asgi        the adapter to ASGI
    limits      how long a connection may keep the server waiting, and how many there may be
    protocol    uvicorn's protocol, which holds these limits, and tells when a client went away
    listener    the listening socket, and uvicorn on top of it

No middleware: what is switched off costs a request nothing.
"""
