"""The process itself: what it is born as, and that nothing outlives its deadline or its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlarena.sandbox import Limits, Outcome, Sandbox, probe
from mlarena.sandbox.child import LAYERS
from mlarena.sandbox.client import Refused
from mlarena.sandbox.probing import refusal

pytestmark = pytest.mark.pure

SLEEP = "import time; print('here', flush=True); time.sleep(30)"
QUICK = Limits(memory_mb=128, wall_seconds=3, cpu_seconds=1, output_bytes=1000, result_bytes=5000)


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(holds: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.02)
    return False


def waiting_children(zygote: int) -> list[int]:
    """The two children forked ahead, once they are jailed."""
    assert wait_for(lambda: len(children_of(zygote)) == 2)
    time.sleep(0.1)
    return children_of(zygote)


def zygote_of(sandbox: Sandbox) -> int:
    pid = sandbox._supervisors["code"].pid
    assert pid
    return pid


@pytest.fixture
def code() -> Iterator[Sandbox]:
    with Sandbox(limits=QUICK, kinds=("code",)) as started:
        assert started.wait()
        yield started


@contextmanager
def in_flight(sandbox: Sandbox, source: str = SLEEP) -> Iterator[list[Outcome]]:
    """A run that has begun; its outcome is in the list afterwards."""
    outcomes: list[Outcome] = []
    waiting_children(zygote_of(sandbox))
    thread = threading.Thread(target=lambda: outcomes.append(sandbox.run_code(source)))
    thread.start()
    time.sleep(0.3)
    yield outcomes
    thread.join()


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def test_a_waiting_child_is_nobody_with_nothing(code: Sandbox) -> None:
    zygote = zygote_of(code)
    child = waiting_children(zygote)[0]
    assert status_of(child)["Seccomp"] == "2"
    for pid in (zygote, child):
        told = status_of(pid)
        assert int(told["CapEff"], 16) == int(told["CapPrm"], 16) == 0
        if os.geteuid() == 0:
            assert told["Uid"].split() == ["65534"] * 4
            assert told["Gid"].split() == ["65534"] * 4
            assert told["Groups"] == ""
    assert status_of(child)["NoNewPrivs"] == "1"
    assert os.getsid(child) == child
    assert status_of(child)["Threads"] == status_of(zygote)["Threads"] == "1"


@pytest.mark.parametrize(
    ("layer", "holds"),
    [
        ("uid", lambda pid: status_of(pid)["Uid"].split()[0] != str(os.geteuid())),
        ("session", lambda pid: os.getsid(pid) == pid),
        ("no_new_privs", lambda pid: status_of(pid)["NoNewPrivs"] == "1"),
        ("undumpable", lambda pid: Path(f"/proc/{pid}/environ").stat().st_uid == 0),
    ],
)
def test_a_layer_is_there_and_gone_when_taken_away(
    layer: str, holds: Callable[[int], bool]
) -> None:
    if layer == "uid" and os.geteuid() != 0:
        pytest.skip("an ordinary user's jail stays that user's")
    # filters need no_new_privs, and changing user makes a process undumpable by itself
    for taken, expected in (((), True), ((layer, "seccomp", "landlock", "uid"), False)):
        layers = set(LAYERS) - set(taken)
        with Sandbox(limits=QUICK, kinds=("code",), layers=layers) as sandbox:
            assert sandbox.wait()
            child = waiting_children(zygote_of(sandbox))[0]
            if not expected and layer == "undumpable" and os.geteuid() == 0:
                assert status_of(child)["Uid"].split()[0] == "0"  # root's /proc is root's anyway
                continue
            assert holds(child) is expected


def test_endless_loops_end_at_their_processor_time(code: Sandbox) -> None:
    """Stopped by the limits; without them, by the worker's clock."""
    outcome = code.run_code("while True: pass")
    assert outcome.status == "cpu_limit"
    assert 700 < outcome.cpu_ms < 2500
    layers = set(LAYERS) - {"limits"}
    with Sandbox(limits=QUICK, kinds=("code",), layers=layers) as sandbox:
        assert sandbox.run_code("while True: pass").status == "timeout"


