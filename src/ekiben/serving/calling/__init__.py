"""How a service calls another one, from inside its worker.

    callee     `Callee`: the other service as the attribute sees it; `to_async`, `to_sync`
    open_callee  one of which only the URL is known
    methods    one API of it: arguments -> Call, Answer -> result or error
    streams    the chunks of a streamed answer as the items that were yielded
    link       `Link`: the way out of the worker, whatever lies behind it
    caller     `Caller`: the request on whose behalf a call is made: its id, deadline and trace go along
    binding    what `depends()` is on the instance that a worker makes

Values cross as they are (`payload/values`). Where the other service runs is `composition`'s business.
"""
