"""Clients of a running service, and servers started from Python. Nothing of this runs inside a server.

sync_client      SyncHTTPClient      blocks                ── sync_tasks    Task
async_client     AsyncHTTPClient     awaits                ── async_tasks   AsyncTask
└── both put together what knows neither:
    settings     what they are told, and where files go
    endpoints    what the server says of its APIs, from `/schema.json`
    arguments    the arguments of a call -> values by parameter
    bodies       values -> the body of a request           ── uploads   a file, from whatever it was given as
    results      the body of an answer -> a value          ── pieces    the same of a stream
    failures     a status -> the error that is raised
    retrying     when a call is made again: pure           ── tries     one call's way through it
    tasks        the routes of a task
    transport    connections to where the server is        ── in_process   an ASGI app instead of one
    library      the HTTP library, or words for an environment without it
server           ekiben.serve(): a server as a child process     -> Server
└── guarded          the child's side: it ends when its parent is gone
"""