def test_ignoring_the_processor_limit_does_not_help(code: Sandbox) -> None:
    source = "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    limits = Limits(memory_mb=128, wall_seconds=20, cpu_seconds=1)
    assert code.run_code(source, limits=limits).status == "cpu_limit"


def test_sleeping_and_stopped_processes_end_at_the_deadline(code: Sandbox) -> None:
    """Stopped by the worker's clock, which needs no help from the process."""
    with in_flight(code) as outcomes:
        zygote = zygote_of(code)
        for child in children_of(zygote):
            os.kill(child, signal.SIGSTOP)
    assert outcomes[0].status == "timeout"
    assert "3 seconds" in (outcomes[0].error.message if outcomes[0].error else "")
    assert outcomes[0].output in ("", "here\n")


def test_floods_are_cut_off(code: Sandbox) -> None:
    """Stopped by the worker's bounds on its pipes."""
    flood = code.run_code("while True: print('x' * 1000)")
    assert flood.status == "output_flood"
    assert flood.output == "x" * 1000 + "\n[Output cut here: the first 1000 bytes are kept.]\n"
    assert code.run_code("RESULT = 'x' * 10000").status == "result_too_big"
    assert code.run_code("import os\nwhile True: os.write(3, b'JSON' + b'\\xff' * 9)").status in (
        "bad_frame",
        "result_too_big",
    )


def test_output_is_kept_up_to_the_limit(code: Sandbox) -> None:
    outcome = code.run_code("print('a' * 3000); RESULT = 1")
    assert outcome.value == 1
    assert outcome.output.startswith("a" * 1000 + "\n[Output cut here")


def test_an_end_without_a_result_is_no_result(code: Sandbox) -> None:
    assert code.run_code("import os; os._exit(0)").status == "no_result"


def test_how_the_code_stopped_is_told_with_its_line(code: Sandbox) -> None:
    for source, category, words in (
        ("x = 1\nif x\n    y", "syntax_error", "Line 2: expected ':'"),
        ("a = '\0'", "syntax_error", "null bytes"),
        ("x = 1\nraise KeyError('k')", "load_failed", "Line 2: KeyError: 'k'"),
        ("solve = 3", "no_function", "something else than a function in `solve`"),
        ("import sys\ndef solve(a):\n    sys.exit(0)", "exit_called", "calls exit()"),
        ("def solve(a):\n    return input()", "input_called", "calls input()"),
        ("def solve(a):\n    return solve(a)", "code_failed", "Line 2: RecursionError"),
        ("def solve(a):\n    return {a}", "not_json", "set is not JSON serializable"),
        ("def solve(a):\n    return float('nan')", "not_json", "NaN or infinity"),
        ("def solve(a):\n    return 10 ** 6000", "not_json", "Exceeds the limit"),
    ):
        outcome = code.run_code(source, [[1]])
        assert outcome.error is not None, source
        assert (outcome.status, outcome.error.category) == ("error", category), source
        assert words in outcome.error.message, source


def test_the_function_may_have_a_name_of_its_own(code: Sandbox) -> None:
    assert code.run_code("def twice(a): return 2 * a", [[4]], function="twice").value == [8]


def test_a_crash_is_a_crash(code: Sandbox) -> None:
    assert code.run_code("import ctypes; ctypes.string_at(1)").status == "crashed"
    assert code.run_code("import os; os._exit(5)").status == "crashed"


@pytest.mark.parametrize(
    "bytes_sent",
    [
        "b'XXXX\\1\\0\\0\\0a'",
        "b'JSON\\2\\0\\0\\0{]'",
        "b'JSON\\4\\0\\0\\0null' * 2",
        "b'JSON\\3\\0\\0\\0NaN'",
        "b'JSON\\x60\\0\\0\\0' + b'[' * 96",
        "b'JSON\\x60\\0\\0\\0' + b'[' * 48 + b']' * 48",
        "b'NOTE\\2\\0\\0\\0{}'",
        "b'PRED\\4\\0\\0\\0null'",
        "b'FAIL\\4\\0\\0\\0null'",
        "b'JSON\\5\\0\\0\\0null'",
    ],
)
def test_forged_frames_are_refused(code: Sandbox, bytes_sent: str) -> None:
    outcome = code.run_code(f"import os; os.write(3, {bytes_sent}); os._exit(0)")
    assert outcome.status == "bad_frame"
    assert outcome.value is None


