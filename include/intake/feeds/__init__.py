"""The feeds by the name of their service, as `data_manager_config.import_service_name` has it."""

from dataclasses import dataclass

from include.errors import NeedsAction
from include.intake.feed import Feed, JsonFeed
from include.intake.feeds import (
    inbound_shipment,
    inventory_delta,
    inventory_transfer,
    kit_components,
    order_fulfillment,
    product_facility,
    product_tags,
    reset_inventory,
    scheduled_restock,
    shipment_receipt,
    variance_answer,
)


@dataclass(frozen=True, slots=True)
class Service:
    """The readers of one service, by what a file's content looks like."""

    csv: Feed
    json: JsonFeed | None = None


class UnknownService(NeedsAction):
    """A data manager configuration names a service that there is not."""


SERVICES: dict[str, Service] = {
    "inbound_shipment": Service(csv=inbound_shipment),
    "inventory_delta": Service(csv=inventory_delta),
    "inventory_transfer": Service(csv=inventory_transfer),
    "item_receipt": Service(csv=inventory_delta, json=order_fulfillment),
    "kit_components": Service(csv=kit_components),
    "product_facility": Service(csv=product_facility),
    "product_tags": Service(csv=product_tags),
    "reset_inventory": Service(csv=reset_inventory),
    "scheduled_restock": Service(csv=scheduled_restock),
    "shipment_receipt": Service(csv=shipment_receipt),
    "variance_answer": Service(csv=variance_answer),
}


def service(name: str) -> Service:
    """Find a service.

    Raises:
        UnknownService: There is none of this name; the message lists those there are.
    """
    if name not in SERVICES:
        raise UnknownService(
            f"import_service_name {name!r} in data_manager_config: no such service; there are {sorted(SERVICES)}"
        )
    return SERVICES[name]
