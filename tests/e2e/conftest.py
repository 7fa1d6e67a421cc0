"""One demo for all end-to-end tests: four Airflow processes, Postgres, SFTP and the Shopify emulator.

It runs as the command that a user types, so its processes, its signals and its state folder are the real ones. Its
first run is the smoke run; what the tests use is the second one, which resumes there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from include.db.connection import Connection, connect
from include.sandbox import state as state_folder
from include.sandbox.world import World
from tests.e2e import steps
from tests.e2e.demo_process import Demo, wait_for

HERE = Path(__file__).parent


def pytest_itemcollected(item: pytest.Item) -> None:
    """All of them are slow."""
    if HERE in item.path.parents:
        item.add_marker(pytest.mark.slow)


@dataclass(frozen=True)
class Told:
    """What a run came to once its story was told: what it printed, and what Airflow's logs complain of."""

    printed: str
    complaints: list[str]


@dataclass(frozen=True)
class Smoke(Told):
    """What `--smoke` came to, with its exit status and the processes that it left behind."""

    status: int
    left: dict[int, str]


@dataclass(frozen=True)
class Resumed(Told):
    """What the run after it came to, with the tasks that did not succeed at the first try."""

    tried_again: list[str]


@pytest.fixture(scope="package")
def demo(state: Path) -> Iterator[Demo]:
    demo = Demo(state / "e2e")
    yield demo
    demo.end()
    state_folder.remove(demo.folder)


@pytest.fixture(scope="package")
def smoke(demo: Demo) -> Smoke:
    """The story, told from nothing to its end."""
    status = demo.run_to_its_end("--smoke")
    return Smoke(demo.printed(), steps.complaints(demo.folder), status, demo.processes())


@pytest.fixture(scope="package")
def resumed(demo: Demo, smoke: Smoke) -> Resumed:
    """The story, told again in the same state folder; this demo stays up."""
    world = demo.world()
    return Resumed(demo.printed(), steps.complaints(demo.folder), steps.tried_again(world))


@pytest.fixture
def world(demo: Demo, resumed: Resumed) -> Iterator[World]:
    """The running demo, at rest, without faults."""
    world = demo.world()
    with connect(world.dsn_oms) as oms:
        wait_for("the demo to be at rest", lambda: steps.is_at_rest(oms), 120)
    yield world
    if demo.is_up:
        world.emulator.clear_faults()
        world.emulator.settings(latency_seconds=0)
        world.sftp.fail()


@pytest.fixture
def told(world: World) -> Iterator[World]:
    """The demo, whose shop tells Airflow of each change of a level."""
    steps.manage_webhooks(world, "subscribe")
    yield world
    steps.manage_webhooks(world, "unsubscribe")


@pytest.fixture
def oms(world: World) -> Iterator[Connection]:
    with connect(world.dsn_oms) as opened:
        yield opened
