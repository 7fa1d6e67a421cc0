"""The arrows of the house point one way: dags -> jobs -> {intake, channel} -> {stock, shopify} -> db."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MAY_IMPORT = {
    "db": set(),
    "shopify": set(),
    "stock": {"db"},
    "intake": {"db", "stock"},
    "channel": {"db", "stock", "shopify"},
    "jobs": {"db", "stock", "shopify", "intake", "channel"},
    "sandbox": {"db", "stock"},
}
"""What each room may import besides itself. Nobody imports the sandbox."""


def imports(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def module(file: Path) -> str:
    """The name under which a file is imported."""
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def rooms(file: Path) -> set[str]:
    """The rooms of `include` that a file imports from."""
    return {
        name.split(".")[1] for name in imports(file) if name.startswith("include.") and name.split(".")[1] in MAY_IMPORT
    }


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows_point_one_way(room: str) -> None:
    files = sorted((ROOT / "include" / room).rglob("*.py"))
    assert files
    for file in files:
        wrong = rooms(file) - MAY_IMPORT[room] - {room}
        assert not wrong, (
            f"{file.relative_to(ROOT)} imports {sorted(wrong)}; {room} may import {sorted(MAY_IMPORT[room])}"
        )


def test_no_imports_run_in_a_circle() -> None:
    files = {module(file): file for file in (ROOT / "include").rglob("*.py")}
    arrows = {name: imports(file) & files.keys() - {name, name.rpartition(".")[0]} for name, file in files.items()}
    TopologicalSorter(arrows).prepare()  # raises CycleError, which names the circle


def test_dag_files_import_jobs_only() -> None:
    for file in (ROOT / "dags").glob("*.py"):
        assert rooms(file) <= {"jobs"}, f"{file.name} imports {rooms(file)}: a DAG file is a table of contents"


def test_airflow_stays_out_of_the_library() -> None:
    for file in (ROOT / "include").rglob("*.py"):
        if "jobs" not in file.relative_to(ROOT).parts:
            assert not any(name.split(".")[0] == "airflow" for name in imports(file)), file.relative_to(ROOT)


def test_every_statement_says_what_it_does_and_is_run_by_the_module_beside_it() -> None:
    for file in (ROOT / "include").rglob("*.sql"):
        if file.parent.name == "migrations":
            continue
        assert file.read_text().startswith("-- "), f"{file.relative_to(ROOT)} begins with no comment"
        beside = "".join(module.read_text() for module in file.parent.glob("*.py"))
        assert f'"{file.stem}"' in beside, f"{file.relative_to(ROOT)} is run by no module beside it"
