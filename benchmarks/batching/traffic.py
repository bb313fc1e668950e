"""Who asks when: open arrivals (Poisson, bursts, on and off, steps) and closed loops of clients that wait for answers.

All of it is drawn beforehand from a seed, so that each contender gets the same arrivals or the same thinking times.
A run has three bouts of the cell's traffic with a pause between them. The first two are for learning and not measured:
BentoML and ekiben refresh their models at most every five seconds, and so do it on the samples of this very traffic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

PAUSE_S = 5.5  # seconds between bouts; above the 5 s at which cost models are refreshed
BOUTS = 3
LEARNING_SHARE = 0.25  # of the measured requests, in each of the other bouts

Ask = Callable[[int], Awaitable[bool]]  # asks the API of that number; whether there was an answer


@dataclass(frozen=True, slots=True)
class Seen:
    """One measured request: when it was meant to be sent, how long it took, and whether it was answered."""

    sent_s: float
    took_s: float
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Open:
    """Arrivals at `rate` per second on average, whatever becomes of them.

    `kind`: "poisson"; "bursts" of `size` requests `spacing_s` apart; "on-off": Poisson at four times the rate for a
    quarter of the time, in spells of `size` requests; "step": the rate is `rate * low` in the first half of each bout
    and `rate` in the second.
    """

    kind: str
    rate: float
    size: int = 0
    spacing_s: float = 0.0
    low: float = 1.0

    def gaps_s(self, random: Random, count: int) -> Iterator[float]:
        """The times before each of `count` arrivals."""
        match self.kind:
            case "poisson":
                return (random.expovariate(self.rate) for _ in range(count))
            case "bursts":
                between_s = self.size / self.rate - (self.size - 1) * self.spacing_s
                return islice(self._bursts(random, between_s), count)
            case "on-off":
                return islice(self._spells(random), count)
            case "step":
                rates = [self.rate * self.low] * int(count * self.low / (1 + self.low))
                rates += [self.rate] * (count - len(rates))
                return (random.expovariate(rate) for rate in rates)
            case _:
                raise ValueError(self.kind)

    def _bursts(self, random: Random, between_s: float) -> Iterator[float]:
        while True:
            yield random.expovariate(1 / between_s)
            for _ in range(self.size - 1):
                yield self.spacing_s * random.uniform(0.5, 1.5)

    def _spells(self, random: Random) -> Iterator[float]:
        silence_s = 0.75 * self.size / self.rate
        while True:
            yield random.expovariate(1 / silence_s)
            for _ in range(round(random.expovariate(1 / self.size))):
                yield random.expovariate(4 * self.rate)

    async def bout(self, ask: Ask, random: Random, count: int, apis: int) -> list[Seen]:
        """Sends `count` requests, and returns when the last of them has its answer or its refusal."""
        loop = asyncio.get_running_loop()
        plan = [(gap_s, random.randrange(apis)) for gap_s in self.gaps_s(random, count)]
        seen: list[Seen] = []
        all_seen = loop.create_future()

        async def one(sent_s: float, api: int) -> None:
            is_answered = await ask(api)
            seen.append(Seen(sent_s, loop.time() - sent_s, is_answered))
            if len(seen) == count:
                all_seen.set_result(None)

        def send(index: int, sent_s: float) -> None:
            tasks.add(loop.create_task(one(sent_s, plan[index][1])))
            if index + 1 < count:
                next_s = sent_s + plan[index + 1][0]
                loop.call_at(next_s, send, index + 1, next_s)

        tasks: set[asyncio.Task[None]] = set()
        first_s = loop.time() + plan[0][0]
        loop.call_at(first_s, send, 0, first_s)
        await all_seen
        return sorted(seen, key=lambda one: one.sent_s)


@dataclass(frozen=True, slots=True)
class Closed:
    """`clients` that each wait for their answer, think for `least_s` and an exponential `more_s`, and ask again."""

    clients: int
    least_s: float
    more_s: float

    async def bout(self, ask: Ask, random: Random, count: int, apis: int) -> list[Seen]:
        """`count` requests in all."""
        loop = asyncio.get_running_loop()
        seen: list[Seen] = []
        left = count

        async def client(random: Random, api: int) -> None:
            nonlocal left
            while left > 0:
                await asyncio.sleep(self.least_s + random.expovariate(1 / self.more_s))
                left -= 1
                sent_s = loop.time()
                is_answered = await ask(api)
                seen.append(Seen(sent_s, loop.time() - sent_s, is_answered))

        own = [Random(random.random()) for _ in range(self.clients)]
        await asyncio.gather(*(client(one, index % apis) for index, one in enumerate(own)))
        return sorted(seen, key=lambda one: one.sent_s)


Traffic = Open | Closed


async def drive(traffic: Traffic, ask: Ask, seed: str, requests: int, apis: int) -> list[Seen]:
    """All bouts of one run; what was seen in the last one."""
    seen: list[Seen] = []
    for bout in range(BOUTS):
        is_last = bout == BOUTS - 1
        count = requests if is_last else round(requests * LEARNING_SHARE)
        seen = await traffic.bout(ask, Random(f"{seed}/{bout}"), count, apis)
        if not is_last:
            await asyncio.sleep(PAUSE_S)
    return seen
