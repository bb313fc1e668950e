"""HTTP/1.1 on sockets, on httptools' parser: one protocol object per connection, one task and one write per request.

listener    HttpServer: accepts, looks after connections, drains
state       ServerState: what all connections share
protocol    Connection: requests in order, flow control, the end of a connection
├── reader     bytes -> Request, or a Refusal                ── framing    what a request allows its reply
├── answering  the task of one request: handler, then write
│   ├── heads      the head of a reply as bytes
│   └── streaming  a body that comes in chunks
└── patience   what a connection waits for, and how long it may
limits      how long a connection may keep the server waiting, and how many there may be
"""