def test_measures_come_from_outside(code: Sandbox) -> None:
    outcome = code.run_code(
        "x = bytearray(50 << 20); x[::4096] = x[::4096]; RESULT = sum(range(10**6))"
    )
    assert outcome.ok
    assert 5 < outcome.cpu_ms < outcome.wall_ms + 50
    assert 50 << 20 < outcome.max_rss < 200 << 20


def test_two_at_once_cannot_see_each_other(code: Sandbox) -> None:
    """Two learners run at the same time; the second knows even the number of the first."""
    look = """
import ctypes, os
RESULT = "stopped"
for pid in {pids}:
    try:
        open(f"/proc/{{pid}}/mem", "rb")
        RESULT = "through"
    except PermissionError:
        pass
    try:
        os.kill(pid, 0)
        RESULT = "through"
    except PermissionError:
        pass
"""
    with in_flight(code, "secret = 'x' * 100; import time; time.sleep(1); RESULT = 1") as outcomes:
        pids = children_of(zygote_of(code))
        assert code.run_code(look.format(pids=pids)).value == "stopped"
    assert outcomes[0].value == 1


def test_many_threads_share_one_jail(code: Sandbox) -> None:
    answers: dict[int, object] = {}

    def ask(number: int) -> None:
        answers[number] = code.run_code("def solve(a): return a * 2", [[number]]).value

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [number * 2] for number in range(12)}


def test_a_zygote_killed_in_the_middle_is_told_and_replaced(code: Sandbox) -> None:
    first = zygote_of(code)
    with in_flight(code) as outcomes:
        children = children_of(first)
        os.kill(first, signal.SIGKILL)
        assert wait_for(lambda: not any(map(running, children)), 1.0), "an orphan outlived it"
    assert outcomes[0].status == "zygote_died"
    assert outcomes[0].ours
    assert code.run_code("RESULT = 2").value == 2
    assert zygote_of(code) != first


def test_a_zygote_killed_while_idle_goes_unnoticed(code: Sandbox) -> None:
    os.kill(zygote_of(code), signal.SIGKILL)
    assert code.run_code("RESULT = 3").value == 3


def test_a_zygote_that_cannot_be_started_yet_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here = sys.executable
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with Sandbox(limits=QUICK, kinds=("code",)) as sandbox:
        assert not sandbox.wait(0.3)
        assert "could not be started" in (sandbox._supervisors["code"].failure or "")
        monkeypatch.setattr(sys, "executable", here)
        assert sandbox.run_code("RESULT = 5").value == 5


def test_a_waiting_child_that_dies_is_replaced(code: Sandbox) -> None:
    dead = waiting_children(zygote_of(code))
    for child in dead:
        os.kill(child, signal.SIGKILL)
    assert wait_for(lambda: not set(dead) & set(children_of(zygote_of(code))))
    assert code.run_code("RESULT = 4").value == 4


def test_a_run_killed_from_outside_is_not_the_learners_fault(code: Sandbox) -> None:
    """As the kernel does it when the whole machine is out of memory."""
    with in_flight(code) as outcomes:
        for child in children_of(zygote_of(code)):
            os.kill(child, signal.SIGKILL)
    assert outcomes[0].status == "zygote_died"
    assert outcomes[0].ours


def test_closing_ends_every_process() -> None:
    with Sandbox(limits=QUICK, kinds=("code",)) as sandbox:
        assert sandbox.wait()
        zygote = zygote_of(sandbox)
        family = [zygote, *waiting_children(zygote)]
    assert wait_for(lambda: not any(map(running, family)), 1.0)


