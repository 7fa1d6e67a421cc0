"""The cost model against the measured figures, and the points that Trueup's own documents announce."""

from __future__ import annotations

import re
from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution import get_variable_values

from include.sandbox.shopify import schema
from include.sandbox.shopify.cost import Model, pages
from include.shopify.client import DOCUMENTS
from tests.sandbox.shopify.shop import ADJUST

VARIABLES: dict[str, dict[str, Any]] = {
    "InventoryAdjust": {"input": {"name": "available", "reason": "correction", "changes": []}, "key": "k"},
    "ItemsAtLocation": {"ids": ["gid://shopify/InventoryItem/1"], "locationId": "gid://shopify/Location/1"},
    "FulfillmentOrderLines": {"id": "gid://shopify/FulfillmentOrder/1"},
    "AppScopes": {},
    "BulkMutationStatus": {"id": "gid://shopify/BulkOperation/1"},
    "BulkMutations": {},
    "BulkQueryStatus": {"id": "gid://shopify/BulkOperation/1"},
    "BulkRunMutation": {"mutation": "mutation { a }", "path": "p", "identifier": "trueup-file"},
    "BulkRunQuery": {"query": "{ a }"},
    "StagedUpload": {
        "input": [{"resource": "BULK_MUTATION_VARIABLES", "filename": "f.jsonl", "mimeType": "text/jsonl"}]
    },
    "LocationsById": {"ids": ["gid://shopify/Location/1"]},
    "InventoryActivate": {
        "inventoryItemId": "gid://shopify/InventoryItem/1",
        "locationId": "gid://shopify/Location/1",
        "key": "k",
    },
    "OrderFulfillmentOrders": {"id": "gid://shopify/Order/1"},
    "Orders": {"ids": ["gid://shopify/Order/1"]},
    "OrdersChanged": {"query": ""},
    "RefundLines": {"id": "gid://shopify/Refund/1"},
    "WebhookSubscribe": {
        "topic": "INVENTORY_LEVELS_UPDATE",
        "webhookSubscription": {"uri": "https://trueup.example.com/shopify/webhooks"},
    },
    "WebhookSubscriptions": {"topics": ["INVENTORY_LEVELS_UPDATE"]},
    "WebhookUnsubscribe": {"id": "gid://shopify/WebhookSubscription/1"},
}

ONLY_IN_BULK = "AllLevels"
"""The one document that only a bulk query carries, which takes no points for what it reads."""


def model(text: str, variables: dict[str, Any] | None = None) -> tuple[Model, OperationDefinitionNode]:
    """The model for a document's only operation."""
    loaded, document = schema.load(), parse(text)
    assert validate(loaded, document) == []
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    values = get_variable_values(loaded, operation.variable_definitions or (), variables or {})
    assert not isinstance(values, list), values
    return Model(loaded, {}, values), operation


def requested(text: str, variables: dict[str, Any] | None = None) -> int:
    """What a document asks for."""
    made, operation = model(text, variables)
    return made.requested(operation)


def actual(text: str, data: dict[str, Any]) -> int:
    """What a document took, by its data."""
    made, operation = model(text)
    return made.actual(operation, data)


