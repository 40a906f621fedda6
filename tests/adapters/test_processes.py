"""The supervisor: order, restarts, stopping, and children that do not outlive it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from workflow.adapters.processes import Child, ChildFailedError, StopSignal, Supervisor, watch_parent

ROOT = Path(__file__).parents[2]

# Says hello in `folder`, and writes to the shared diary when it is told to stop.
POLITE = """
import os, signal, sys, threading
from pathlib import Path
name, folder = sys.argv[1], Path(sys.argv[2])
def note(word):
    with (folder / "diary").open("a") as diary:
        diary.write(f"{word} {name}\\n")
def stop(*_):
    note("stopped")
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
note("started")
(folder / f"{name}.{os.getpid()}").touch()
(folder / name).write_text(str(os.getpid()))
while True:
    signal.pause()
"""
STUBBORN = POLITE.replace("os._exit(0)", "pass")
PARENT = """
import signal, sys
from pathlib import Path
from workflow.adapters.processes import Child, StopSignal, Supervisor
folder = Path(sys.argv[1])
watched = '''
import os, signal, sys
from pathlib import Path
from workflow.adapters.processes import watch_parent
folder = Path(sys.argv[1])
def stop(*_):
    (folder / "told").touch()
    if len(sys.argv) == 2:
        os._exit(0)
signal.signal(signal.SIGTERM, stop)
assert watch_parent()
assert "TERTIAL_PARENT_PIPE" not in os.environ
(folder / "child").write_text(str(os.getpid()))
while True:
    signal.pause()
'''
child = Child("child", [sys.executable, "-c", watched, str(folder), *sys.argv[2:]], {}, (folder / "child").exists)
with StopSignal() as stop, Supervisor([child], folder / "logs"):
    (folder / "ready").touch()
    stop.wait()
"""


def polite(name: str, folder: Path, code: str = POLITE, env: dict[str, str] | None = None) -> Child:
    return Child(name, [sys.executable, "-c", code, name, str(folder)], env or {}, (folder / name).exists)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def gone(pid: int) -> bool:
    """No such process, or one that has ended and waits for its burial."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False, text=True).stdout
    return not state.strip() or state.startswith("Z")


def diary(folder: Path) -> list[str]:
    return (folder / "diary").read_text().splitlines()


def test_children_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    with Supervisor([polite(name, tmp_path) for name in ("a", "b", "c")], tmp_path / "logs") as supervisor:
        assert diary(tmp_path) == ["started a", "started b", "started c"]
        pids = [status.pid for status in supervisor.status()]
        assert pids == [int((tmp_path / name).read_text()) for name in ("a", "b", "c")]
    assert diary(tmp_path)[3:] == ["stopped c", "stopped b", "stopped a"]
    assert all(pid and gone(pid) for pid in pids)
    assert supervisor.status() == ()


def test_a_killed_child_comes_back_and_is_counted(tmp_path: Path) -> None:
    with Supervisor([polite(name, tmp_path) for name in ("a", "b")], tmp_path / "logs") as supervisor:
        other = supervisor.status()[1].pid
        for life in (1, 2):
            until(lambda: supervisor.status()[0].pid)
            pid = supervisor.status()[0].pid
            assert pid is not None
            until((tmp_path / f"a.{pid}").exists)
            os.kill(pid, signal.SIGKILL)
            until(partial(_has_restarted, supervisor, life))
            assert gone(pid)
        assert supervisor.status()[1].pid == other
        assert supervisor.status()[1].restarts == 0


def _has_restarted(supervisor: Supervisor, times: int) -> bool:
    return supervisor.status()[0].restarts == times


def test_a_child_that_does_not_listen_is_killed_after_the_grace(tmp_path: Path) -> None:
    with Supervisor([polite("a", tmp_path, STUBBORN)], tmp_path / "logs", grace=0.1) as supervisor:
        pid = supervisor.status()[0].pid
    assert "stopped a" in diary(tmp_path)
    assert pid
    assert gone(pid)


