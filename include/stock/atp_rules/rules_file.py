"""Reads the rules' file, and tells all that is wrong with it at once. docs/atp-rules.md describes the format."""

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from include.stock.atp_rules.model import (
    OF_MINIMUM,
    OPERATORS,
    STATUSES,
    TYPES,
    Condition,
    Rule,
    RuleGroup,
    RuleSet,
    RulesRefused,
)

DEFAULT = Path(__file__).parents[2] / "atp_rules.yaml"
"""The rules' file, where nothing else is said."""

LARGEST = Decimal(10) ** 12
"""A minimum must be less: the product facility feed takes twelve digits, and six decimals."""


def read(file: Path) -> RuleSet:
    """Read the rules of a file.

    Args:
        file: UTF-8 YAML.

    Raises:
        RulesRefused: The file cannot be read or says something that is not right.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesRefused.because_of(
            str(file), [f"cannot be read ({error}); expected a YAML file in UTF-8"]
        ) from error
    return parse(text, str(file))


def parse(text: str, source: str) -> RuleSet:
    """Understand rules written in YAML.

    Args:
        text: The rules.
        source: Where they come from, for messages.

    Raises:
        RulesRefused: Something in them is not right; the message names all of it.
    """
    try:
        content = yaml.load(text, _Loader)  # noqa: S506  # a SafeLoader
    except yaml.YAMLError as error:
        raise RulesRefused.because_of(source, [f"not YAML: {error}"]) from error
    reader = _Reader()
    rules = reader.rule_set(content)
    if reader.mistakes:
        raise RulesRefused.because_of(source, reader.mistakes)
    return rules


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, of which YAML would silently take the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key, (where, _) in zip(keys, node.value, strict=True):
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice in one mapping; expected once", where.start_mark
                )
        return super().construct_mapping(node, deep)


class _Reader:
    """Walks through the document and remembers where it is, and every mistake on the way."""

    def __init__(self) -> None:
        self.mistakes: list[str] = []
        self._path: list[str] = []

    def rule_set(self, content: Any) -> RuleSet:
        fields = self._mapping(content, {"rule_groups"}, set())
        groups = [self._group(number, each) for number, each in self._items(fields, "rule_groups", least=0)]
        self._each_once([group.rule_group_id for group in groups])
        return tuple(groups)

    def _group(self, number: int, content: Any) -> RuleGroup:
        with self._at(_named("group", number, content)):
            fields = self._mapping(content, {"id", "type", "rules"}, {"description", "status"})
            kind = TYPES[self._one_of(fields, "type", tuple(TYPES))]
            rules = [self._rule(place, each, kind) for place, each in self._items(fields, "rules")]
            self._each_once([rule.rule_id for rule in rules])
            return RuleGroup(
                rule_group_id=self._text(fields, "id"),
                rule_group_type_id=kind,
                description=self._text(fields, "description") or None,
                status_id=self._one_of(fields, "status", STATUSES),
                rules=tuple(rules),
            )

    def _rule(self, number: int, content: Any, kind: str) -> Rule:
        with self._at(_named("rule", number, content)):
            fields = self._mapping(content, {"id", "set"}, {"name", "status", "when"})
            rule_id = self._text(fields, "id")
            return Rule(
                rule_id=rule_id,
                rule_name=self._text(fields, "name") or rule_id,
                status_id=self._one_of(fields, "status", STATUSES),
                field_value=self._value(fields, kind),
                conditions=self._conditions(fields),
            )

    def _conditions(self, fields: Mapping[str, Any]) -> tuple[Condition, ...]:
        if "when" not in fields:
            return ()
        with self._at("when"):
            subjects = self._mapping(fields["when"], set(), set(OPERATORS))
            found = [each for subject in subjects for each in self._comparisons(subject, subjects[subject])]
        return tuple(sorted(found, key=lambda each: (each.field_name, each.operator)))

    def _comparisons(self, subject: str, content: Any) -> list[Condition]:
        with self._at(subject):
            operators = self._mapping(content, set(), set(OPERATORS[subject]))
            if content == {}:
                self._mistake(f"compares nothing; expected one or more of {', '.join(OPERATORS[subject])}")
            found = []
            for operator in operators:
                values = self._items(operators, operator)
                with self._at(operator):
                    texts = [self._one_text(f"value {place}", each) for place, each in values]
                found.append(Condition(subject, operator, tuple(sorted(set(texts)))))
        return found

    def _value(self, fields: Mapping[str, Any], kind: str) -> Decimal:
        value = fields.get("set")
        if kind not in OF_MINIMUM:
            if not isinstance(value, bool) and "set" in fields:
                self._mistake(f"set is {value!r}; expected true or false")
            return Decimal(bool(value))
        if isinstance(value, int | float) and not isinstance(value, bool):
            number = Decimal(str(value))
            if number.is_finite() and 0 <= number < LARGEST and number == round(number, 6):
                return number
        if "set" in fields:
            self._mistake(f"set is {value!r}; expected a number from 0 up, such as 2, with at most six decimals")
        return Decimal(0)

    def _one_of(self, fields: Mapping[str, Any], name: str, expected: tuple[str, ...]) -> str:
        """One of some words; the first of them where the field is left out, or is wrong."""
        value = fields.get(name, expected[0])
        if isinstance(value, str) and value in expected:
            return value
        self._mistake(f"{name} is {value!r}; expected one of {', '.join(expected)}")
        return expected[0]

    def _text(self, fields: Mapping[str, Any], name: str) -> str:
        """A text; the empty one where the field is left out."""
        return self._one_text(name, fields[name]) if name in fields else ""

    def _one_text(self, name: str, value: Any) -> str:
        if isinstance(value, str) and value.strip() == value != "" and value.isprintable():
            return value
        hint = ": put it in quotes" if isinstance(value, int | float) else ""
        self._mistake(f"{name} is {value!r}; expected a text without blanks around it{hint}")
        return str(value)

    def _mapping(self, content: Any, must: set[str], may: set[str]) -> dict[str, Any]:
        """The fields of a mapping that are known; whatever else is wrong with it is noted."""
        known = ", ".join([*sorted(must), *sorted(may)])
        if not isinstance(content, dict):
            self._mistake(f"{content!r} is no mapping; expected one with {known}")
            return {}
        for name in sorted(must - content.keys()):
            self._mistake(f"{name} is missing")
        for name in sorted(map(str, content.keys() - must - may)):
            self._mistake(f"{name!r} is not known; expected {known}")
        return {name: value for name, value in content.items() if name in must | may}

    def _items(self, fields: Mapping[str, Any], name: str, least: int = 1) -> list[tuple[int, Any]]:
        """The elements of a list, numbered; none where the field is left out."""
        content = fields.get(name)
        if isinstance(content, list) and len(content) >= least:
            return list(enumerate(content, 1))
        if name in fields:
            self._mistake(f"{name} is {content!r}; expected a list{' with at least one element' if least else ''}")
        return []

    def _each_once(self, ids: list[str]) -> None:
        for name in sorted({name for name in ids if ids.count(name) > 1}):
            self._mistake(f"id {name!r} stands there {ids.count(name)} times; expected each once")

    def _mistake(self, what: str) -> None:
        self.mistakes.append(": ".join([", ".join(self._path), what]) if self._path else what)

    @contextmanager
    def _at(self, place: str) -> Iterator[None]:
        self._path.append(place)
        yield
        self._path.pop()


def _named(kind: str, number: int, content: Any) -> str:
    """A group or rule as messages name it: by its number, and its id where it has one."""
    own = content.get("id") if isinstance(content, dict) else None
    return f"{kind} {number}" if own is None else f"{kind} {number} ({own})"
