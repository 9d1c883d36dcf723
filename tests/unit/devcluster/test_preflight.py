"""Why a machine cannot run the cluster, said in words that help."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from devcluster.layout import Addresses, Layout
from devcluster.preflight import (
    CONTROLLERS,
    GO_VERSION,
    Facts,
    go_version,
    observed_controllers,
    other_network,
    problems,
)

if TYPE_CHECKING:
    from pathlib import Path

ALL_BUT_SYS_ADMIN = ~(1 << 21)


def test_a_capable_machine_has_no_problem() -> None:
    assert problems(Facts()) == []


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(Facts(system="Darwin"), "containers need Linux, this is Darwin", id="not Linux"),
        pytest.param(Facts(root=False), "needs root, and sudo is missing", id="neither root nor sudo"),
        pytest.param(
            Facts(capabilities=ALL_BUT_SYS_ADMIN), "root lacks CAP_SYS_ADMIN", id="root in a container"
        ),
        pytest.param(
            Facts(cgroups_writable=False), "/sys/fs/cgroup cannot be written", id="cgroups read-only"
        ),
        pytest.param(
            Facts(controllers=("cpu", "pids")), "controllers cpuset, memory", id="controllers missing"
        ),
        pytest.param(Facts(overlay=False), "no overlay file system", id="no overlayfs"),
        pytest.param(Facts(missing_devices=("/dev/kmsg",)), "/dev/kmsg is missing", id="no kmsg"),
        pytest.param(Facts(go=None), "go is not on PATH", id="no Go"),
        pytest.param(Facts(go=(1, 22)), "Go is 1.22; the cluster's programs need 1.26.6", id="old Go"),
        pytest.param(Facts(free_bytes=3_000_000_000), "only 3 GB are free", id="full disk"),
        pytest.param(Facts(overlap="10.213.4.0/24 dev tun0"), "SEGCOMPRESS_NETWORK", id="network taken"),
        pytest.param(Facts(kept_network="10.77.0.0/16"), "belongs to the network 10.77.0.0/16", id="moved"),
    ],
)
def test_a_problem_is_one_sentence_that_names_it(facts: Facts, expected: str) -> None:
    (problem,) = problems(facts)
    assert expected in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(
            Facts(root=False, sudo=True, capabilities=0, cgroups_writable=False), id="sudo brings rights"
        ),
        pytest.param(Facts(programs_built=True, go=None, free_bytes=0), id="nothing is left to build"),
        pytest.param(Facts(go=(1, 22), go_upgrades_itself=True), id="Go fetches the newer Go"),
        pytest.param(Facts(go=(1, 27)), id="newer Go"),
    ],
)
def test_what_is_no_problem(facts: Facts) -> None:
    assert problems(facts) == []


def test_all_problems_are_told_at_once() -> None:
    found = problems(Facts(capabilities=0, overlay=False, go=None))
    assert len(found) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("go version go1.26.8 linux/amd64", (1, 26, 8), id="release"),
        pytest.param("go version go1.27rc1 linux/arm64", (1, 27), id="candidate"),
        pytest.param("gibberish", None, id="no Go at all"),
    ],
)
def test_go_version_is_read(text: str, expected: tuple[int, ...] | None) -> None:
    assert go_version(text) == expected


def test_the_wanted_go_is_what_the_modules_ask_for() -> None:
    from devcluster.layout import MODULES

    lines = [line for path in MODULES.glob("*/go.mod") for line in path.read_text().splitlines()]
    asked = [tuple(map(int, line.split()[1].split("."))) for line in lines if line.startswith("go ")]
    assert max(asked) == GO_VERSION


def test_controllers_of_either_cgroup_version(tmp_path: Path) -> None:
    for name in CONTROLLERS:
        (tmp_path / name).mkdir()
    assert observed_controllers(tmp_path) == CONTROLLERS
    (tmp_path / "cgroup.controllers").write_text("cpu memory\n")
    assert observed_controllers(tmp_path) == ("cpu", "memory")


def test_data_of_another_network_is_noticed(tmp_path: Path) -> None:
    layout, addresses = Layout(tmp_path), Addresses.from_environment({})
    assert other_network(layout, addresses) is None
    layout.state.mkdir()
    layout.network.write_text(addresses.network)
    assert other_network(layout, addresses) is None
    moved = Addresses.from_environment({"SEGCOMPRESS_NETWORK": "10.77.0.0/16"})
    assert other_network(layout, moved) == "10.213.0.0/16"
