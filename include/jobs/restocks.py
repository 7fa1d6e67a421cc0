"""The tasks around scheduled restocks: start a run for each, wait for its moment, receive it, change it.

Which restock needs what is in Postgres. A run that gets lost is started again, and one too many does nothing twice.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import BaseSensorOperator, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.db import clock
from include.errors import NeedsAction
from include.jobs.assets import RESTOCKS_CHANGED, STOCK_CHANGED

if TYPE_CHECKING:
    from include.stock.inbound.restocks import Restock

logger = logging.getLogger(__name__)

RESTOCK_DAG = "schedule_restock"

LONGEST_WAIT = timedelta(hours=25)
"""A little more than a run starts before its restock's moment."""


class CannotWait(NeedsAction):
    """There is no moment to wait for."""


@task
def find_restocks(ti: Any = None) -> list[dict[str, Any]]:
    """Find restocks that need a run of `schedule_restock`; returns what each is to be started with.

    Raises:
        AirflowSkipException: None does.
    """
    from include.jobs import connections
    from include.stock.inbound import restock_runs
    from include.stock.inbound.restock_runs import State

    def state(run_id: str) -> State:
        if not ti.get_dr_count(dag_id=RESTOCK_DAG, run_ids=[run_id]):
            return State.MISSING
        alive = ti.get_dr_count(dag_id=RESTOCK_DAG, run_ids=[run_id], states=["queued", "running"])
        return State.ALIVE if alive else State.ENDED

    with connections.oms() as oms:
        runs = restock_runs.claim_runs(oms, clock.now(oms), state)
    if not runs:
        raise AirflowSkipException("no restock of the next day is without a run")
    return [{"trigger_run_id": run.run_id, "conf": {"shipmentId": run.shipment_id}} for run in runs]


def start_runs(found: Any) -> None:
    """Start what `find_restocks` has found."""
    TriggerDagRunOperator.partial(
        task_id="start_runs", trigger_dag_id=RESTOCK_DAG, logical_date=None, skip_when_already_exists=True
    ).expand_kwargs(found)


@task
def look_for_overdue() -> None:
    """Look for restocks whose moment has passed without them.

    Raises:
        AirflowFailException: There are some; the message names each and what to do.
    """
    from include.jobs import connections
    from include.stock.inbound import restock_runs

    with connections.oms() as oms:
        late = restock_runs.overdue(oms, clock.now(oms))
    if late:
        raise AirflowFailException("\n- ".join([f"{len(late)} restocks are overdue:", *late]))


@task
def check_shop_access(params: dict[str, Any] | None = None) -> None:
    """See to it that the restock can be shown in its shop, while there is time to put it right.

    What the shop or its locations do not have is alerted; the restock is received all the same.

    Raises:
        NotReady: The app may not write the shop's inventory; the message says what to grant.
        UnknownRestock: There is no such restock.
        AirflowSkipException: It has been received or cancelled.
    """
    from include.channel.delivery import preflight
    from include.jobs import alerts, connections
    from include.stock.inbound import restock_runs, restocks

    assert params is not None
    with connections.oms() as oms:
        restock = restocks.read(oms, params["shipmentId"])
        if restock.status_id != "SCHEDULED":
            raise AirflowSkipException(f"{restock} is {restock.status_id}")
        with connections.shopify(connections.of_shop(restock.shop_id)) as client:
            preflight.check_shop(restock.shop_id, client)
        obstacles = restock_runs.not_shown(oms, restock.shipment_id)
    logger.info("%s: the app may write, its moment is %s", restock, restock.scheduled_at)
    if obstacles:
        alerts.send(f"{restock} will not be shown in full", "\n- ".join([f"{restock}:", *obstacles]))


class RestockSensor(BaseSensorOperator):
    """Waits in the triggerer, and takes no worker, until a restock's moment; follows it if it is rescheduled.

    Args:
        shipment_id: The restock.
    """

    template_fields: Sequence[str] = ("shipment_id",)

    def __init__(self, *, shipment_id: str, **kwargs: Any) -> None:
        super().__init__(timeout=LONGEST_WAIT.total_seconds(), execution_timeout=LONGEST_WAIT, **kwargs)
        self.shipment_id = shipment_id

    def execute(self, context: Any) -> None:
        """Hand the waiting over to the triggerer."""
        from include.jobs.restock_trigger import RestockTrigger

        self.defer(timeout=LONGEST_WAIT, trigger=RestockTrigger(shipment_id=self.shipment_id), method_name="fail")

    def fail(self, context: Any, event: dict[str, str]) -> None:
        """Fail with what the triggerer has found.

        Raises:
            CannotWait: Always: the triggerer ends the task in all other cases.
        """
        raise CannotWait(event["needs_action"])


