"""A cluster of its own, whose operator receives reports: its Service has one address."""

from collections.abc import Iterator

import pytest

from devcluster.controlplane import ControlPlane
from integration.chart.helm import rendered
from integration.operator.api import Api
from integration.operator.installed import install_crd, install_rights
from integration.operator.reports.listening import Start, operators


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    controllers = ("job-controller", "serviceaccount-controller", "garbage-collector-controller")
    with ControlPlane(tmp_path_factory.mktemp("plane"), controllers=controllers) as running:
        yield running


@pytest.fixture(scope="module")
def api(plane: ControlPlane) -> Api:
    admin = Api(plane.kubeconfig)
    install_crd(admin)
    install_rights(admin, rendered())
    return admin


@pytest.fixture(scope="module")
def start(plane: ControlPlane, api: Api, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with operators(plane, api, tmp_path_factory.mktemp("operator")) as start:
        yield start
