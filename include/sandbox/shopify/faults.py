"""Ways in which the emulator can be told to fail, and how often each of them was hit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.sandbox.shopify import schema
from include.sandbox.shopify.store import Refused

KINDS: dict[str, dict[str, Any]] = {
    "drop_before": {"reset": False},
    "drop_after": {"reset": False},
    "break_off": {},
    "delay": {"seconds": 1.0},
    "slow": {"seconds": 1.0},
    "late": {"seconds": 1.0},
    "status": {"status": 503, "retry_after": None},
    "status_after": {"status": 503, "retry_after": None},
    "internal_error": {"applied": False},
    "throttled": {},
    "stale": {},
    "concurrent": {},
    "user_error": {"code": "SERVICE_UNAVAILABLE"},
    "malformed": {"applied": True},
    "bulk_failed": {"after_lines": 0, "partial": True},
    "bulk_row_error": {"applied": False},
    "upload_status": {"status": 503},
    "results_broken_off": {"after_bytes": 0},
    "results_truncated": {"after_bytes": 0},
    "results_malformed": {"line": 0},
}
"""Each kind with its parameters and their defaults.

drop_before   the connection closes without an answer; nothing was applied
drop_after    it closes without an answer; the request was applied. `reset`: by TCP reset, either of them
break_off     it closes in the middle of the answer; the request was applied
delay         the answer comes `seconds` later
slow          the answer comes in single pieces, spread over `seconds`
late          the connection closes now; the request is applied `seconds` later by the shop's clock
status        answers with an HTTP status (and Retry-After) before anything is applied
status_after  answers with an HTTP status after the request was applied
internal_error  GraphQL's INTERNAL_SERVER_ERROR with HTTP 200, `applied` or not
throttled     answers THROTTLED although the bucket has points
stale         an order of one unit arrives just before the compare
concurrent    answers IDEMPOTENCY_CONCURRENT_REQUEST
user_error    a mutation with coded user errors, which must be named, is refused with `code`
malformed     the answer is cut off in the middle, `applied` or not
bulk_failed   a bulk operation ends FAILED after so many lines; `partial`: what it did can be had
bulk_row_error  a line of a bulk mutation answers INTERNAL_SERVER_ERROR, `applied` or not
upload_status   the storage service answers a staged upload with an HTTP status, and keeps nothing
results_broken_off  the connection closes after so many bytes of results
results_truncated   the results end after so many bytes, as if they were whole
results_malformed   a line of the results, counted from 0, is cut off in its middle
"""


IN_STORAGE = ("upload_status", "results_broken_off", "results_truncated", "results_malformed")
"""Kinds that the storage service runs into: at each upload, or each download of results."""

IN_BULK = ("bulk_failed", "bulk_row_error", *IN_STORAGE)
"""Kinds that no call runs into, but a bulk operation or its files."""


@dataclass(slots=True)
class Fault:
    """One fault: the next `times` calls of `operation`, after the first `after_calls` of them."""

    kind: str
    operation: str | None
    times: int
    after_calls: int
    parameters: Mapping[str, Any]
    hits: int = 0

    def show(self) -> dict[str, Any]:
        """Return the fault as the control API shows it."""
        return {
            "kind": self.kind,
            "operation": self.operation,
            "times": self.times,
            "after_calls": self.after_calls,
            "hits": self.hits,
            **self.parameters,
        }


@dataclass(slots=True)
class Faults:
    """The faults in force, in the order in which they were asked for."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Put a fault in force.

        Raises:
            Refused: an unknown kind, parameter or operation, or a value that does not fit.
        """
        kind = wanted.get("kind")
        if kind not in KINDS:
            raise Refused(f"faults.kind: got {kind!r}; expected one of {', '.join(KINDS)}")
        own = KINDS[kind]
        unknown = wanted.keys() - own.keys() - {"kind", "operation", "times", "after_calls"}
        if unknown:
            raise Refused(f"faults: {kind} has no parameter {sorted(unknown)}; expected some of {sorted(own)}")
        for name, value in wanted.items():
            _check(name, value)
        if kind == "user_error":
            _check_code(wanted.get("operation"), wanted.get("code", own["code"]))
        fault = Fault(
            kind=kind,
            operation=wanted.get("operation"),
            times=wanted.get("times", 1),
            after_calls=wanted.get("after_calls", 0),
            parameters={name: wanted.get(name, default) for name, default in own.items()},
        )
        self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Let all be well again."""
        self.waiting.clear()

    def next_bulk(self, operation: str) -> tuple[int, bool] | None:
        """Return the line after which a bulk operation is to fail, and whether its partial data can be had."""
        fault = self._next("bulk_failed", [operation])
        return None if fault is None else (fault.parameters["after_lines"], fault.parameters["partial"])

    def next_row(self) -> bool | None:
        """Say whether the next line of a bulk mutation is to fail, and whether applied: None, False or True."""
        fault = self._next("bulk_row_error", [])
        return None if fault is None else bool(fault.parameters["applied"])

    def next_upload(self) -> int | None:
        """Return the status with which the next upload is to be refused, if it is."""
        fault = self._next("upload_status", [])
        return None if fault is None else int(fault.parameters["status"])

    def next_download(self) -> Fault | None:
        """Return what is to befall the next download of results."""
        for kind in IN_STORAGE[1:]:
            fault = self._next(kind, [])
            if fault is not None:
                return fault
        return None

    def next_for(self, operations: Sequence[str]) -> Fault | None:
        """Return the fault that a call with these root fields runs into, and count it."""
        return self._next(None, operations)

    def _next(self, kind: str | None, operations: Sequence[str]) -> Fault | None:
        for fault in self.waiting:
            if fault.kind != kind if kind else fault.kind in IN_BULK:
                continue
            if fault.hits >= fault.times or (fault.operation and fault.operation not in operations):
                continue
            if fault.after_calls > 0:
                fault.after_calls -= 1
                continue
            fault.hits += 1
            return fault
        return None


def _check_code(operation: str | None, code: str) -> None:
    codes = schema.codes(operation) if operation else ()
    if code not in codes:
        raise Refused(
            f"faults.code: got {code!r} for operation {operation!r}; expected one of {', '.join(codes)}"
            if codes
            else f"faults.operation: got {operation!r}; expected a mutation whose user errors have codes"
        )


def _check(name: str, value: Any) -> None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    number = whole or isinstance(value, float)
    operations = schema.operations()
    fits, expected = {
        "kind": (True, ""),
        "operation": (value is None or value in operations, f"one of {', '.join(operations)}, or none for any call"),
        "times": (whole and value >= 1, "a whole number of 1 or more"),
        "after_calls": (whole and value >= 0, "a whole number of 0 or more"),
        "seconds": (number and value >= 0, "seconds, 0 or more"),
        "status": (whole and 100 <= value <= 599, "an HTTP status"),
        "retry_after": (value is None or (number and value >= 0), "seconds, 0 or more, or none"),
        "code": (isinstance(value, str), "a code"),
        "after_lines": (whole and value >= 0, "a whole number of 0 or more"),
        "partial": (isinstance(value, bool), "true or false"),
        "reset": (isinstance(value, bool), "true or false"),
        "after_bytes": (whole and value >= 0, "a whole number of bytes, 0 or more"),
        "line": (whole and value >= 0, "a whole number of 0 or more"),
        "applied": (isinstance(value, bool), "true or false"),
    }[name]
    if not fits:
        raise Refused(f"faults.{name}: got {value!r}; expected {expected}")
