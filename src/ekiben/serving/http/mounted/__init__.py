"""ASGI apps beside the APIs of a service, below a path: what a transport would be to them.

app         MountedApp: a Handler that calls the app
exchange    AppExchange: one request, from the app's `receive` and `send` to an Answer
lifespan    Lifespan: start-up and shut-down
"""
