"""Coverage-guided fuzzing of the readers: `python -m tests.intake.fuzz_readers [seconds] [folder of a corpus]`.

It ends with a failure as soon as a promise of `tests.intake.reading` is broken, and shows the input. The first two
bytes of an input choose the encoding and the size of the blocks, the others are the file.
"""

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]

with atheris.instrument_imports(include=["include.intake.text", "include.intake.json_records", "include.intake.lines"]):
    from include.intake.text import ENCODINGS
    from tests.intake.bad_files import bad_files
    from tests.intake.reading import check

SEEDS = 200
"""Damaged files that the corpus begins with."""


def one_input(data: bytes) -> None:
    """Try one input."""
    if len(data) >= 2:
        check(data[2:], list(ENCODINGS)[data[0] % len(ENCODINGS)], data[1] + 1)


def main(seconds: int, corpus: Path) -> None:
    """Fuzz for a time, and keep what has found new ways through the code in a folder.

    Args:
        seconds: The time; 0 is for ever.
        corpus: The folder; it may hold earlier findings.
    """
    for name, content in bad_files(SEEDS, seed=1):
        if len(content) < 4096:
            (corpus / name).write_bytes(bytes([0, len(content) % 256]) + content)
    limits = [
        f"-max_total_time={seconds}",
        "-max_len=4096",
        "-timeout=20",
        "-rss_limit_mb=1024",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={corpus}/", str(corpus)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    budget = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    if len(sys.argv) > 2:
        main(budget, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(budget, Path(folder))
