"""Children of the sandbox: started, waited for, stopped in order, and never left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from include.sandbox import process, readiness, reaper, state
from include.sandbox.process import SandboxError
from tests.sandbox.children import FOR_EVER, PROJECT, is_gone, start

pytestmark = pytest.mark.usefixtures("children_of_its_own")

STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOR_EVER


def test_a_child_goes_when_asked(tmp_path: Path) -> None:
    child = start(tmp_path, FOR_EVER)
    assert child.stop() is True
    assert child.exit_code == -signal.SIGTERM
    assert is_gone(child.pid)
    assert child.stop() is True


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    child = start(tmp_path, STUBBORN, grace_s=0.3)
    assert child.stop() is False
    assert child.exit_code == -signal.SIGKILL


def test_grandchildren_go_too(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        f"p = subprocess.Popen([sys.executable, '-S', '-c', {STUBBORN!r}], stdout=subprocess.PIPE)\n"
        "p.stdout.readline()\n"
        "print('grandchild', p.pid, flush=True)\n" + FOR_EVER
    )
    child = start(tmp_path, code)
    grandchild = int(child.log.read_text().split("grandchild ")[1].split()[0])
    assert not is_gone(grandchild)
    assert child.stop() is False
    assert is_gone(grandchild)


def test_signals_do_not_reach_a_later_process_with_the_same_number(tmp_path: Path) -> None:
    child = start(tmp_path, FOR_EVER)
    impostor = reaper.Target("older", child.pid, "1", (signal.SIGKILL,), 0.1)
    reaper.end(impostor)
    assert child.exit_code is None


def test_all_stop_last_started_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys\n"
        "def end(*_):\n"
        f"    open({str(order)!r}, 'a').write(NAME + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n" + FOR_EVER
    )
    for name in ("one", "two", "three"):
        start(tmp_path, f"NAME = {name!r}\n{code}", name)
    assert process.stop_all() == []
    assert order.read_text().split() == ["three", "two", "one"]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_children_do_not_outlive_a_parent_that_dies_without_a_word(tmp_path: Path, sent: signal.Signals) -> None:
    code = (
        "import os, pathlib, sys; from include.sandbox import process;"
        f"c = [process.start(n, [sys.executable, '-S', '-c', {FOR_EVER!r}], log=pathlib.Path(sys.argv[1]) / n)"
        " for n in ('a', 'b')];"
        f"print(*(x.pid for x in c), flush=True); os.kill(os.getpid(), {int(sent)})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == -sent, done.stderr
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    readiness.wait_until("the children to end", lambda: all(map(is_gone, pids)), wait_s=30)


def test_a_successor_ends_what_a_killed_parent_and_reaper_left(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, signal, sys; from include.sandbox import process, reaper;"
        "folder = pathlib.Path(sys.argv[1]); process.record_in(folder / 'processes.json');"
        f"c = process.start('orphan', [sys.executable, '-S', '-c', {FOR_EVER!r}], log=folder / 'log');"
        "r = [p for p in map(int, filter(str.isdigit, os.listdir('/proc')))"
        " if (s := reaper._stat(p)) and int(s[1]) == os.getpid() and p != c.pid];"
        "print(c.pid, *r, flush=True); os.kill(r[0], signal.SIGKILL); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    orphan, _reaper = (int(pid) for pid in done.stdout.split())
    assert not is_gone(orphan)
    assert process.end_recorded(tmp_path / "processes.json") == ["orphan"]
    assert is_gone(orphan)
    assert process.end_recorded(tmp_path / "processes.json") == []


def test_the_record_follows_the_children(tmp_path: Path) -> None:
    file = tmp_path / "processes.json"
    process.record_in(file)
    child = start(tmp_path, FOR_EVER)
    assert [one["pid"] for one in json.loads(file.read_text())] == [child.pid]
    child.stop()
    assert json.loads(file.read_text()) == []


def test_a_ready_line_is_read(tmp_path: Path) -> None:
    code = "import time\nprint('{\"port\": 7}', flush=True)\ntime.sleep(600)"
    assert readiness.ready_line(start(tmp_path, code, capture=True)) == {"port": 7}


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit('no database')", r"ended before it was ready[\s\S]*no database"),
        ("import time; print('hello', flush=True); time.sleep(600)", r"printed b'hello\\n', expected one JSON object"),
        ("import time; time.sleep(600)", "no ready line within 0.5 s"),
    ],
)
def test_a_child_that_does_not_get_ready_says_why(tmp_path: Path, code: str, message: str) -> None:
    child = start(tmp_path, code, capture=True)
    with pytest.raises(SandboxError, match=message):
        readiness.ready_line(child, wait_s=0.5 if "within" in message else 20)


def test_waiting_ends_early_when_a_child_ends(tmp_path: Path) -> None:
    child = start(tmp_path, "import sys; sys.exit('port taken')")
    with pytest.raises(SandboxError, match=r"ended while waiting for the moon[\s\S]*port taken"):
        readiness.wait_until("the moon", lambda: False, children=[child], wait_s=60)


def test_waiting_gives_up(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"the moon: not reached within 0\.1 s"):
        readiness.wait_until("the moon", lambda: False, wait_s=0.1)


def test_what_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"ghost: cannot start /no/such/program"):
        process.start("ghost", ["/no/such/program"], log=tmp_path / "log")


def test_a_state_folder_has_one_holder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    code = (
        "import pathlib, sys, time; from include.sandbox import state\n"
        "with state.held(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code, folder], cwd=PROJECT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(SandboxError, match=rf"already runs.*process {holder.pid}"), state.held(folder):
            pass
        with pytest.raises(SandboxError, match="already runs"):
            state.remove(folder)
        holder.kill()
    with state.held(folder) as left:
        assert left == []
    assert state.remove(folder) is True
    assert not folder.exists()


def test_a_folder_with_other_things_is_neither_used_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SandboxError, match="not a state folder"):
        state.remove(tmp_path)
    assert (tmp_path / "thesis.txt").exists()


def test_secrets_are_private_and_stay(tmp_path: Path) -> None:
    first = state.secret(tmp_path / "token", "shpat_")
    assert first.startswith("shpat_")
    assert state.secret(tmp_path / "token", "shpat_") == first
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    process.write_atomically(file, "old")
    with file.open() as reader:
        process.write_atomically(file, "new")
        assert reader.read() == "old"
    assert file.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
