"""Small file systems for tests to fill.

Each is mounted in a mount namespace of its own: only the thread that asked for it and the processes that this thread
starts meanwhile see it, and it is gone with them, however they end.
"""

import ctypes
import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

# Of sched.h and sys/mount.h; Python 3.11 does not know them.
_CLONE_FS = 0x0000_0200
_CLONE_NEWNS = 0x0002_0000
_MS_REC_PRIVATE = 0x4000 | 0x4_0000
_MNT_DETACH = 2


@dataclass(frozen=True)
class SmallDisk:
    """A small file system, and a file that lies on it in the way."""

    folder: Path

    @property
    def ballast(self) -> Path:
        """What takes up the room."""
        return self.folder / "ballast"

    @property
    def free(self) -> int:
        """Bytes that can still be written."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self, *, but: int = 0) -> None:
        """Fill it up.

        Args:
            but: Bytes to leave free.
        """
        with self.ballast.open("ab") as file:
            while (size := self.free - but) > 0:
                try:
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
                except OSError as error:  # somebody else was faster
                    if error.errno != errno.ENOSPC:
                        raise

    def use_up_files(self) -> None:
        """Make as many files as there can be; bytes are left."""
        (self.folder / "many").mkdir()
        for number in range(os.statvfs(self.folder).f_ffree):
            (self.folder / "many" / str(number)).touch()

    def make_room(self) -> None:
        """Somebody clears up."""
        self.ballast.unlink(missing_ok=True)
        shutil.rmtree(self.folder / "many", ignore_errors=True)


@contextmanager
def small_disk(folder: Path, megabytes: int, files: int = 100_000) -> Iterator[SmallDisk]:
    """Mount a small file system on an empty folder, for the length of a `with` block; skip the test if that may not be.

    Args:
        folder: Where; to everybody else it stays the empty folder that it is.
        megabytes: How much it holds.
        files: How many files and folders it holds.
    """
    if sys.platform != "linux":
        pytest.skip("a small file system of the test's own: needs Linux")
    home, here = os.open("/proc/thread-self/ns/mnt", os.O_RDONLY), Path.cwd()
    try:
        with _skipping_if_forbidden("unshare"):
            _call("unshare", _CLONE_NEWNS)
        try:
            with _skipping_if_forbidden("mount"):
                # Else the mount would spread to where the others see it.
                _call("mount", b"none", b"/", None, _MS_REC_PRIVATE, None)
                options = f"size={megabytes}m,nr_inodes={files},mode=0755".encode()
                _call("mount", b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options)
            try:
                yield SmallDisk(folder)
            finally:
                _call("umount2", os.fsencode(folder), _MNT_DETACH)
        finally:
            _call("unshare", _CLONE_FS)  # the threads started meanwhile stay; nobody leaves who shares with them
            _call("setns", home, _CLONE_NEWNS)
            os.chdir(here)
    finally:
        os.close(home)


@contextmanager
def _skipping_if_forbidden(what: str) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        pytest.skip(f"a small file system of the test's own: {what}: {error.strerror}; needs root (CAP_SYS_ADMIN)")


def _call(name: str, *arguments: object) -> None:
    """Call the C library."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
