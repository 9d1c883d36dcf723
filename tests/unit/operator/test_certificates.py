"""The certificate that the server shows, and how it is renewed."""

import logging
import shutil
import ssl
from pathlib import Path

import pytest

from certified import certified
from segcompress_operator.certificates import Certificate
from segcompress_operator.errors import SettingError


def test_folder_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="SEGCOMPRESS_PROGRESS_TLS: must be a folder"):
        Certificate(tmp_path)


@pytest.mark.parametrize("content", ["not PEM", ""])
@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
def test_file_that_holds_something_else_is_refused(tmp_path: Path, name: str, content: str) -> None:
    folder = certified(tmp_path)
    (folder / name).write_text(content)
    with pytest.raises(SettingError, match="SEGCOMPRESS_PROGRESS_TLS"):
        Certificate(folder)


def test_renewed_certificate_is_taken_in(tmp_path: Path) -> None:
    folder = certified(tmp_path / "first")
    certificate = Certificate(folder)
    before = certificate.ca
    shutil.copytree(certified(tmp_path / "second"), folder, dirs_exist_ok=True)
    certificate.refresh()
    assert certificate.ca != before
    assert certificate.ca == (folder / "ca.crt").read_text()


def shakes_hands(certificate: Certificate) -> bool:
    """Return whether a client that trusts the authority gets through to the server."""
    trust = ssl.create_default_context(cadata=certificate.ca)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(to_client, to_server, server_hostname="localhost")
    server = certificate.context.wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return client.version() is not None


def test_authority_that_no_job_could_carry_is_refused(tmp_path: Path) -> None:
    folder = certified(tmp_path)
    authority = folder / "ca.crt"
    authority.write_text(authority.read_text() * 40)
    with pytest.raises(SettingError, match=r"ca\.crt must have at most 16384 bytes"):
        Certificate(folder)


def test_files_that_do_not_belong_together_leave_all_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    folder, other = certified(tmp_path / "first"), certified(tmp_path / "second")
    certificate = Certificate(folder)
    before = certificate.ca
    shutil.copy(other / "tls.crt", folder / "tls.crt")
    certificate.refresh()
    assert certificate.ca == before
    assert shakes_hands(certificate)
    assert "cannot be used" in caplog.text
    shutil.copytree(other, folder, dirs_exist_ok=True)
    certificate.refresh()
    assert certificate.ca != before
