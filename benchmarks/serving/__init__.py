"""How ekiben serves beside other servers, measured: `python -m benchmarks.serving EXPERIMENT`, or `all.sh`.

    environments.sh    a virtual environment per server, in the versions of requirements/
    services/          the same four services, written for each server as its documentation advises

    experiments/       what is compared: iris, echo, start, overload, minilm; each measures, and makes its tables
        servers        starts and stops one server, and says what it took
        processes      CPU seconds and memory of a server with all its children
        wrk            closed loop, for rates that need a generator in C
        open_loop      replays recorded arrivals; latency counts from the intended moment; refuses to be late itself
        closed_loop    closed loop that tells answers from refusals, for slow models
        connection     the HTTP client of both loops
        arrivals, texts   what is sent, from seeds
    samples            what was measured, as JSON; medians, and ratios of paired rounds
    report, plot       docs/benchmarks.md and its picture, made of the JSON alone

A server is started for each round and stopped after it: some poll while they are idle, and would slow down the others.
Within a round every server has its turn, so that a machine that grows slower does so for all of them.
"""
