"""Where a service runs: in the front's own process, or in child processes that the front feeds and replaces.

    plan        which workers a server gets: their kind, number and environment
    worker      `Worker`: what both kinds are to the rest
    bringup     the service's instance and executor, in whichever process
    local       LocalWorker: the service in this process, its sync APIs in threads
    process     ProcessWorker: a child process, from the front's side
    child       the child's own side: `python -m ekiben.serving.workers.child --sockets FD FD`
    channel     one end of the sockets between them: messages in, messages out
    messages    what they say to each other; bodies travel untouched beside it
    framing     how a message lies in the byte stream
    blocks      large bodies in shared memory, which is used again
    chunks      the pieces of a streamed answer, in the reader's time
    slots       SlotBoard: which worker has a free thread, and who is offered it first
    seat        Seat: one worker's place, filled again when the worker dies, hangs or has served its time
    readiness   whether a worker is fit to serve, from when it last answered
    health      what the service in a worker says of itself
    lifetime    when a worker has served its time
    stacks      where the threads of a worker that hangs stand
    teller      what a service measures, on its way to the front
    pool        Pool: all of it, as the batchers and the front use it

The front is the only process that listens, batches and counts, so batches form over all workers and metrics are whole.
Nothing is pickled. A child ends with its front: its socket closes, and the kernel kills it (Linux) if it does not look.
"""
