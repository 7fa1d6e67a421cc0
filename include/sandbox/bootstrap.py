"""Makes the virtual environment of the project with whatever Python is there; the standard library suffices.

`python3 include/sandbox/bootstrap.py` checks the Python version, makes `.venv`, installs a pinned uv into
it and, with that, every package of `requirements-dev.txt` at its pinned version and hash; if uv fails, pip
does it (slower). A stamp in `.venv` says what was installed: while lock, Python and folder stay the same,
the next run does nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OLDEST, BEYOND = (3, 11), (3, 14)
STAMP, MADE, UNFINISHED = "trueup-installed.json", "trueup-made.json", "trueup-unfinished"
_NO_VENV = """This Python cannot make virtual environments: {reason}
What to do, on Debian or Ubuntu: apt-get install python3-venv
           on Fedora or RHEL:    dnf install python3-pip
or name another Python:          make PYTHON=/path/to/python3.12 ..."""


class BootstrapError(Exception):
    """The environment could not be made; the message says what to do."""


def better_python() -> str | None:
    """Another Python of this machine that suits, None if there is none."""
    names = [f"python3.{minor}" for minor in range(BEYOND[1] - 1, OLDEST[1] - 1, -1)]
    found = (path for path in map(shutil.which, names) if path and _suits(path))
    return next(found, None)


def _suits(path: str) -> bool:
    code = f"import sys, venv, ensurepip; sys.exit(not {OLDEST} <= sys.version_info[:2] < {BEYOND})"
    with contextlib.suppress(OSError):
        return subprocess.run([path, "-c", code], capture_output=True, check=False).returncode == 0
    return False


def check_python(version: tuple[int, ...]) -> None:
    """Accepts Python 3.11 to 3.13.

    Raises:
        BootstrapError: It is an older or a newer one.
    """
    if not OLDEST <= version[:2] < BEYOND:
        raise BootstrapError(
            f"Python {'.'.join(map(str, version[:3]))} ({sys.executable}) does not suit: Trueup needs "
            "3.11, 3.12 or "
            "3.13. Install one of them and name it: make PYTHON=python3.12 ..."
        )


def wanted(project: Path, venv: Path) -> dict[str, str]:
    """What the stamp must say for nothing to be done."""
    lock = (project / "requirements-dev.txt").read_bytes()
    return {
        "lock": hashlib.sha256(lock).hexdigest(),
        "python": ".".join(map(str, sys.version_info[:2])),
        "folder": str(venv),
    }


def is_current(venv: Path, want: dict[str, str]) -> bool:
    """Whether the environment is there and complete, for this lock, by this Python, in this place."""
    try:
        found = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found == want and (venv / "bin" / "python").exists())


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Prints what is done, and how long it took."""
    began = time.monotonic()
    print(f"  {text} ...", flush=True)
    yield
    print(f"  {text}: {time.monotonic() - began:.1f} s", flush=True)


@contextlib.contextmanager
def _alone(project: Path) -> Iterator[None]:
    """Two `make` at the same time: the second waits. The lock is on the folder itself, so no file is left."""
    folder = os.open(project, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _must_be_remade(venv: Path, want: dict[str, str]) -> bool:
    """An environment of another Python or from another folder holds paths that lead nowhere."""
    if (venv / UNFINISHED).exists():
        return True  # ended in the middle of an installation: a package may be there by half
    try:
        made = json.loads((venv / MADE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True
    same = all(made.get(key) == want[key] for key in ("python", "folder"))
    return not (same and _runs(venv, "import pip, ssl"))


def _runs(venv: Path, code: str) -> bool:
    try:
        done = subprocess.run([venv / "bin" / "python", "-c", code], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def make_venv(venv: Path, want: dict[str, str]) -> None:
    """Makes the environment anew.

    Raises:
        BootstrapError: This Python lacks venv or ensurepip.
    """
    try:
        import ensurepip  # noqa: F401 - Debian splits it off
        import venv as maker
    except ImportError as error:
        raise BootstrapError(_NO_VENV.format(reason=error)) from error
    if venv.exists():
        shutil.rmtree(venv)
    try:
        maker.create(venv, with_pip=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BootstrapError(_NO_VENV.format(reason=error)) from error
    (venv / MADE).write_text(json.dumps(want), encoding="utf-8")


def install(project: Path, venv: Path) -> None:
    """Installs the locked packages, by uv or else by pip; both check every hash.

    Raises:
        BootstrapError: Neither could.
    """
    python = str(venv / "bin" / "python")
    locked = ["--require-hashes", "-r", str(project / "requirements-dev.txt")]
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    with step("install uv"):
        has_uv = _run([*pip, "--require-hashes", "-r", str(project / "requirements-uv.txt")])
    if has_uv:
        with step("install the locked packages"):
            uv = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python]
            if _run([*uv, *locked], _as_pip(python)):
                return
    print("  uv could not do it; pip takes over (about a minute)", flush=True)
    with step("install the locked packages by pip"):
        done = _run([*pip, *locked])
    if not done:
        raise BootstrapError(
            "The packages could not be installed; the lines above say why. A network without a package "
            "index needs "
            "one named to pip (PIP_INDEX_URL). Then run the same command again."
        )


def _run(command: list[str], more: dict[str, str] | None = None) -> bool:
    return subprocess.run(command, env={**os.environ, **(more or {})}, check=False).returncode == 0


def _as_pip(python: str) -> dict[str, str]:
    """Package index and certificates for uv: pip's, at which uv does not look, unless uv was given its own."""
    found = {}
    if not any(name in os.environ for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_CONFIG_FILE")):
        found["UV_DEFAULT_INDEX"] = _pip_option(python, "index-url")
    if not any(name in os.environ for name in ("SSL_CERT_FILE", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS")):
        found["SSL_CERT_FILE"] = _pip_option(python, "cert")
    return {name: value for name, value in found.items() if value}


def _pip_option(python: str, name: str) -> str:
    variable = os.environ.get("PIP_" + name.upper().replace("-", "_"))
    if variable:
        return variable
    command = [python, "-m", "pip", "--disable-pip-version-check", "config", "get", f"global.{name}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def ensure(project: Path = PROJECT) -> bool:
    """Brings `.venv` to the state that the lock asks for.

    Args:
        project: The project's folder, with `requirements-dev.txt`.

    Returns:
        False if there was nothing to do.

    Raises:
        BootstrapError: Wrong Python, no venv module, or the packages cannot be installed.
    """
    check_python(sys.version_info[:3])
    venv = project / ".venv"
    want = wanted(project, venv)
    if is_current(venv, want):
        return False
    with _alone(project):
        if is_current(venv, want):
            return False
        print(f"Preparing {venv} (Python {want['python']})", flush=True)
        (venv / STAMP).unlink(missing_ok=True)
        if _must_be_remade(venv, want):
            with step("make the virtual environment"):
                make_venv(venv, want)
        (venv / UNFINISHED).touch()
        install(project, venv)
        (venv / UNFINISHED).unlink()
        (venv / STAMP).write_text(json.dumps(want), encoding="utf-8")
    return True


def main() -> int:
    """The program: exit status 1 and a message if it cannot be done."""
    if not OLDEST <= sys.version_info[:2] < BEYOND and (other := better_python()):
        os.execv(other, [other, __file__])  # noqa: S606 - a fixed name, no shell
    try:
        ensure()
    except BootstrapError as error:
        print(f"bootstrap: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
