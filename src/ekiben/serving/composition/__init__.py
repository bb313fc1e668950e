"""The services of one server and the ways between them.

    plan        which services, each with its configuration and its place     ── opening   stations of a plan
    station     `Station`: one service's pool, queues and counts: a call in, its answer out
    stations    `Stations`: all of them; the `Link` that their workers ask
    queues      how the calls of each API get to a worker and back     ── unqueued   without a queue
    patience    calls that give up where a service stays down
    gate        how many requests at once
    sample      how many rows a large body has, from a part of it
    remote*     `RemoteService`: one behind a URL

Only the front process has stations. A worker asks by its channel (`workers/asking`), a service in the front's own
process directly; both end in `Stations.ask`. HTTP reaches the stations from above, for the first service alone.
"""
