"""The demo once more after it was interrupted."""

import subprocess

import pytest

from demo.target import SYSTEM_NAMESPACE, prepare_target
from documents import ROOT
from e2e.kube import Kube, Operator, eventually


@pytest.mark.usefixtures("scenarios_over")
def test_an_interrupted_installation_is_taken_up(kube: Kube) -> None:
    if kube.target.context:
        pytest.skip("not run: on a cluster of your own the operator's images are another matter")
    upgrade = ["helm", "upgrade", "segcompress", str(ROOT / "charts/segcompress"), "--reuse-values", "--wait"]
    place = ["--namespace", SYSTEM_NAMESPACE, "--set=image.tag=absent"]
    helm = subprocess.Popen([*upgrade, *place], env=dict(kube.target.env))
    try:
        eventually(lambda: kube.helm("list", "--pending", "--short"), "an upgrade that goes on")
    finally:
        helm.kill()
        helm.wait()
    prepare_target()
    assert kube.helm("list", "--pending", "--short") == ""
    assert Operator(kube).pods()
