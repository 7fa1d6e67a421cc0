"""The catalogue of DAGs says what they are now."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_catalogue_is_up_to_date(tmp_path: Path) -> None:
    made = tmp_path / "dags.md"
    done = subprocess.run(
        [sys.executable, "-m", "include.jobs.catalogue", str(made)],
        cwd=ROOT, env=os.environ | {"PYTHONWARNINGS": "ignore"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (ROOT / "docs" / "dags.md").read_text() == made.read_text(), "run `make docs`"
