"""Programs are started, recognised and stopped by their process id; real processes stand in for them."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import pytest

from devcluster.errors import DevclusterError
from devcluster.processes import Program, Running, Supervisor, boot_id, start_ticks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class FileProbe:
    """Ready when the program has written its file."""

    path: Path

    def answers(self) -> bool:
        return self.path.exists()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path / "records", tmp_path / "logs")
    yield made
    made.stop("sleeper", within_s=0.5)


@pytest.fixture
def sleeper(tmp_path: Path) -> Program:
    ready = tmp_path / "ready"
    script = f'touch "{ready}"; while true; do sleep 0.05; done'
    return Program("sleeper", ("/bin/sh", "-c", script), FileProbe(ready))


def test_a_started_program_is_found_again_by_another(
    supervisor: Supervisor, sleeper: Program, tmp_path: Path
) -> None:
    assert supervisor.start(sleeper)
    supervisor.await_ready([sleeper])
    found = Supervisor(tmp_path / "records", tmp_path / "logs").find("sleeper")
    assert found is not None
    assert found.ticks == start_ticks(found.pid)


def test_starting_twice_changes_nothing(supervisor: Supervisor, sleeper: Program) -> None:
    supervisor.start(sleeper)
    before = supervisor.find("sleeper")
    assert not supervisor.start(sleeper)
    assert supervisor.find("sleeper") == before


@pytest.mark.parametrize("change", ["argument", "file", "environment", "certificate"])
def test_a_changed_program_is_restarted(
    supervisor: Supervisor, sleeper: Program, tmp_path: Path, change: str
) -> None:
    config = tmp_path / "config"
    first = replace(sleeper, files={config: "old"})
    changes = {
        "argument": replace(first, argv=(*first.argv, "more")),
        "file": replace(first, files={config: "new"}),
        "environment": replace(first, environment={"A": "b"}),
        "certificate": replace(first, inputs=("fingerprint",)),
    }
    supervisor.start(first)
    before = supervisor.find("sleeper")
    assert supervisor.start(changes[change])
    after = supervisor.find("sleeper")
    assert before is not None
    assert after is not None
    assert before.pid != after.pid
    assert not before.alive
    assert config.read_text() == ("new" if change == "file" else "old")


def test_a_killed_program_is_started_again(supervisor: Supervisor, sleeper: Program) -> None:
    supervisor.start(sleeper)
    running = supervisor.find("sleeper")
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    while supervisor.find("sleeper") is not None:
        pass
    assert supervisor.start(sleeper)


def test_a_program_that_ignores_the_polite_signal_is_ended(supervisor: Supervisor, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap '' TERM; touch \"{ready}\"; while true; do sleep 0.05; done"
    stubborn = Program("sleeper", ("/bin/sh", "-c", script), FileProbe(ready))
    supervisor.start(stubborn)
    supervisor.await_ready([stubborn])
    running = supervisor.find("sleeper")
    supervisor.stop("sleeper", within_s=0.3)
    assert running is not None
    assert not running.alive


def test_a_record_of_another_process_with_the_same_id_is_not_ours(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    (tmp_path / "records").mkdir()
    record = Running(os.getpid(), boot_id(), 1, "", 0.0)
    (tmp_path / "records" / "sleeper.json").write_text(json.dumps(asdict(record)))
    assert supervisor.find("sleeper") is None
    supervisor.stop("sleeper")  # must not end this very test


def test_a_record_of_an_earlier_boot_is_void(
    supervisor: Supervisor, sleeper: Program, tmp_path: Path
) -> None:
    supervisor.start(sleeper)
    running = supervisor.find("sleeper")
    assert running is not None
    records = tmp_path / "earlier"
    records.mkdir()
    (records / "sleeper.json").write_text(json.dumps(asdict(replace(running, boot="another"))))
    later = Supervisor(records, tmp_path / "logs")
    assert later.find("sleeper") is None
    later.stop("sleeper")
    assert running.alive


def test_a_program_that_ends_at_once_shows_its_last_words(supervisor: Supervisor, tmp_path: Path) -> None:
    argv = ("/bin/sh", "-c", "echo port 80 is taken; exit 3")
    broken = Program("sleeper", argv, FileProbe(tmp_path / "never"))
    supervisor.start(broken)
    with pytest.raises(DevclusterError, match=r"sleeper ended at once; its log says:\n  port 80 is taken"):
        supervisor.await_ready([broken])


def test_a_program_that_never_gets_ready_is_named(
    supervisor: Supervisor, sleeper: Program, tmp_path: Path
) -> None:
    silent = replace(sleeper, probe=FileProbe(tmp_path / "never"))
    supervisor.start(silent)
    with pytest.raises(DevclusterError, match="sleeper is not ready after 0 s"):
        supervisor.await_ready([silent], within_s=0.2)


def test_proxies_of_the_caller_do_not_reach_programs(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    seen = tmp_path / "seen"
    script = f'echo "<$HTTPS_PROXY>" > "{seen}.new"; mv "{seen}.new" "{seen}"; sleep 60'
    program = Program("sleeper", ("/bin/sh", "-c", script), FileProbe(seen))
    supervisor.start(program)
    supervisor.await_ready([program])
    assert seen.read_text() == "<>\n"
