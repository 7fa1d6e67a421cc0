"""What rules come to in SQL, against the plain-Python matching, over histories of tags, rules and hand-made values."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.db.connection import Connection
from include.stock.atp_rules import evaluation, importer
from include.stock.atp_rules.evaluation import Applied, UnknownRuleGroup
from include.stock.atp_rules.model import OF_MINIMUM, OPERATORS, Condition, Rule, RuleGroup, RuleSet, RulesRefused
from tests.stock.atp_rules.plain_rules import FIELDS, Range, values
from tests.world import World

FACILITIES = {
    "BROADWAY": "RETAIL_STORE",
    "MAIN_WH": "WAREHOUSE",
    "WEB_CONFIG": "CONFIGURATION",
    "AMZ_CONFIG": "CONFIGURATION",
}
CHANNELS = {"WEB_CONFIG", "AMZ_CONFIG"}
GROUPS = ("STORES", "ONLINE", "EVERYWHERE")
TAGS = ("clearance", "new", "Größe, 10%")
FEATURES = ("COLOR/Blue", "SIZE/10 / wide")
NAMED = {"tags": TAGS, "features": FEATURES, "facilities": tuple(FACILITIES), "facility_groups": GROUPS}


@pytest.fixture
def places(world: World, connection: Connection) -> World:
    """Two facilities with stock, two channels, three groups, two features and two products."""
    for facility, kind in FACILITIES.items():
        world.facility(facility, kind)
    world.facility("_NA_", "VIRTUAL_FACILITY")
    for group in GROUPS:
        connection.execute(b"INSERT INTO facility_group VALUES (%s, DEFAULT, %s)", [group, group])
    for feature in FEATURES:
        kind, _, text = feature.partition("/")
        connection.execute(b"INSERT INTO product_feature VALUES (%s, %s, %s)", [feature.lower(), kind, text])
    for product in "AB":
        world.product(product)
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
        cursor.executemany(b"INSERT INTO product_feature_appl VALUES (%s, lower(%s))", pairs(found.features))
        cursor.executemany(
            b"INSERT INTO facility_group_member (facility_id, facility_group_id) VALUES (%s, %s)", pairs(found.groups)
        )


def pairs(named: dict[str, set[str]]) -> list[tuple[str, str]]:
    return [(owner, value) for owner, values in named.items() for value in values]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(base=bases, history=st.lists(st.tuples(ranges, rule_sets()), min_size=1, max_size=3))
def test_every_state_is_what_the_plain_rules_say_of_the_base_and_nothing_of_those_before(
    places: World,
    connection: Connection,
    base: dict[tuple[str, str, str], Decimal],
    history: list[tuple[Range, RuleSet]],
) -> None:
    for table in ("rule_change", "rule_file", "product_facility_base", "product_facility"):
        connection.execute(f"DELETE FROM {table}".encode())
    for (product, facility, _), value in base.items():
        places.rule(product, facility, int(value))
    for found, rules in [*history, (history[-1][0], ())]:
        lay_out(connection, found)
        found.base = dict(base)
        run(connection, rules)
        assert values(connection) == found.expected(rules)


def cells(applied: Applied) -> dict[tuple[str | None, str | None], int]:
    return {(count.rule_group_id, count.rule_id): count.changes for count in applied.counts}


def test_a_removed_tag_and_a_removed_rule_go_back_to_the_base(places: World, connection: Connection) -> None:
    places.rule("A", "BROADWAY", 3)
    connection.execute(b"INSERT INTO product_tag VALUES ('A', 'clearance'), ('B', 'clearance')")
    rules = (group("SAFETY", "RG_SAFETY_STOCK", rule("sale", 0, tagged("clearance")), rule("new", 9, tagged("new"))),)
    assert cells(run(connection, rules)) == {("SAFETY", "sale"): 1}
    assert values(connection) == {}
    connection.execute(b"UPDATE product_tag SET tag = 'new' WHERE product_id = 'B'")
    assert cells(run(connection, rules)) == {("SAFETY", "new"): 2}
    connection.execute(b"DELETE FROM product_tag")
    assert cells(run(connection, rules)) == {(None, None): 3}
    assert values(connection) == {("A", "BROADWAY", "minimum_stock"): Decimal(3)}
    connection.execute(b"INSERT INTO product_tag VALUES ('A', 'new')")
    run(connection, rules)
    assert values(connection)["A", "MAIN_WH", "minimum_stock"] == 9
    run(connection, ())
    assert values(connection) == {("A", "BROADWAY", "minimum_stock"): Decimal(3)}


def test_a_variant_has_the_tags_of_its_virtual_product_which_has_no_values_itself(
    places: World, connection: Connection
) -> None:
    connection.execute(b"INSERT INTO product_assoc (product_id, product_id_to, product_assoc_type_id) VALUES"
                       b" ('A', 'B', 'PRODUCT_VARIANT')")  # fmt: skip
    connection.execute(b"INSERT INTO product_tag VALUES ('A', 'new')")
    run(connection, (group("BROKERING", "RG_SHIPPING_CHANNEL", rule("new", 0, tagged("new"))),))
    assert values(connection) == {("B", channel, "allow_brokering"): Decimal(0) for channel in CHANNELS}


def test_only_what_is_current_counts(places: World, connection: Connection) -> None:
    connection.execute(b"INSERT INTO product_feature_appl VALUES ('A', 'color/blue', '-infinity', now())")
    connection.execute(b"INSERT INTO facility_group_member VALUES ('STORES', 'BROADWAY', 'now'::timestamptz + '1 day')")
    rules = (
        group("BLUE", "RG_SAFETY_STOCK", rule("blue", 1, Condition("features", "any", ("COLOR/Blue",)))),
        group("IN", "RG_SAFETY_STOCK", rule("in", 2, Condition("facility_groups", "any", ("STORES",)))),
    )
    run(connection, rules)
    assert values(connection) == {}


def test_a_configuration_facility_belongs_to_the_group_of_its_channel(places: World, connection: Connection) -> None:
    places.shop()
    places.channel("WEB", "gid://shopify/Location/1", ["MAIN_WH"], queue="_NA_", configuration="WEB_CONFIG")
    rules = (group("T", "RG_THRESHOLD", rule("web", 5, Condition("facility_groups", "any", ("WEB",)))),)
    run(connection, rules)
    assert values(connection) == {(product, "WEB_CONFIG", "minimum_stock"): Decimal(5) for product in "AB"}


def test_what_is_on_its_way_is_not_found_again_until_it_is_given_up(places: World, connection: Connection) -> None:
    rules = (group("SAFETY", "RG_SAFETY_STOCK", rule("base", 2)),)
    (file,) = evaluation.apply(connection, rules, "test").files
    assert evaluation.apply(connection, rules, "test").files == ()
    (newer,) = evaluation.apply(connection, (group("SAFETY", "RG_SAFETY_STOCK", rule("base", 3)),), "test").files
    assert [change.from_value for page in evaluation.changes_of(connection, newer) for change in page] == [2] * 4
    assert evaluation.outstanding(connection) == [file, newer]
    log = (
        b"INSERT INTO data_manager_log (config_id, status_id, import_path, source_path, file_name, remote_file_path,"
        b" file_size, file_modified_at) VALUES ('IMP_PROD_FACILITY', %s, 'x', 'x', %s, 'x', 0, now())"
    )
    connection.execute(log, ["CANCELLED", newer.file_name])
    connection.execute(log, ["PENDING", newer.file_name])
    assert evaluation.apply(connection, rules, "test").counts[0].changes == 4, "3, which is on its way, is to be 2"
    for each in evaluation.outstanding(connection):
        connection.execute(log, ["FAILED", each.file_name])
    assert [file.change_count for file in evaluation.apply(connection, rules, "test").files] == [4]


def test_one_group_alone_brings_its_whole_type_and_no_other(places: World, connection: Connection) -> None:
    rules = (
        group("SAFETY", "RG_SAFETY_STOCK", rule("base", 2)),
        group("PICKUP", "RG_PICKUP_FACILITY", rule("none", 0)),
        group("MORE", "RG_SAFETY_STOCK", rule("wh", 7, Condition("facilities", "in", ("MAIN_WH",)))),
    )
    counts = evaluation.preview(connection, rules, "test", "SAFETY").counts
    assert [(count.rule_group_id, count.changes) for count in counts] == [("SAFETY", 2), ("MORE", 2)]
    with pytest.raises(UnknownRuleGroup, match=r"no rule group 'THRESHOLD'; there are \['MORE', 'PICKUP', 'SAFETY'\]"):
        evaluation.apply(connection, rules, "test", "THRESHOLD")


def test_unknown_places_are_refused_and_unheard_tags_warned_of(places: World, connection: Connection) -> None:
    connection.execute(b"INSERT INTO product_tag VALUES ('A', 'Clearance')")
    good = (group("SAFETY", "RG_SAFETY_STOCK", rule("sale", 1, tagged("clearance", "sale"))),)
    applied = evaluation.apply(connection, good, "rules.yaml")
    assert applied.imported.warnings == (
        "group SAFETY, rule sale, when, tags: no product has 'clearance' at present; did you mean 'Clearance'?",
        "group SAFETY, rule sale, when, tags: no product has 'sale' at present",
    )
    assert applied.imported.changed
    assert not evaluation.apply(connection, good, "rules.yaml").imported.changed
    where = (
        Condition("facilities", "not_in", ("Broadway",)), Condition("facility_groups", "none", ("STORES", "STROES")),
    )  # fmt: skip
    bad = (group("SAFETY", "RG_SAFETY_STOCK", rule("all", 1, *where)),)
    with pytest.raises(RulesRefused) as refused:
        evaluation.apply(connection, bad, "rules.yaml")
    assert str(refused.value) == (
        "rules.yaml: 2 mistakes, no rule was taken; correct the file and run again:\n"
        "- group SAFETY, rule all, when, facilities: 'Broadway' is not set up; expected the id of a facility; did you"
        " mean 'BROADWAY'?\n"
        "- group SAFETY, rule all, when, facility_groups: 'STROES' is not set up; expected the id of a facility group"
    )
    assert importer.read(connection) == good
