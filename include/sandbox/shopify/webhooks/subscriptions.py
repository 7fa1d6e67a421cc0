"""Subscriptions as GraphQL sees them. Refusals of addresses are recorded, their exact words in part inferred."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from graphql import GraphQLError

from include.sandbox.shopify.connection import Page, paginate
from include.sandbox.shopify.context import Context, Info, Plain
from include.sandbox.shopify.inventory.errors import UserError
from include.sandbox.shopify.inventory.fields import ERRORS
from include.sandbox.shopify.scalars import number, timestamp
from include.sandbox.shopify.store import Store
from include.sandbox.shopify.webhooks.dispatcher import HERE
from include.sandbox.shopify.webhooks.records import Subscription


@dataclass(frozen=True, slots=True)
class Payload:
    """What creating or deleting answers."""

    subscription: Subscription | None = None
    deleted: str | None = None
    errors: tuple[UserError, ...] = ()


def create(_source: Any, info: Info, **arguments: Any) -> Payload:
    """Subscribe to a topic."""
    context = info.context
    wanted = arguments["webhookSubscription"]
    if wanted.get("filter") is not None:
        raise _not_emulated("webhookSubscriptionCreate(filter:)")
    field = "uri" if wanted.get("uri") is not None else "callbackUrl"
    problem = _problem(context.store, arguments["topic"], wanted.get(field))
    if problem:
        return Payload(errors=(UserError(("webhookSubscription", field), None, problem),))
    store = context.store
    subscription = Subscription(
        store.new_id("WebhookSubscription"),
        arguments["topic"],
        wanted[field],
        store.now(),
        context.version,
        wanted.get("name"),
        list(wanted.get("includeFields") or ()),
    )
    store.subscriptions[subscription.id] = subscription
    store.dirty = True
    return Payload(subscription)


def _problem(store: Store, topic: str, uri: str | None) -> str | None:
    """Say what is wrong with an address. On this machine http will do: that is the emulator's own exception."""
    if not uri:
        return "Address can't be blank"
    parts = urlsplit(uri)
    if parts.scheme in ("pubsub", "arn"):
        raise _not_emulated(f"webhookSubscriptionCreate(uri:) with {parts.scheme}:")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in HERE):
        return f"Address protocol {parts.scheme}:// is not supported"
    if any(each.topic == topic and each.uri == uri for each in store.subscriptions.values()):
        return "Address for this topic has already been taken"
    return None


def _not_emulated(what: str) -> GraphQLError:
    return GraphQLError(f"{what} is not emulated", extensions={"code": "NOT_EMULATED"})


def delete(_source: Any, info: Info, **arguments: Any) -> Payload:
    """End a subscription; what is on its way to it is dropped (inferred)."""
    store = info.context.store
    if arguments["id"] not in store.subscriptions:
        return Payload(errors=(UserError(("id",), None, "Webhook subscription does not exist"),))
    store.unsubscribe(arguments["id"])
    return Payload(deleted=arguments["id"])


def every(_source: Any, info: Info, **arguments: Any) -> Page:
    """List the subscriptions of the app."""
    if arguments.get("query") is not None:
        raise _not_emulated("webhookSubscriptions(query:)")
    found = [each for each in info.context.store.subscriptions.values() if _fits(each, arguments)]
    return paginate(found, lambda each: (number(each.id),), arguments)


def _fits(subscription: Subscription, arguments: Mapping[str, Any]) -> bool:
    topics, uri = arguments.get("topics"), arguments.get("uri") or arguments.get("callbackUrl")
    return (topics is None or subscription.topic in topics) and uri in (None, subscription.uri)


def _version(subscription: Subscription, context: Context) -> dict[str, Any]:
    handle = subscription.version
    return {"handle": handle, "displayName": handle, "supported": handle in context.settings.versions}


QUERIES: dict[str, Callable[..., Any]] = {"webhookSubscriptions": every}
MUTATIONS: dict[str, Callable[..., Any]] = {
    "webhookSubscriptionCreate": create,
    "webhookSubscriptionDelete": delete,
}

PLAIN: dict[str, dict[str, Plain]] = {
    "ApiVersion": {name: lambda x, c, name=name: x[name] for name in ("displayName", "handle", "supported")},  # type: ignore[misc]
    "WebhookSubscription": {
        "id": lambda x, c: x.id,
        "legacyResourceId": lambda x, c: str(number(x.id)),
        "topic": lambda x, c: x.topic,
        "uri": lambda x, c: x.uri,
        "callbackUrl": lambda x, c: x.uri,
        "format": lambda x, c: "JSON",
        "name": lambda x, c: x.name,
        "filter": lambda x, c: None,
        "includeFields": lambda x, c: x.include_fields,
        "apiVersion": _version,
        "createdAt": lambda x, c: timestamp(x.created),
        "updatedAt": lambda x, c: timestamp(x.created),
    },
    "WebhookSubscriptionCreatePayload": {**ERRORS, "webhookSubscription": lambda x, c: x.subscription},
    "WebhookSubscriptionDeletePayload": {**ERRORS, "deletedWebhookSubscriptionId": lambda x, c: x.deleted},
}
