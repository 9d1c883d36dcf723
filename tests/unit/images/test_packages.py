"""What apt would install is what is missing, and no more."""

from __future__ import annotations

from images.packages import Need, install_command, missing

THERE = Need("buildah", "buildah", lambda: True)
GONE = Need("Debian's archive keys", "debian-archive-keyring", lambda: False)
GONE_TOO = Need("CA certificates", "ca-certificates", lambda: False)


def test_only_what_is_missing_is_installed() -> None:
    assert missing((THERE, GONE)) == (GONE,)
    assert missing((THERE,)) == ()


def test_apt_is_asked_for_the_packages_without_recommendations() -> None:
    command = install_command((GONE, GONE_TOO))
    assert command[-2:] == ("ca-certificates", "debian-archive-keyring")
    assert "--no-install-recommends" in command
