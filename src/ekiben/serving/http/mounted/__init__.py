"""ASGI apps beside the APIs of a service, below a path: what a transport would be to them.

app         MountedApp: a Handler that calls the app, and has its websockets
exchange    AppExchange: one request, from the app's `receive` and `send` to an Answer
socket      SocketExchange: one websocket, from the same to a Socket
lifespan    Lifespan: start-up and shut-down
"""
