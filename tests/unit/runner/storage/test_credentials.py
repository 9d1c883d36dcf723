import os
import subprocess
import sys
from pathlib import Path

import pytest

from segcompress_runner.storage import credentials, settings_from, take_credentials

SECRETS = {
    "S3_ENDPOINT": "http://store.example:9000",
    "AWS_ACCESS_KEY_ID": "canary-key",
    "AWS_SECRET_ACCESS_KEY": "canary-secret",
    "AWS_SESSION_TOKEN": "canary-token",
}
PROGRAM = """
import os, subprocess
from segcompress_runner.storage import take_credentials
taken = take_credentials(os.environ)
assert taken["AWS_SECRET_ACCESS_KEY"] == "canary-secret"
print(dict(os.environ))
print(open("/proc/self/environ", "rb").read())
print(subprocess.run(["cat", "/proc/self/environ"], capture_output=True).stdout)
if os.fork() == 0:
    print(open("/proc/self/environ", "rb").read(), flush=True)
    os._exit(0)
os.wait()
"""


def test_settings_come_from_what_was_taken() -> None:
    environment = SECRETS | {"HOME": "/home/somebody"}
    assert settings_from(take_credentials(environment)).secret_key == "canary-secret"
    assert environment == {"HOME": "/home/somebody"}


def test_neither_the_process_nor_its_children_keep_credentials() -> None:
    kept = {"SEGCOMPRESS_KEPT": "kept"}
    seen = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | SECRETS | kept,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "canary" not in seen
    assert seen.count("SEGCOMPRESS_KEPT") == 4


def test_a_system_without_proc_takes_credentials_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(credentials, "_STAT", tmp_path / "none")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    assert take_credentials(os.environ)["AWS_SECRET_ACCESS_KEY"] == "canary-secret"
    assert not set(SECRETS) & set(os.environ)


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_absent_variables_are_left_to_the_settings(missing: str) -> None:
    environment = {name: value for name, value in SECRETS.items() if name != missing}
    assert missing not in take_credentials(environment)