SUPERVISOR = """
import threading, time
from mlarena.sandbox import Limits, Sandbox
sandbox = Sandbox(limits=Limits(wall_seconds=30), kinds=("code",))
sandbox.start()
sandbox.wait()
threading.Thread(target=sandbox.run_code, args=("import time; time.sleep(30)",), daemon=True).start()
time.sleep(0.2)
print(sandbox._supervisors["code"].pid, flush=True)
time.sleep(60)
"""


def test_a_killed_worker_leaves_no_orphan() -> None:
    root = str(Path(__file__).parents[2])
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR], cwd=root, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout
        zygote = int(worker.stdout.readline())
        family = [zygote, *children_of(zygote)]
        assert all(map(running, family))
        worker.kill()
        assert wait_for(lambda: not any(map(running, family)), 30.0), "an orphan outlived it"


def test_start_returns_at_once() -> None:
    sandbox = Sandbox(kinds=("code",))
    try:
        started = time.monotonic()
        sandbox.start()
        returned = time.monotonic()
        assert sandbox.run_code("RESULT = 1").value == 1
        assert sandbox.ready
        assert returned - started < time.monotonic() - returned  # it waited for no zygote
    finally:
        sandbox.close()


def test_a_fork_may_not_use_its_parents_jail(code: Sandbox) -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            code.run_code("RESULT = 1")
        except RuntimeError as error:
            os.write(write, str(error).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert b"does not survive a fork" in os.read(read, 1000)
    os.close(read)
    os.close(write)


def test_probe_tries_every_layer() -> None:
    found = probe()
    assert set(found) == set(LAYERS)
    assert found["seccomp"] is True
    assert found["limits"] is True


def test_without_seccomp_untrusted_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = {"seccomp": "Function not implemented", "limits": True}
    reason = refusal(layers)
    assert reason is not None
    assert "SANDBOX_ALLOW_DEGRADED=1" in reason
    assert "Function not implemented" in reason
    for allowed in (False, True):
        with Sandbox(allow_degraded=allowed, kinds=("code",)) as sandbox:
            assert sandbox.wait()
            monkeypatch.setattr(Sandbox, "layers", property(lambda _: layers))
            if allowed:
                assert sandbox.refuses is None
                assert sandbox.run_code("RESULT = 1").value == 1
            else:
                assert sandbox.refuses == reason
                with pytest.raises(Refused, match="seccomp"):
                    sandbox.run_code("RESULT = 1")
            monkeypatch.undo()


def test_another_system_than_linux_refuses_and_starts_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "darwin" in str(probe()["seccomp"])
    with Sandbox(allow_degraded=True, kinds=("code",)) as sandbox:
        assert "not Linux" in str(sandbox.layers["seccomp"])
        with pytest.raises(Refused, match="Linux only"):
            sandbox.run_code("RESULT = 1")


def test_a_zygote_on_a_machine_without_seccomp_starts_nothing(tmp_path: Path) -> None:
    """A machine whose seccomp is forbidden, made by a filter that forbids seccomp."""
    script = """
import errno, sys, time
from mlarena.sandbox import Sandbox, kernel, seccomp
rules = seccomp._Filter(None)
rules.load_number()
rules.one_of("prctl", 0, (1, 3, 4, 24, 38, 39), seccomp.RET_ERRNO | errno.EINVAL)
rules.calls(["seccomp"], seccomp.RET_ERRNO | errno.EINVAL)
kernel.no_new_privileges()
seccomp.install(rules.end(seccomp.RET_ALLOW))
with Sandbox(kinds=("code",)) as strict:
    print(strict.refuses)
    print(strict.wait(0.5))
with Sandbox(allow_degraded=True, kinds=("code",)) as degraded:
    print(degraded.layers["seccomp"])
    print(degraded.run_code("RESULT = 'degraded'").value)
"""
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    refused, ready, layer, value = done.stdout.splitlines()
    assert "seccomp" in refused
    assert ready == "False"
    assert "Invalid argument" in layer
    assert value == "degraded"
