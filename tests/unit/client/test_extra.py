"""The extra `client` is enough for all cluster commands: no Paddle, no numpy, no kopf."""

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

import pytest

BLOCKED = """\
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocked())
"""
IMPORTS = (
    "import segcompress.__main__, segcompress.client, segcompress.commands.border, segcompress_runner.cli"
)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def needed_by(extra: str) -> set[str]:
    """Return the distributions that `segcompress[extra]` installs."""
    found: set[str] = set()
    waiting = [
        line
        for line in requires("segcompress") or ()
        if "extra ==" not in line or f"extra == '{extra}'" in line
    ]
    while waiting:
        name = normal(re.split(r"[ \[<>=!;~]", waiting.pop())[0])
        if name not in found:
            found.add(name)
            try:
                waiting += [line for line in requires(name) or () if "extra ==" not in line]
            except PackageNotFoundError:
                continue  # for another system
    return found


def without(extra: str) -> set[str]:
    """Return the modules of this environment that `segcompress[extra]` alone does not install."""
    ours = needed_by(extra) | {"segcompress"}
    return {
        module for module, names in packages_distributions().items() if not ours & set(map(normal, names))
    }


def run_without(blocked: set[str], program: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(blocked=blocked) + program
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_extra_client_is_enough_for_the_client() -> None:
    blocked = without("client")
    assert blocked >= {"paddle", "numpy", "kopf", "onnx"}
    done = run_without(blocked, IMPORTS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("package", "arguments", "extra"),
    [
        pytest.param("kubernetes", ["list"], "client", id="no client"),
        pytest.param("minio", ["list"], "client", id="nothing at all, for a cluster"),
        pytest.param("minio", ["validate", "x"], "runner", id="nothing at all, without one"),
        pytest.param("numpy", ["validate", "x"], "runner", id="client alone"),
        pytest.param("obstore", ["promote", "x", "y"], "client", id="promote"),
    ],
)
def test_command_whose_extra_is_missing_names_it(package: str, arguments: list[str], extra: str) -> None:
    program = f"sys.argv[1:] = {arguments!r}\nfrom segcompress.__main__ import main\nsys.exit(main())"
    done = run_without({package}, program)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: needs the package {package}: install segcompress[{extra}]\n"
