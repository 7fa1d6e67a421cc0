"""Several calls under way at a time, without threads: the seed decides in which order they are carried out.

Which of several requests reaches Shopify first is chance, and so is how many of them are answered before the next one
is sent. All that a thread adds to this is that nobody could play it again.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

from include.channel.delivery import delivery
from include.shopify import client as clients

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.mishaps import Life, SimulatedClient


class Sent(Future[Any]):
    """A call that was sent; it is carried out when somebody lets it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self._work = work

    def arrive(self) -> None:
        """Be carried out, if it was not yet."""
        if self.done():
            return
        try:
            self.set_result(self._work())
        except BaseException as trouble:
            self.set_exception(trouble)

    def result(self, timeout: float | None = None) -> Any:
        """The answer; who asks for one that has not come yet waits for it."""
        self.arrive()
        return super().result(timeout)


@dataclass
class Threads:
    """Stands in for an executor."""

    dice: random.Random
    client: SimulatedClient
    sent: list[Sent] = field(default_factory=list)

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Sent:
        self.sent.append(Sent(lambda: work(*arguments)))
        return self.sent[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_trouble: object) -> None:
        """All that was sent is carried out; of what a process that dies has sent, some never left."""
        life = self.client.life
        for call in self.sent:
            if not life.is_dead:
                call.arrive()
            elif self.dice.random() < 0.5:
                with as_if_alone(self.client):
                    call.arrive()


@contextmanager
def as_if_alone(client: SimulatedClient) -> Iterator[None]:
    """Let a client's requests travel whatever has become of the process that sent them."""
    life = client.life
    client.life = type(life)(Counter())
    try:
        yield
    finally:
        client.life = life


@dataclass
class Together:
    """What the library finds instead of threads."""

    dice: random.Random
    hits: Counter[str]
    clients: list[SimulatedClient] = field(default_factory=list)

    def threads(self, *_settings: object) -> Threads:
        """An executor for the client at work: the last one that has begun and not ended."""
        return Threads(self.dice, self.clients[-1])

    def wait(self, calls: Iterable[Sent], timeout: float | None, _until: str) -> tuple[list[Sent], None]:
        """Let some of the calls be answered, or none if nobody has to wait for them."""
        under_way = list(calls)
        if not under_way or (timeout == 0 and self.dice.random() < 0.7):
            return [], None
        self.hits["two batches under way"] += len(under_way) >= 2
        self.hits["four batches under way"] += len(under_way) >= 4
        answered = self.dice.sample(under_way, self.dice.randint(1, len(under_way)))
        for call in answered:
            call.arrive()
        return answered, None

    @contextmanager
    def at_work(self, client: SimulatedClient, life: Life) -> Iterator[None]:
        """Let a client's requests belong to a life, for the length of a `with` block."""
        client.life = life
        self.clients.append(client)
        try:
            yield
        finally:
            self.clients.pop()

    @contextmanager
    def instead_of_threads(self) -> Iterator[None]:
        """Have the library use this."""
        with ExitStack() as stack:
            for module in (delivery, clients):
                stack.enter_context(mock.patch.object(module, "ThreadPoolExecutor", self.threads))
            stack.enter_context(mock.patch.object(delivery, "wait", self.wait))
            yield
