"""Our quick reading of variables against the library's own."""

from __future__ import annotations

from typing import Any

from graphql import OperationDefinitionNode, parse
from graphql.execution import get_variable_values
from hypothesis import given, settings
from hypothesis import strategies as st

from include.sandbox.shopify import schema, variables
from tests.sandbox.shopify.shop import ITEMS, MAIN

DOCUMENT = """query Q(
  $input: InventoryAdjustQuantitiesInput!, $sort: LocationSortKeys = NAME, $some: [ID!], $all: Boolean
) { shop { id } }"""
OPERATION = parse(DOCUMENT).definitions[0]
assert isinstance(OPERATION, OperationDefinitionNode)

ODD = st.one_of(st.none(), st.booleans(), st.integers(-(2**32), 2**32), st.text(max_size=3), st.just([]), st.just({}))


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 19).flatmap(lambda n: ODD if n == 0 else good)


CHANGE = st.fixed_dictionaries(
    {
        "inventoryItemId": mostly(st.sampled_from(ITEMS)),
        "locationId": mostly(st.just(MAIN)),
        "delta": mostly(st.integers(-(2**31), 2**31 - 1)),
    },
    optional={
        "changeFromQuantity": mostly(st.none() | st.integers(-5, 5)),
        "ledgerDocumentUri": mostly(st.none() | st.text(max_size=5)),
        "compareQuantity": st.nothing() | st.integers(0, 1),
    },
)
INPUT = st.fixed_dictionaries(
    {
        "name": mostly(st.just("available")),
        "reason": mostly(st.just("correction")),
        "changes": mostly(st.lists(CHANGE, max_size=3) | CHANGE),
    },
    optional={"referenceDocumentUri": mostly(st.none() | st.text(max_size=5))},
)
RAW = st.fixed_dictionaries(
    {"input": mostly(INPUT)},
    optional={
        "sort": mostly(st.sampled_from(["ID", "NAME"])),
        "some": mostly(st.lists(st.sampled_from(ITEMS), max_size=3) | st.sampled_from(ITEMS)),
        "all": mostly(st.booleans()),
        "unused": ODD,
    },
)


@settings(max_examples=300, deadline=None)
@given(RAW)
def test_what_is_read_is_what_the_library_reads(raw: dict[str, Any]) -> None:
    loaded = schema.load()
    assert isinstance(OPERATION, OperationDefinitionNode)
    ours = variables.read(loaded, OPERATION, raw)
    theirs = get_variable_values(loaded, OPERATION.variable_definitions or (), raw)
    if isinstance(ours, list):
        # Ours is stricter only about ids, which are global here.
        assert isinstance(theirs, list) or any("Invalid global id" in error.message for error in ours)
        return
    assert not isinstance(theirs, list), theirs
    assert ours.coerced == theirs.coerced
    assert ours.sources.keys() == theirs.sources.keys()


def test_several_variables_are_refused_together() -> None:
    assert isinstance(OPERATION, OperationDefinitionNode)
    found = variables.read(schema.load(), OPERATION, {"sort": "SIZE", "all": 1})
    assert isinstance(found, list)
    assert [error.message for error in found] == [
        "Variable $input of type InventoryAdjustQuantitiesInput! was provided invalid value "
        "(Expected value to not be null)",
        'Variable $sort of type LocationSortKeys was provided invalid value (Expected "SIZE" to be one of: '
        "ID, NAME, RELEVANCE)",
        "Variable $all of type Boolean was provided invalid value (Could not coerce value 1 to Boolean)",
    ]
