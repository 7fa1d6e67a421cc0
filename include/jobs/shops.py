"""Each shop on its own: what talks to Shopify is mapped over the shops, so that none stops or delays another one.

A task, its tries, its waiting and its failure belong to one shop. What is wrong with any of them is told together by
the last task of the DAG, `tell_troubles`, which then fails.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException, TaskDeferred

from include.errors import NeedsAction, TryAgain
from include.jobs.advice import advice

if TYPE_CHECKING:
    from include.db.connection import Connection
    from include.shopify.client import Client

logger = logging.getLogger(__name__)

RUNS_AT_ONCE = 8
"""Runs of a DAG that may be active while a slow shop still holds up its own part of earlier ones."""

SECONDS_FOR_THE_LOCK = 60.0
"""How long a task waits for another one that is at work on the same shop."""

LABEL = "{{ task.op_kwargs['shop_id'] }}"
"""What Airflow calls a mapped task: its shop."""

TROUBLE = "trouble"
"""The XCom under which a task leaves what is wrong with its shop."""

TRIED_AGAIN = "It is tried again by itself with the next run; if it stays, see that the shop's address can be reached"
SEE_THE_LOG = "See the task's log"


class ShopsInTrouble(NeedsAction):
    """Something is wrong with some shops; for the others everything was done."""


@task
def find_shops(triggering_asset_events: Any = None) -> list[str]:
    """All shops; where the events that started the run say which it is about, these.

    Raises:
        AirflowSkipException: There is none.
    """
    from include.jobs import connections

    named = shops_of_events(triggering_asset_events)
    with connections.oms() as oms:
        found = [shop_id for shop_id in shops(oms) if named is None or shop_id in named]
    if not found:
        raise AirflowSkipException("no shop is set up in shopify_shop")
    return found


def shops_of_events(events: Any) -> set[str] | None:
    """The shops that the events of a run name; None if there are no events, or any of them names none.

    Args:
        events: Airflow's `triggering_asset_events`: lists of events by asset.
    """
    named: list[Any] = [
        (event.extra.get("payload") or {}).get("shops") for each in (events or {}).values() for event in each
    ]
    return set().union(*named) if named and all(named) else None


def shops(oms: "Connection") -> list[str]:
    """The ids of all shops."""
    return [row[0] for row in oms.execute(b"SELECT shop_id FROM shopify_shop ORDER BY shop_id")]


def visit(shop_id: str, work: "Callable[[Connection, Client], Any]") -> Any:
    """Do something with a shop.

    Args:
        shop_id: The shop.
        work: What to do, with Trueup's database and the shop's API.

    Returns:
        What that has returned.
    """
    from include.jobs import connections

    with (
        told(shop_id),
        connections.oms() as oms,
        connections.shopify(connections.of_shop(shop_id)) as client,
    ):
        return work(oms, client)


def visit_alone(shop_id: str, what: str, work: "Callable[[Connection, Client], Any]") -> Any:
    """Do something with a shop that only one is to do at a time.

    Args:
        shop_id: The shop.
        what: The name of the lock: `shop` for whoever sends to it.
        work: What to do.

    Returns:
        What that has returned.

    Raises:
        AirflowSkipException: Another run is doing the same to the shop.
    """
    from include.db.connection import LockedElsewhere, exclusive

    def work_alone(oms: "Connection", client: "Client") -> Any:
        with ExitStack() as stack:
            try:
                stack.enter_context(exclusive(oms, f"{what} {shop_id}", SECONDS_FOR_THE_LOCK))
            except LockedElsewhere as busy:
                raise AirflowSkipException(f"{busy}; the next run takes what that one leaves") from busy
            return work(oms, client)

    return visit(shop_id, work_alone)


@contextmanager
def told(shop_id: str) -> Iterator[None]:
    """Keep what goes wrong within, with the name of the shop, for `tell_troubles`; it is raised all the same."""
    try:
        yield
    except (AirflowSkipException, TaskDeferred):
        raise
    except Exception as trouble:
        named = f"shop {shop_id}: {type(trouble).__name__}: {trouble}"
        get_current_context()["ti"].xcom_push(key=TROUBLE, value=f"{named}. {_next_step(trouble)}")
        trouble.add_note(f"(shop {shop_id})")
        raise


@task(trigger_rule="all_done", on_failure_callback=[])
def tell_troubles(ti: Any = None) -> None:
    """Tell what is wrong with any shop; without trouble, tell nothing. The failed tasks have alerted already.

    Raises:
        ShopsInTrouble: Some shops were not dealt with; the message names each and what to do.
    """
    ended = ti.get_task_breadcrumbs(dag_id=ti.dag_id, run_id=ti.run_id)
    failed = sorted({each["task_id"] for each in ended if each["state"] == "failed"})
    if not failed:
        return
    troubles = dict.fromkeys(each for each in ti.xcom_pull(task_ids=failed, key=TROUBLE) if each)
    raise ShopsInTrouble("\n- ".join([f"{', '.join(failed)}: failed, but for the other shops:", *sorted(troubles)]))


def _next_step(trouble: Exception) -> str:
    if isinstance(trouble, NeedsAction):
        return "Nothing changes until somebody has acted on it"
    if (told := advice(trouble)) is not None:
        return told
    return TRIED_AGAIN if isinstance(trouble, TryAgain | OSError) else SEE_THE_LOG
