"""Children start, restart and end together, seen through real processes."""

import os
import signal
import sys
from pathlib import Path

import pytest

from deploy.processes.supervise import Supervisor
from proxy.contract.failure import ConfigError

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_leaving_ends_every_child() -> None:
    with Supervisor(lambda _: None) as supervisor:
        first, second = supervisor.start("first", SLEEP), supervisor.start("second", SLEEP)
    assert first.process.returncode == -signal.SIGTERM
    assert second.process.returncode == -signal.SIGTERM


def test_the_end_of_a_child_ends_the_wait_with_its_status() -> None:
    with Supervisor(lambda _: None) as supervisor:
        supervisor.start("lasting", SLEEP)
        supervisor.start("failing", [sys.executable, "-c", "raise SystemExit(7)"])
        assert supervisor.wait() == 7


def test_a_killed_child_is_started_again_and_the_user_told(tmp_path: Path) -> None:
    said: list[str] = []
    marks = tmp_path / "starts"
    program = f"import time; open({str(marks)!r}, 'a').write('x'); time.sleep(60)"
    with Supervisor(said.append) as supervisor:
        child = supervisor.start("collector", [sys.executable, "-c", program], restart=True)
        assert supervisor.wait_until(marks.exists, 10)
        os.kill(child.process.pid, signal.SIGKILL)
        while marks.read_text() != "xx":
            assert supervisor.pause(0.05)
    assert said == ["collector ended (SIGKILL); starting it again"]


def test_a_signal_ends_the_wait_and_counts_as_success() -> None:
    with Supervisor(lambda _: None) as supervisor:
        supervisor.start("lasting", SLEEP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert supervisor.wait() == 0


def test_waiting_for_readiness_ends_when_a_child_does() -> None:
    with Supervisor(lambda _: None) as supervisor:
        supervisor.start("failing", [sys.executable, "-c", "raise SystemExit(2)"])
        assert not supervisor.wait_until(lambda: False, 30)
        assert supervisor.first_exit() == 2


def test_a_program_that_cannot_be_started_is_named_with_the_cause(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    with Supervisor(lambda line: None) as supervisor:
        for program, cause in ((plain, "Permission denied"), (tmp_path / "absent", "No such file")):
            with pytest.raises(ConfigError, match=f"cannot start '{program}': {cause}.*; name an executable"):
                supervisor.start("program", [str(program)])


def test_status_2_ends_the_wait_even_of_a_child_that_is_restarted_otherwise() -> None:
    said: list[str] = []
    with Supervisor(said.append) as supervisor:
        supervisor.start("crashed", [sys.executable, "-c", "raise SystemExit(1)"], restart=True)
        misconfigured = supervisor.start(
            "collector", [sys.executable, "-c", "raise SystemExit(2)"], restart=True
        )
        misconfigured.process.wait()
        assert supervisor.wait() == 2
    assert not any("collector" in line for line in said)


def test_what_answers_after_the_end_of_a_child_is_not_that_child() -> None:
    with Supervisor(lambda _: None) as supervisor:
        child = supervisor.start("collector", [sys.executable, "-c", "raise SystemExit(2)"], restart=True)
        child.process.wait()
        assert not supervisor.wait_until(lambda: True, 30)
        assert supervisor.first_exit() == 2