@pytest.mark.parametrize(
    ("n", "weight"),
    [(0, 0), (1, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (200, 10), (250, 11)],
)
def test_the_weight_of_a_page(n: int, weight: int) -> None:
    assert pages(n) == weight


@pytest.mark.parametrize(
    ("document", "points"),
    [
        ("{ shop { id name } }", 1),
        ("{ __typename }", 0),
        ("{ __schema { types { name fields { name } } } }", 0),
        # A list costs 1, however long; so do the nodes that were asked for by id.
        ('{ inventoryLevel(id: "gid://shopify/InventoryLevel/1") { quantities(names: ["available"]) { id } } }', 2),
        ('{ nodes(ids: ["gid://shopify/Location/1", "gid://shopify/Location/2"]) { id } }', 1),
        # Levels by their ids, with item and location: 4.
        (
            '{ nodes(ids: ["gid://shopify/InventoryLevel/1"]) { ... on InventoryLevel {'
            ' quantities(names: ["available"]) { name quantity } item { id } location { id } } } }',
            4,
        ),
        # An interface costs as much as the dearest that it may be.
        (
            '{ node(id: "gid://shopify/Location/1") { ... on Location { id }'
            " ... on InventoryLevel { item { id } location { id } } } }",
            3,
        ),
        # A hundred levels of a location, with item and quantities: 30.
        (
            '{ location(id: "gid://shopify/Location/1") { inventoryLevels(first: 100) { nodes {'
            ' id item { id sku } quantities(names: ["available"]) { quantity } } pageInfo { hasNextPage } } } }',
            30,
        ),
        ("{ locations(last: 250) { nodes { id } } }", 13),
        ("{ locations(first: 10) { edges { cursor node { id } } } }", 6),
        ("{ locations(first: 10) { nodes { id } edges { cursor node { id } } pageInfo { endCursor } } }", 6),
        ("{ a: shop { id } b: shop { id } }", 2),
        ("{ shop { id } shop { name } }", 1),
        ("{ shop @skip(if: true) { id } }", 0),
        ("{ shop @include(if: true) { id } }", 1),
    ],
)
def test_what_queries_ask_for(document: str, points: int) -> None:
    assert requested(document) == points


def test_fragments_count_as_what_they_stand_for() -> None:
    text = "{ ...Both } fragment Both on QueryRoot { shop { id } locations(first: 10) { nodes { ...Some } } }"
    document = parse(text + " fragment Some on Location { id }")
    loaded = schema.load()
    operation, *fragments = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    named: Any = {fragment.name.value: fragment for fragment in fragments}  # type: ignore[attr-defined]
    values = get_variable_values(loaded, (), {})
    assert Model(loaded, named, values).requested(operation) == 1 + 6


def test_an_adjustment_that_shows_its_changes() -> None:
    assert requested(ADJUST, VARIABLES["InventoryAdjust"]) == 13


def test_an_adjustment_costs_10_when_it_is_refused() -> None:
    made, operation = model(ADJUST, VARIABLES["InventoryAdjust"])
    refused = {"inventoryAdjustmentGroup": None, "userErrors": [{"field": None, "message": "m", "code": "c"}]}
    assert made.actual(operation, {"inventoryAdjustQuantities": refused}) == 10
    assert made.actual(operation, {"inventoryAdjustQuantities": None}) == 10
    row = {"name": "n", "delta": 1, "quantityAfterChange": None, "ledgerDocumentUri": None}
    change = {**row, "item": {"id": "i"}, "location": {"id": "l"}}
    group = {"id": "g", "createdAt": "t", "reason": "r", "referenceDocumentUri": None, "changes": [change] * 5}
    applied = {"inventoryAdjustmentGroup": group, "userErrors": []}
    assert made.actual(operation, {"inventoryAdjustQuantities": applied}) == 13


@pytest.mark.parametrize(("returned", "points"), [(0, 2), (1, 3), (10, 6), (50, 9)])
def test_a_connection_takes_what_it_returned(returned: int, points: int) -> None:
    document = "{ locations(first: 50) { nodes { id } pageInfo { hasNextPage } } }"
    nodes = [{"id": str(n)} for n in range(returned)]
    assert requested(document) == 9
    assert actual(document, {"locations": {"nodes": nodes, "pageInfo": {"hasNextPage": False}}}) == points


def test_what_is_null_takes_nothing() -> None:
    document = '{ location(id: "gid://shopify/Location/1") { id inventoryLevels(first: 1) { nodes { id } } } }'
    assert requested(document) == 4
    assert actual(document, {"location": None}) == 0


def test_every_document_of_trueup_is_tried() -> None:
    assert {path.stem for path in DOCUMENTS.glob("*.graphql")} == {*VARIABLES, ONLY_IN_BULK}


def test_the_document_of_bulk_queries_fits_the_schema_and_announces_nothing() -> None:
    text = (DOCUMENTS / f"{ONLY_IN_BULK}.graphql").read_text()
    assert text.startswith("# cost: 0")
    assert not model(text)[1].variable_definitions


@pytest.mark.parametrize("name", VARIABLES)
def test_the_documents_fit_the_schema_and_announce_what_they_cost(name: str) -> None:
    text = (DOCUMENTS / f"{name}.graphql").read_text()
    announced = re.match(r"# cost: (\d+)", text)
    assert announced is not None, f"{name}.graphql: the first line is to be '# cost: <points>'"
    assert requested(text, VARIABLES[name]) == int(announced[1])
