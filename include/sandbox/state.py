"""The sandbox's state folder: one demo at a time, nothing left of a killed one, removed only if ours."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from include.sandbox import postgres, process
from include.sandbox.process import SandboxError

_MARKER = "trueup-sandbox"


@contextmanager
def held(folder: Path) -> Iterator[list[str]]:
    """Holds the state folder for this process, and records its children there.

    Args:
        folder: Made if missing.

    Yields:
        The names of processes that a killed predecessor had left running; they have been ended.

    Raises:
        SandboxError: Another demo runs in it, or it is a folder with something else in it.
    """
    _claim(folder)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, folder)
        left = process.end_recorded(folder / "processes.json")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid()}).encode(), 0)
        process.record_in(folder / "processes.json")
        try:
            yield left
        finally:
            process.record_in(None)
            (folder / "processes.json").unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _claim(folder: Path) -> None:
    if folder.exists() and not (folder / _MARKER).exists() and any(folder.iterdir()):
        raise SandboxError(
            f"{folder}: is not empty and not a state folder of Trueup's sandbox (it has no file "
            f"{_MARKER}). Name "
            "another folder with --state."
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _MARKER).touch()


def _lock(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 1000, 0).decode() or "{}"
        port = process.remembered_port(folder / "airflow" / "port")
        where = f" (Airflow: http://{process.HOST}:{port})" if port else ""
        raise SandboxError(
            f"a demo already runs in {folder}: process {json.loads(text).get('pid', 'unknown')}{where}. "
            "Use that one, "
            "end it with Ctrl-C or SIGTERM, or start another one with --state DIR."
        ) from None


def remove(folder: Path) -> bool:
    """Removes a state folder and what belongs to it elsewhere.

    Returns:
        False if there was none.

    Raises:
        SandboxError: A demo runs in it, or it is not a state folder.
    """
    if not folder.exists():
        return False
    with held(folder):
        postgres.remove(folder / "postgres")
    shutil.rmtree(folder)
    return True


def secret(file: Path, prefix: str = "") -> str:
    """A random secret kept in a file (mode 0600), made on first use."""
    if not file.exists():
        process.write_atomically(file, prefix + secrets.token_hex(16))
    return file.read_text(encoding="utf-8").strip()