def test_a_child_waiting_for_its_next_life_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with Supervisor([Child("a", [sys.executable, "-c", "raise SystemExit(3)"])], tmp_path) as supervisor:
        until(lambda: supervisor.status()[0].restarts >= 2)
        until(lambda: supervisor.status()[0].pid is None)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5


def test_a_child_that_dies_before_it_is_ready_is_shown_with_its_last_lines(tmp_path: Path) -> None:
    broken = "import sys; print('line one'); sys.exit('no such form: naringsliv')"
    children = [polite("a", tmp_path), Child("b", [sys.executable, "-c", broken], {}, lambda: False)]
    with pytest.raises(ChildFailedError, match=r"(?s)b ended with exit code 1.*no such form: naringsliv"):
        Supervisor(children, tmp_path / "logs").start()
    assert diary(tmp_path) == ["started a", "stopped a"]


def test_a_child_that_never_becomes_ready_is_given_up(tmp_path: Path) -> None:
    silent = Child("a", [sys.executable, "-c", POLITE, "a", str(tmp_path)], {}, lambda: False)
    with pytest.raises(ChildFailedError, match="a did not become ready in time"):
        Supervisor([silent], tmp_path / "logs", ready_within=0.2, grace=5).start()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ChildFailedError, match="a cannot be started"):
        Supervisor([Child("a", [str(tmp_path / "nothing")])], tmp_path).start()


def test_output_and_environment(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['X'], bool(os.environ['PATH'])); print('oops', file=sys.stderr)"
    log = tmp_path / "logs" / "a.log"
    with Supervisor([Child("a", [sys.executable, "-c", code], {"X": "å"})], tmp_path / "logs"):
        until(lambda: log.read_text(encoding="utf-8").count("\n") >= 2)
    assert sorted(log.read_text(encoding="utf-8").splitlines()[:2]) == ["oops", "å True"]


def test_what_a_child_has_started_ends_with_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, signal; from pathlib import Path\n"
        "p = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'])\n"
        "Path(sys.argv[1]).write_text(str(p.pid)); signal.pause()"
    )
    child = Child("a", [sys.executable, "-c", code, str(tmp_path / "pid")])
    with Supervisor([child], tmp_path / "logs") as supervisor:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        grandchild = int((tmp_path / "pid").read_text())
        pid = supervisor.status()[0].pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: gone(grandchild))


@pytest.mark.parametrize("extra", [[], ["deaf"]])
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path, extra: list[str]) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), *extra], cwd=ROOT)
    try:
        until(lambda: (tmp_path / "ready").exists() or parent.poll() is not None)
        child = int((tmp_path / "child").read_text())
        assert not gone(child)
    finally:
        parent.kill()
        parent.wait()
    until(lambda: gone(child))
    assert (tmp_path / "told").exists()


def test_a_supervisor_told_to_stop_stops_its_children(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], cwd=ROOT)
    until(lambda: (tmp_path / "ready").exists() or parent.poll() is not None)
    child = int((tmp_path / "child").read_text())
    parent.terminate()
    assert parent.wait(20) == 0
    assert gone(child)


def test_without_a_supervisor_nothing_is_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not watch_parent()
    monkeypatch.setenv("TERTIAL_PARENT_PIPE", "not a number")
    assert not watch_parent()
    with (tmp_path / "file").open("wb") as file:  # the number of a descriptor that is something else by now
        monkeypatch.setenv("TERTIAL_PARENT_PIPE", str(file.fileno()))
        assert not watch_parent()


def test_stop_signal_hears_signals_and_requests_and_gives_the_handlers_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with StopSignal() as stop:
        assert not stop.wait(0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    with StopSignal() as stop:
        stop.request()
        assert stop.wait(5)
    assert signal.getsignal(signal.SIGTERM) is before
