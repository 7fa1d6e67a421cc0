"""A changed statement or function, and how it is put in force within this process: no file is touched."""

from __future__ import annotations

import ast
import importlib
import types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from include.db import sql as statements
from tests.mutation import code, sql

PROJECT = Path(__file__).parents[2]

NO_STATEMENT = "the database, as it is no statement"
"""What kills a change that is no SQL; it says nothing of the tests."""

Change = tuple[str, str, str]
"""A change as it is known from one run to the next: the file, what was there, and what it became."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file.

    Attributes:
        file: The file, from the project's folder.
        line: Where it begins, counted from 1.
        was: The line, or the lines, without needless blanks. Where a file has the same line again, which one it is.
        becomes: What would stand there.
        text: The whole file with the change.
        place: What a test has to read or call to be able to notice: the file, and of a module the function.
    """

    file: str
    line: int
    was: str
    becomes: str
    text: str
    place: str

    @property
    def change(self) -> Change:
        """The mutant by its file and what is changed."""
        return self.file, self.was, self.becomes

    def __str__(self) -> str:
        return f"{self.file}:{self.line}\n    {self.was}\n    {self.becomes}"

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let everything in this process run with the change, for the length of the block."""
        with _changed_statement(self) if self.file.endswith(".sql") else _changed_functions(self):
            yield


def of_file(file: str) -> list[Mutant]:
    """All mutants of a file, in the order of its text."""
    text = (PROJECT / file).read_text(encoding="utf-8")
    is_statement = file.endswith(".sql")
    found = sql.changes(text) if is_statement else code.changes(text)
    mutants: list[Mutant] = []
    times: Counter[tuple[str, str]] = Counter()
    for each in found:
        line = text.count("\n", 0, each.start) + 1
        was, becomes = sql.shown(text, each)
        times[was, becomes] += 1
        again = f" (no. {times[was, becomes]})" if times[was, becomes] > 1 else ""
        place = file if is_statement else f"{file}:{code.function_at(text, line)}"
        mutants.append(Mutant(file, line, was + again, becomes, sql.apply(text, each), place))
    return mutants


def place_of(called: types.CodeType) -> str:
    """A function of the project as `Mutant.place` names it; what is within a function is part of it."""
    return f"{Path(called.co_filename).relative_to(PROJECT)}:{called.co_qualname.partition('.<locals>')[0]}"


@contextmanager
def statements_read(read: Callable[[Path], bytes]) -> Iterator[None]:
    """Let each statement be read anew, in another way, for the length of the block."""

    class Files(type(Path())):  # type: ignore[misc]  # a path of this system
        """Is read by `read`."""

        def read_bytes(self) -> bytes:
            return read(Path(self))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(statements, "Path", Files)
        statements.statement.cache_clear()
        yield
    statements.statement.cache_clear()


def _changed_statement(mutant: Mutant) -> AbstractContextManager[None]:
    changed = PROJECT / mutant.file
    return statements_read(lambda file: mutant.text.encode() if file == changed else file.read_bytes())


@contextmanager
def _changed_functions(mutant: Mutant) -> Iterator[None]:
    """Give the module's functions the changed code; whoever has imported one of them has the changed one."""
    module = importlib.import_module(mutant.file.removesuffix(".py").replace("/", "."))
    compiled = compile(mutant.text, str(PROJECT / mutant.file), "exec", dont_inherit=True)
    before: list[tuple[Any, types.CodeType]] = []
    for name, fresh in _codes(compiled):
        function = _function(module, name)
        if function is not None and function.__code__ != fresh:
            before.append((function, function.__code__))
            function.__code__ = fresh
    try:
        yield
    finally:
        for function, old in before:
            function.__code__ = old


def _codes(compiled: types.CodeType, prefix: str = "") -> Iterator[tuple[str, types.CodeType]]:
    """The functions of a module and of its classes; those within functions are part of theirs."""
    for constant in compiled.co_consts:
        if isinstance(constant, types.CodeType):
            is_class = not constant.co_flags & 0x1  # CO_OPTIMIZED: a function's
            if is_class:
                yield from _codes(constant, f"{constant.co_name}.")
            else:
                yield prefix + constant.co_name, constant


def _function(module: types.ModuleType, name: str) -> Any:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    found = getattr(found, "fget", found)  # of a property
    return found if isinstance(found, types.FunctionType) else getattr(found, "__wrapped__", None)


def is_valid(file: str, text: str) -> bool:
    """Whether a changed Python file can be compiled."""
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True
