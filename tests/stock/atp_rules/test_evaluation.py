"""What rules come to in SQL, against the plain-Python matching, over histories of tags, rules and hand-made values."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock.atp_rules import evaluation
from include.stock.atp_rules.evaluation import Applied, UnknownRuleGroup
from include.stock.atp_rules.model import OF_MINIMUM, OPERATORS, Condition, Rule, RuleGroup, RuleSet, RulesRefused
from tests.stock.atp_rules.plain_rules import FIELDS, Range, values
from tests.world import World

FACILITIES = {"BROADWAY": "RETAIL_STORE", "MAIN_WH": "WAREHOUSE", "WEB_CONFIG": "CONFIGURATION", "AMZ_CONFIG": "CONFIGURATION"}
CHANNELS = {"WEB_CONFIG", "AMZ_CONFIG"}
GROUPS = ("STORES", "ONLINE", "EVERYWHERE")
TAGS = ("clearance", "new", "Größe, 10%")
FEATURES = ("COLOR/Blue", "SIZE/10 / wide")
NAMED = {"tags": TAGS, "features": FEATURES, "facilities": tuple(FACILITIES), "facility_groups": GROUPS}


@pytest.fixture
def places(world: World, connection: Connection) -> World:
    """Two facilities with stock, two channels, three groups, two features."""
    for facility, kind in FACILITIES.items():
        world.facility(facility, kind)
    world.facility("_NA_", "VIRTUAL_FACILITY")
    for group in GROUPS:
        connection.execute(b"INSERT INTO facility_group VALUES (%s, DEFAULT, %s)", [group, group])
    for feature in FEATURES:
        kind, _, text = feature.partition("/")
        connection.execute(b"INSERT INTO product_feature VALUES (%s, %s, %s)", [feature.lower(), kind, text])
    return world


def rule(rule_id: str, value: int, *conditions: Condition, status: str = "ACTIVE") -> Rule:
    return Rule(rule_id, rule_id, status, Decimal(value), conditions)


def group(group_id: str, kind: str, *rules: Rule, status: str = "ACTIVE") -> RuleGroup:
    return RuleGroup(group_id, kind, None, status, rules)


def tagged(*tags: str, operator: str = "any") -> Condition:
    return Condition("tags", operator, tags)


def run(connection: Connection, rules: RuleSet) -> Applied:
    """Apply rules and carry their files out at once, row by row, as the feed does in bulk."""
    previewed = evaluation.preview(connection, rules, "test")
    before = values(connection)
    applied = evaluation.apply(connection, rules, "test")
    assert values(connection) == before
    assert previewed.counts == applied.counts
    changes = [change for file in applied.files for page in evaluation.changes_of(connection, file) for change in page]
    assert sorted(changes, key=repr) == sorted(previewed.changes, key=repr)
    assert sum(file.change_count for file in applied.files) == len(changes)
    assert evaluation.apply(connection, rules, "test").files == (), "what is on its way is not found again"
    for change in changes:
        value = change.to_value if change.field == "minimum_stock" else bool(change.to_value)
        connection.execute(
            f"INSERT INTO product_facility (product_id, facility_id, {change.field}) VALUES (%s, %s, %s)"
            f" ON CONFLICT (product_id, facility_id) DO UPDATE SET {change.field} = excluded.{change.field}".encode(),
            [change.product_id, change.facility_id, value],
        )
    for file in applied.files:
        assert evaluation.note_imported(connection, file.file_name, 1)
    assert evaluation.apply(connection, rules, "test").files == (), "a second run finds nothing"
    return applied


def subsets(values: tuple[str, ...], least: int = 0) -> st.SearchStrategy[set[str]]:
    return st.sets(st.sampled_from(values), min_size=least)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[Condition, ...]:
    pairs = draw(
        st.sets(st.sampled_from([(name, operator) for name in OPERATORS for operator in OPERATORS[name]]), max_size=2)
    )
    return tuple(Condition(*pair, tuple(sorted(draw(subsets(NAMED[pair[0]], 1))))) for pair in sorted(pairs))


statuses = st.sampled_from(["ACTIVE"] * 5 + ["DRAFT", "ARCHIVED"])


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    groups = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4))):
        values = st.integers(0, 4) if kind in OF_MINIMUM else st.integers(0, 1)
        rules = [
            rule(f"R{place}", draw(values), *draw(conditions()), status=draw(statuses))
            for place in range(draw(st.integers(1, 3)))
        ]
        groups.append(group(f"G{number}", kind, *rules, status=draw(statuses)))
    return tuple(groups)


ranges = st.builds(
    Range,
    tags=st.fixed_dictionaries({"A": subsets(TAGS), "B": subsets(TAGS)}),
    features=st.fixed_dictionaries({"A": subsets(FEATURES), "B": subsets(FEATURES)}),
    groups=st.fixed_dictionaries({facility: subsets(GROUPS) for facility in FACILITIES}),
    channels=st.just(CHANNELS),
)
bases = st.dictionaries(
    st.tuples(st.sampled_from("AB"), st.sampled_from(sorted(FACILITIES)), st.just("minimum_stock")),
    st.integers(0, 4).map(Decimal),
    max_size=3,
)


def lay_out(connection: Connection, found: Range) -> None:
    """Give the products their tags and features, and the facilities their groups, and nothing else."""
    for table in ("product_tag", "product_feature_appl", "facility_group_member"):
        connection.execute(f"DELETE FROM {table}".encode())
    with connection.cursor() as cursor:
        cursor.executemany(b"INSERT INTO product_tag VALUES (%s, %s)", pairs(found.tags))
        cursor.executemany(
            b"INSERT INTO product_feature_appl VALUES (%s, lower(%s))", pairs(found.features)
        )
        cursor.executemany(
            b"INSERT INTO facility_group_member (facility_id, facility_group_id) VALUES (%s, %s)", pairs(found.groups)
        )


def pairs(named: dict[str, set[str]]) -> list[tuple[str, str]]:
    return [(owner, value) for owner, values in named.items() for value in values]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=bases, history=st.lists(st.tuples(ranges, rule_sets()), min_size=1, max_size=3))
def test_every_state_is_what_the_plain_rules_say_of_the_base_and_nothing_of_those_before(
    places: World, connection: Connection, base: dict[tuple[str, str, str], Decimal], history: list[tuple[Range, RuleSet]]
) -> None:
    connection.execute(b"TRUNCATE product, rule_file, rule_group CASCADE")
    for product in "AB":
        places.product(product)
    for (product, facility, _), value in base.items():
        places.rule(product, facility, int(value))
    for found, rules in [*history, (history[-1][0], ())]:
        lay_out(connection, found)
        found.base = dict(base)
        run(connection, rules)
        assert values(connection) == found.expected(rules)
