"""The emulator's page: its tables name what there is, and what it shows can be run."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from include.sandbox.process import free_port
from include.sandbox.shopify.app import ROUTES
from include.sandbox.shopify.faults import KINDS
from include.sandbox.shopify.settings import NAMES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "emulator.md").read_text()
CODE = ROOT / "include" / "sandbox" / "shopify"
EVIDENCE = {"documented", "recorded", "reported", "inferred"}


def tables() -> dict[str, list[list[str]]]:
    """The rows of all tables by their head."""
    found: dict[str, list[list[str]]] = {}
    head = ""
    for line, before in zip(PAGE.splitlines(), ["", *PAGE.splitlines()], strict=False):
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip()[1:-1].split("|")]
        if not before.startswith("|"):
            head = line.strip("| ")
        elif not line.startswith("|---"):
            found.setdefault(head, []).append(cells)
    return found


RULES = tables()["rule | evidence | code | tests"]


def words_of(module: str) -> set[str]:
    """The evidence that a module names."""
    text = (CODE / f"{module}.py").read_text().lower()
    # The schema is documentation, and what clients report is said in several ways.
    said = {word for word in EVIDENCE if re.search(rf"\b{word}\b", text)}
    return said | ({"documented"} if re.search(r"\bschema", text) else set())


def test_there_are_rules() -> None:
    assert len(RULES) > 90
    assert len({rule for rule, *_ in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0][:40])
def test_a_rule_names_its_evidence_where_its_code_is_and_a_test(rule: list[str]) -> None:
    name, evidence, code, tests = rule
    claimed = set(evidence.split(", "))
    assert claimed <= EVIDENCE, name
    named = set().union(*(words_of(module) for module in code.split(", ")))
    assert claimed <= named, f"{name}: {code} names {sorted(named)}"
    for test in tests.split(", "):
        assert (Path(__file__).parent / f"test_{test}.py").exists(), f"{name}: there is no test_{test}.py"


def names(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def test_every_fault_and_setting_is_on_the_page() -> None:
    shown = {
        kind: set(names(parameters))
        for kinds, parameters, _ in tables()["kind | parameters | the caller sees"]
        for kind in names(kinds)
    }
    assert shown == {kind: set(parameters) for kind, parameters in KINDS.items()}
    settings = {name for row in tables()["name | default | meaning"] for name in names(row[0] + row[2])}
    assert settings >= set(NAMES)


def test_every_path_of_the_control_api_is_on_the_page() -> None:
    shown = {path for call, *_ in tables()["call | body | does"] for path in re.findall(r"/[\w/-]+", call)}
    assert shown == set(ROUTES)


def block(language: str) -> str:
    """The page's one block of a language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with nothing in it but the emulator's own."""
    shutil.copytree(CODE, tmp_path / "include/sandbox/shopify", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def bare_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AIRFLOW"))}


def test_the_commands_of_the_page_on_their_own(alone: Path) -> None:
    """In an empty folder, with what the page says that it needs, by a client that knows nothing of the project."""
    port = free_port()
    command, *calls = block("sh").replace("8765", str(port)).strip().split("\n\n")
    program, *arguments = shlex.split(command)
    assert program == "python"
    environment = bare_environment()
    with (
        (alone / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, *arguments], cwd=alone, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line, (alone / "log").read_text()
            assert json.loads(line) == {"url": f"http://127.0.0.1:{port}"}
            for call in calls:
                run(call)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert (alone / "shop.json").exists()
    assert (alone / "log").read_text() == ""
    assert len(calls) == 6


def run(call: str) -> None:
    """Do what a `curl` of the page does, and see that the answer is the one below it."""
    command, _, expected = call.rpartition("\n# ")
    given = argparse.ArgumentParser()
    given.add_argument("url")
    given.add_argument("-X")
    given.add_argument("-H", action="append", default=[])
    given.add_argument("-d")
    curl, *words = shlex.split(command)
    assert curl == "curl"
    told = given.parse_args(words)
    headers = dict(each.split(": ") for each in told.H)
    method = told.X or ("GET" if told.d is None else "POST")
    if expected == "no answer":
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.request(method, told.url, headers=headers, content=told.d, trust_env=False)
        return
    answer = httpx.request(method, told.url, headers=headers, content=told.d, trust_env=False)
    assert answer.status_code == 200, answer.text
    assert expected in answer.text, f"{call}\n{answer.text}"


def test_it_needs_nothing_but_what_the_page_says(alone: Path) -> None:
    program = "import sys, include.sandbox.shopify.__main__; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=alone, env=bare_environment(), capture_output=True, text=True, check=True
    )
    found = set(done.stdout.split())
    assert found >= {"graphql", "httpx", "starlette", "uvicorn"}
    assert not found & {"airflow", "asyncssh", "fastapi", "pandas", "paramiko", "psycopg", "yaml", "pytest"}


def test_the_python_of_the_page(tmp_path: Path) -> None:
    exec(compile(block("python"), "docs/emulator.md", "exec"), {"folder": tmp_path})
    assert list(tmp_path.glob("shop.json"))
