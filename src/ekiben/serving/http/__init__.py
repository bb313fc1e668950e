"""HTTP: requests in, replies out. Everything but `asgi` and `protocol` knows no transport.

front       Front: a request's way from its head to its reply
routes      which path and method lead where
request     Request: the head, and a body that is read when it is wanted
calls       the requests of one API: how many at once, how long, and by which way: batched, in a thread, async
failures    errors as replies
health      /livez /healthz /readyz
documents   /metrics /docs.json /schema.json
page        the page at / with Swagger UI from the installed package: no other host is asked
asgi        the adapter to ASGI
protocol    uvicorn's protocol, which also tells when a client went away
"""
