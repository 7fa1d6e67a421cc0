"""Writes the catalogue of DAGs, made from what they are: `python -m include.jobs.catalogue docs/dags.md`."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DAGS = Path(__file__).parents[2] / "dags"

HEAD = """<!-- Made by `make docs` from the files in dags/, which is where to change it. -->

# The DAGs

What each does, when it runs, and what may be given to a run. A DAG's page in Airflow shows the same, and all that may
go wrong. Times are in UTC. An asset only wakes a DAG: what there is to do is in Postgres, where the schedule finds it.

| DAG | HotWax job | Runs | Takes |
|---|---|---|---|
"""

PARAMETERS = """
## Parameters

| Parameter | What it is |
|---|---|
"""


def main(target: Path) -> None:
    """Write the catalogue.

    Args:
        target: The Markdown file.

    Raises:
        SystemExit: A DAG file cannot be loaded.
    """
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(DAGS))
    if bag.import_errors:
        raise SystemExit("\n".join(f"{file}: {error}" for file, error in bag.import_errors.items()))
    target.write_text(catalogue(bag.dags.values()) + "\n", encoding="utf-8")


def catalogue(dags: Iterable[Any]) -> str:
    """The catalogue in Markdown."""
    known = sorted(dags, key=lambda dag: str(dag.dag_id))
    lines = [
        f"| [{dag.dag_id}](#{dag.dag_id}) | {fields(dag).get('HotWax job', '')} | {when(dag)} |"
        f" {fields(dag).get('Input', '')} |"
        for dag in known
    ]
    told = sorted({(name, dag.params.get_param(name).schema["description_md"]) for dag in known for name in dag.params})
    parameters = [f"| `{name}` | {description} |" for name, description in told]
    return "\n".join([HEAD + "\n".join(lines), PARAMETERS + "\n".join(parameters), *map(section, known)])


def section(dag: Any) -> str:
    """What there is to know of one DAG."""
    lead = re.sub(r"\s+", " ", dag.doc_md.split("\n\n")[1])
    shown = [f"- {name}: {text}" for name, text in fields(dag).items() if name not in ("HotWax job", "Input")]
    if given := ", ".join(f"`{name}`{default(dag, name)}" for name in dag.params):
        shown.append(f"- Parameters: {given}")
    tags = ", ".join(f"`{tag}`" for tag in sorted(dag.tags))
    return "\n".join([f"\n## {dag.dag_id}\n\n{lead}\n", *shown, f"- Tags: {tags}", ""]).removesuffix("\n")


def fields(dag: Any) -> dict[str, str]:
    """The rows of the table at the head of a DAG's documentation."""
    return dict(re.findall(r"^\| ([^|]+?) \| (.+) \|$", dag.doc_md, re.MULTILINE))


def default(dag: Any, name: str) -> str:
    """What a parameter is unless given."""
    param = dag.params.get_param(name)
    if not param.has_value:
        return ""
    value = str(param.value).lower() if isinstance(param.value, bool) else param.value
    return f" (`{value}` unless given)"


def when(dag: Any) -> str:
    """When a DAG runs, in words."""
    cron = getattr(getattr(dag.timetable, "timetable", dag.timetable), "expression", None)
    condition = dag.timetable.asset_condition
    assets = [] if condition is None else sorted(asset.name for asset in getattr(condition, "objects", [condition]))
    times = [f"`{cron}`"] if cron else ["on demand"]
    return ", or on ".join([*times, *(f"`{name}`" for name in assets)])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
