"""HTTP/1.1 on sockets, on httptools' parser: one protocol object per connection, one write per reply.

listener    HttpServer: accepts, looks after connections, drains
state       ServerState: what all connections share
protocol    Connection: requests in order, flow control, the end of a connection
├── reader     bytes -> Request, or a Refusal                ── framing    what a request allows its reply
├── answering  one request, begun without a task or in one: handler, then write
│   ├── heads      the head of a reply as bytes
│   └── streaming  a body that comes in chunks
├── patience   what a connection waits for, and how long it may
└── upgrading  a connection that becomes a websocket's
    └── websocket  WebSocketConnection: frames <-> messages  ── inbox  those that wait  ── pulse  pings
limits      how long a connection may keep the server waiting, and how many there may be
"""
