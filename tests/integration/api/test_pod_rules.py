"""The API server refuses the pods that `segcompress_api.pod_rules` refuses, and no others."""

from typing import Any

import pytest

from integration.api.kubectl import Kubectl
from integration.operator.api import Api, ApiError
from segcompress_api.job import JobSpec
from segcompress_operator.resources.names import Owner
from segcompress_operator.resources.runner_pod import make_pod_template
from unit.api.pods import ACCEPTED, REFUSED
from unit.operator.samples import SETTINGS, spec_with

URL = "/api/v1/namespaces/default/podtemplates?dryRun=All"


@pytest.fixture(scope="module")
def api(kubectl: Kubectl) -> Api:
    return Api(kubectl.kubeconfig)


def send(api: Api, runtime: dict[str, Any]) -> None:
    spec = JobSpec.model_validate(spec_with(runtime={"device": "CPU", **runtime}), by_name=False)
    template = make_pod_template(Owner("default", "demo", "uid"), spec, 1, SETTINGS)
    body = {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "demo"}, "template": template}
    api.request("POST", URL, body)


@pytest.mark.parametrize(("runtime", "field", "_"), REFUSED)
def test_api_server_refuses_the_pod(api: Api, runtime: dict[str, Any], field: str, _: str) -> None:
    with pytest.raises(ApiError) as refused:
        send(api, runtime)
    assert refused.value.status == 422
    assert field.partition(".")[0].partition("[")[0] in str(refused.value)


@pytest.mark.parametrize("runtime", ACCEPTED)
def test_api_server_takes_the_pod(api: Api, runtime: dict[str, Any]) -> None:
    send(api, runtime)
