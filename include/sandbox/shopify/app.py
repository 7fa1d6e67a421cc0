"""The emulator as one ASGI application: the Admin API, and a control API for tests, demo and simulator.

    GET    /healthz
    POST   /control/seed           {locations, items, levels, counters}: a new shop; ids are full global ids
    POST   /control/orders         {lines: [{inventoryItemId, locationId, quantity}], source: web|pos, ...}
    POST   /control/orders/...     cancel, fulfil, refund, edit, move, hold, take-back: see `orders.handlers`
    POST   /control/transfers      {inventoryItemId, originId, destinationId, quantity}; then ship, receive, cancel
    POST   /control/levels         {inventoryItemId, locationId, available}: an edit in the admin
    GET    /control/levels         what each level shows; ?location= for one location
    POST   /control/faults         {kind, operation, times, after_calls, ...}: see `faults.KINDS`
    GET    /control/faults         with hit counts
    DELETE /control/faults
    GET, PUT /control/settings     see `settings.NAMES`
    POST   /control/tokens         an expiring token and its refresh token, as when a merchant installs the app
    POST   /control/clock          {advance}: let seconds pass; with the setting clock_rate 0 only this moves the clock
    GET    /control/history        every change that was applied, in order; ?since= leaves out so many of the first
    GET    /control/webhooks       the latest attempts, and how many deliveries wait
    GET    /control/stats          calls by root field, points, throttled answers, tokens granted

The control API needs no token; the server listens on 127.0.0.1 only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from include.sandbox.shopify import tokens, transfers
from include.sandbox.shopify.admin import Admin, Receive, Scope, Send
from include.sandbox.shopify.bulk.storage import PREFIXES, Storage
from include.sandbox.shopify.orders.handlers import HANDLERS
from include.sandbox.shopify.orders.records import Order
from include.sandbox.shopify.records import Change, Item, Level, Location, Transfer
from include.sandbox.shopify.scalars import timestamp
from include.sandbox.shopify.store import Refused, Store

Handler = Callable[[Admin, Mapping[str, Any]], Any]


def build(admin: Admin) -> Callable[[Scope, Receive, Send], Any]:
    """Return the application around one shop."""
    control = Starlette(
        routes=[
            Route(path, _endpoint(admin, dict(handlers)), methods=[method for method, _ in handlers])
            for path, handlers in ROUTES.items()
        ]
    )

    storage = Storage(admin.store, admin.settings, admin.files, admin.faults)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/admin/"):
            await admin(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIXES):
            await storage(scope, receive, send)
        else:
            await control(scope, receive, send)

    return app


def _endpoint(admin: Admin, handlers: Mapping[str, Handler]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> JSONResponse:
        body = await request.body()
        try:
            given = json.loads(body) if body else dict(request.query_params)
            return JSONResponse(handlers[request.method](admin, given))
        except Refused as refusal:
            return JSONResponse({"error": str(refusal)}, status_code=422)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = (
                f"{request.url.path}: {type(error).__name__} {error}; see the module docstring of app.py for its form"
            )
            return JSONResponse({"error": text}, status_code=400)

    return endpoint


def _seed(admin: Admin, given: Mapping[str, Any]) -> dict[str, Any]:
    """Build the new shop beside the old one, which stays if anything is wrong with what was given."""
    store = Store(admin.store.clock)
    now = store.now()
    for each in given.get("locations", []):
        gid = each.get("id") or store.new_id("Location")
        flags = {name: bool(each[name]) for name in ("active", "fulfills_online", "legacy") if name in each}
        store.locations[gid] = Location(gid, each["name"], now, **flags)
    for each in given.get("items", []):
        gid = each.get("id") or store.new_id("InventoryItem")
        kind = (each.get("tracked", True), each.get("bundle", False))
        store.items[gid] = Item(gid, each.get("sku"), now, *kind, product=each.get("product"))
    for each in given.get("levels", []):
        store.check_known(each["inventoryItemId"], each["locationId"])
        level = store.add_level(each["inventoryItemId"], each["locationId"], active=each.get("active", True))
        level.quantities["available"] = int(each["available"])
    store.counters.update({kind: int(count) for kind, count in given.get("counters", {}).items()})
    admin.files.clear()
    admin.webhooks.log.clear()
    admin.store.become(store)
    return {"locations": list(store.locations), "items": list(store.items)}


def _order(change: Callable[[Store, Mapping[str, Any]], Order]) -> Handler:
    def handle(admin: Admin, given: Mapping[str, Any]) -> dict[str, Any]:
        order = change(admin.store, given)
        return {"id": order.id, "name": order.name}

    return handle


def _transfer(change: Callable[[Store, Mapping[str, Any]], Transfer]) -> Handler:
    def handle(admin: Admin, given: Mapping[str, Any]) -> dict[str, Any]:
        transfer = change(admin.store, given)
        return {"id": transfer.id, "status": transfer.status, "open": transfer.open}

    return handle


def _edit(admin: Admin, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"delta": admin.store.edit(given["inventoryItemId"], given["locationId"], int(given["available"]))}


def _levels(admin: Admin, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    location = given.get("location")
    found = admin.store.levels_of_location.get(location, []) if location else admin.store.levels.values()
    return [_level(admin.store, level) for level in found]


def _level(store: Store, level: Level) -> dict[str, Any]:
    quantities = {name: level.quantity(name) for name in ("available", "on_hand", "committed")}
    return {
        "inventoryItemId": level.item, "locationId": level.location, "sku": store.items[level.item].sku, **quantities,
    }  # fmt: skip


def _history(admin: Admin, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [_change(change) for change in admin.store.history[max(0, int(given.get("since", 0))) :]]


def _change(change: Change) -> dict[str, Any]:
    return {
        "at": timestamp(change.at),
        "kind": change.kind,
        "inventoryItemId": change.item,
        "locationId": change.location,
        "name": change.name,
        "delta": change.delta,
        "referenceDocumentUri": change.reference,
        "key": change.key,
        "groupId": change.group,
    }


def _set(admin: Admin, given: Mapping[str, Any]) -> dict[str, Any]:
    admin.settings.update(admin.store, given)
    return admin.settings.show(admin.store)


def _clock(admin: Admin, given: Mapping[str, Any]) -> dict[str, Any]:
    seconds = float(given["advance"])
    if seconds < 0:
        raise Refused(
            f"clock.advance: got {seconds:g}; expected seconds, 0 or more (settings.clock_offset sets it back)"
        )
    admin.store.clock.advance(seconds)
    return {"now": admin.store.now()}


def _webhooks(admin: Admin, _given: Mapping[str, Any]) -> dict[str, Any]:
    return {"attempts": list(admin.webhooks.log), "waiting": len(admin.store.deliveries)}


def _clear_faults(admin: Admin, _given: Mapping[str, Any]) -> dict[str, Any]:
    admin.faults.clear()
    return {}


ROUTES: dict[str, tuple[tuple[str, Handler], ...]] = {
    "/healthz": (("GET", lambda _admin, _given: {"status": "ok"}),),
    "/control/seed": (("POST", _seed),),
    **{path: (("POST", _order(change)),) for path, change in HANDLERS.items()},
    **{path: (("POST", _transfer(change)),) for path, change in transfers.HANDLERS.items()},
    "/control/levels": (("POST", _edit), ("GET", _levels)),
    "/control/faults": (
        ("POST", lambda admin, given: admin.faults.add(given).show()),
        ("GET", lambda admin, _given: [fault.show() for fault in admin.faults.waiting]),
        ("DELETE", _clear_faults),
    ),
    "/control/settings": (("PUT", _set), ("GET", lambda admin, _given: admin.settings.show(admin.store))),
    "/control/webhooks": (("GET", _webhooks),),
    "/control/tokens": (("POST", lambda admin, _given: tokens.install(admin.store, admin.settings)),),
    "/control/clock": (("POST", _clock),),
    "/control/history": (("GET", _history),),
    "/control/stats": (("GET", lambda admin, _given: admin.stats.show()),),
}
