"""The rules' file: what it may say, and how it is told that it may not."""

from decimal import Decimal
from pathlib import Path

import pytest

from include.stock.atp_rules import rules_file
from include.stock.atp_rules.model import Condition, RulesRefused

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "atp-rules.md"

NUMBER = "expected a number from 0 up, such as 2, with at most six decimals"
START = "rule_groups:\n- id: SAFETY\n  type: safety_stock\n  rules:\n"


def refusal(text: str) -> list[str]:
    """The mistakes that are found in a text."""
    with pytest.raises(RulesRefused) as refused:
        rules_file.parse(text, "rules.yaml")
    first, *mistakes = str(refused.value).split("\n- ")
    assert first.startswith("rules.yaml: ")
    assert "no rule was taken; correct the file and run again:" in first
    return mistakes


def example() -> str:
    """The example of the documentation."""
    return DOCUMENTATION.read_text().split("```yaml\n")[1].split("```")[0]


def test_the_example_of_the_documentation_is_read() -> None:
    thresholds, safety, shipping = rules_file.parse(example(), "docs")
    assert (thresholds.rule_group_id, thresholds.rule_group_type_id) == ("THRESHOLDS", "RG_THRESHOLD")
    assert thresholds.description == "Units that no channel may sell"
    base, clearance = thresholds.rules
    assert (base.rule_name, base.field_value, base.conditions) == ("Two of everything", Decimal(2), ())
    assert clearance.conditions == (
        Condition("tags", "any", ("clearance", "last-chance")), Condition("tags", "none", ("new",)),
    )  # fmt: skip
    assert [rule.rule_name for rule in safety.rules] == ["stores", "Blue and small run out first"]
    assert safety.rules[1].conditions[0] == Condition("facilities", "not_in", ("MAIN_WH",))
    assert (shipping.rules[0].field_value, shipping.status_id) == (Decimal(0), "ACTIVE")


def test_the_file_of_the_project_is_read() -> None:
    rules_file.read(rules_file.DEFAULT)


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("", ["None is no mapping; expected one with rule_groups"]),
        ("rule_groups:\n", ["rule_groups is None; expected a list"]),
        ("rules: []\n", ["rule_groups is missing", "'rules' is not known; expected rule_groups"]),
        (
            "rule_groups:\n- safety\n",
            ["group 1: 'safety' is no mapping; expected one with id, rules, type, description, status"],
        ),
        (
            "rule_groups:\n- {id: A, type: safety, rules: [], status: active}\n- {id: A, type: threshold, rule: 1}\n",
            [
                "group 1 (A): type is 'safety'; expected one of threshold, safety_stock, shipping_channel,"
                " shipping_facility, pickup_channel, pickup_facility",
                "group 1 (A): rules is []; expected a list with at least one element",
                "group 1 (A): status is 'active'; expected one of ACTIVE, DRAFT, ARCHIVED",
                "group 2 (A): rules is missing",
                "group 2 (A): 'rule' is not known; expected id, rules, type, description, status",
                "id 'A' stands there 2 times; expected each once",
            ],
        ),
        (
            START + "  - {id: 7, set: two}\n  - {id: a, set: -1}\n  - {id: a, set: true}\n  - {set: .inf}\n"
            "  - {id: b, set: 0.0000001}\n  - {id: c, set: 1000000000000}\n  - {id: ' d', name: '', set: 0.5}\n",
            [
                "group 1 (SAFETY), rule 1 (7): id is 7; expected a text without blanks around it: put it in quotes",
                "group 1 (SAFETY), rule 1 (7): set is 'two'; " + NUMBER,
                "group 1 (SAFETY), rule 2 (a): set is -1; " + NUMBER,
                "group 1 (SAFETY), rule 3 (a): set is True; " + NUMBER,
                "group 1 (SAFETY), rule 4: id is missing",
                "group 1 (SAFETY), rule 4: set is inf; " + NUMBER,
                "group 1 (SAFETY), rule 5 (b): set is 1e-07; " + NUMBER,
                "group 1 (SAFETY), rule 6 (c): set is 1000000000000; " + NUMBER,
                "group 1 (SAFETY), rule 7 ( d): id is ' d'; expected a text without blanks around it",
                "group 1 (SAFETY), rule 7 ( d): name is ''; expected a text without blanks around it",
                "group 1 (SAFETY): id 'a' stands there 2 times; expected each once",
            ],
        ),
        (
            START.replace("safety_stock", "pickup_channel") + "  - {id: a, set: 1}\n  - {id: b}\n",
            [
                "group 1 (SAFETY), rule 1 (a): set is 1; expected true or false",
                "group 1 (SAFETY), rule 2 (b): set is missing",
            ],
        ),
        (
            START + "  - id: a\n    set: 1\n    when:\n      tags: {any: [], some: [x], none: [2026, no]}\n"
            "      colour: {any: [blue]}\n      facilities: {any: [A]}\n      features: {}\n",
            [
                "group 1 (SAFETY), rule 1 (a), when: 'colour' is not known; expected facilities,"
                " facility_groups, features, tags",
                "group 1 (SAFETY), rule 1 (a), when, tags: 'some' is not known; expected all, any, none,"
                " not_all",
                "group 1 (SAFETY), rule 1 (a), when, tags: any is []; expected a list with at least one"
                " element",
                "group 1 (SAFETY), rule 1 (a), when, tags, none: value 1 is 2026; expected a text without"
                " blanks around it: put it in quotes",
                "group 1 (SAFETY), rule 1 (a), when, tags, none: value 2 is False; expected a text without"
                " blanks around it: put it in quotes",
                "group 1 (SAFETY), rule 1 (a), when, facilities: 'any' is not known; expected in, not_in",
                "group 1 (SAFETY), rule 1 (a), when, features: compares nothing; expected one or more of"
                " any, all, none, not_all",
            ],
        ),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_place(text: str, mistakes: list[str]) -> None:
    assert refusal(text) == mistakes


def test_what_is_no_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    (broken,) = refusal("rule_groups: [\n")
    assert broken.startswith("not YAML: ")
    assert "line 2" in broken
    (twice,) = refusal(START + "  - {id: a, set: 1, set: 2}\n")
    assert "the key 'set' stands twice in one mapping; expected once" in twice
    assert "line 5" in twice
    (tagged,) = refusal("rule_groups: !!python/object/apply:os.getcwd []\n")
    assert "could not determine a constructor" in tagged
    with pytest.raises(RulesRefused, match="cannot be read"):
        rules_file.read(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes("rule_groups: [é]".encode("latin-1"))
    with pytest.raises(RulesRefused, match="expected a YAML file in UTF-8"):
        rules_file.read(tmp_path / "latin.yaml")