@task(outlets=[STOCK_CHANGED])
def receive_restock(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Receive the restock, once; returns what was received.

    A run that was repeated after its commit finds nothing to receive and goes on to the push.

    Raises:
        NotDue: Its moment has not come after all: it was rescheduled just now.
        RestockClosed: It was cancelled just now.
    """
    from include.jobs import connections
    from include.stock.inbound import restocks

    assert params is not None
    with connections.oms() as oms:
        received = restocks.receive(oms, params["shipmentId"], clock.now(oms))
        shop_id = restocks.read(oms, params["shipmentId"]).shop_id
    logger.info("shipment %s: %s", params["shipmentId"], received)
    return {
        "shipment_id": params["shipmentId"],
        "shop_id": shop_id,
        "accepted": float(received.accepted),
        "lines": received.recorded,
        "received_before": received.is_repeated,
    }


@task(outlets=[RESTOCKS_CHANGED])
def create_restock(params: dict[str, Any] | None = None, dag_run: Any = None) -> dict[str, Any]:
    """Schedule what was entered in the form; returns the restock.

    Raises:
        NotIdentified: Something in the form is not known.
        RestockRefused: The moment has passed, or the quantity is not above zero. Nothing was scheduled.
        NotReady: The app may not write the shop's inventory. Nothing was scheduled.
    """
    from decimal import Decimal

    from include.channel.delivery import preflight
    from include.jobs import connections
    from include.stock.inbound import restock_form, restocks

    assert params is not None
    entry = restock_form.Entry(
        product=params["product"],
        quantity=Decimal(str(params["quantity"])),
        facility=params["facility"],
        shop=params["shop"],
        scheduled_at=_moment(params["scheduledAt"]),
        restock_name=params["restockName"] or f"Created {dag_run.run_after:%Y-%m-%d}",
    )
    with connections.oms() as oms:
        found = restock_form.identified(oms, entry)
        with connections.shopify(connections.of_shop(found.shop_id)) as client:
            preflight.check_shop(found.shop_id, client)
        shipment_id = restock_form.schedule(oms, entry, clock.now(oms))
        return _shown(restocks.read(oms, shipment_id))


@task(outlets=[RESTOCKS_CHANGED])
def manage_restock(params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Change a restock that still waits; returns what it is then.

    Raises:
        ParameterMissing: The action needs another parameter.
        RestockClosed: It has been received or cancelled.
        RestockRefused: The change makes no sense; the message says why.
    """
    from decimal import Decimal

    from include.jobs import connections
    from include.stock import identify
    from include.stock.inbound import restocks

    assert params is not None
    shipment_id, action = params["shipmentId"], params["restockAction"]
    with connections.oms() as oms:
        now = clock.now(oms)
        match action:
            case "reschedule":
                restocks.reschedule(oms, shipment_id, _moment(_needed(params, "scheduledAt")), now)
            case "rename":
                restocks.rename(oms, shipment_id, _needed(params, "restockName"))
            case "edit_item":
                product_id = identify.product(oms, _needed(params, "product"))
                restocks.edit_item(oms, shipment_id, product_id, Decimal(str(_needed(params, "quantity"))), now)
            case "cancel":
                restocks.cancel(oms, shipment_id, now)
        found = restocks.read(oms, shipment_id)
    logger.info("%s: %s, now %s for %s", action, found, found.status_id, found.scheduled_at)
    return _shown(found)


class ParameterMissing(NeedsAction):
    """What was asked for needs a parameter that was not given."""


def _needed(params: dict[str, Any], name: str) -> Any:
    if params[name] in (None, ""):
        raise ParameterMissing(f"{params['restockAction']}: expected {name}; trigger the DAG again with it")
    return params[name]


def _moment(written: str) -> datetime:
    """A date and time of the form, in UTC where it names no time zone."""
    moment = datetime.fromisoformat(written)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _shown(restock: "Restock") -> dict[str, Any]:
    return {
        "shipment_id": restock.shipment_id,
        "restock_name": restock.restock_name,
        "facility_id": restock.facility_id,
        "shop_id": restock.shop_id,
        "scheduled_at": restock.scheduled_at.isoformat(),
        "status_id": restock.status_id,
    }
