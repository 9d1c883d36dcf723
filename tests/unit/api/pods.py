"""What a spec says of its pod, as the API server takes or refuses it."""

from typing import Any

import pytest

_WORD = "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"


def resources(requests: dict[str, str], limits: dict[str, str]) -> dict[str, Any]:
    return {"resources": {"requests": requests, "limits": limits}}


REFUSED = [
    pytest.param(
        resources({"memory": "8Gi"}, {"memory": "8000Mi"}),
        "resources.requests[memory]",
        "must be at most the limit of 8000Mi, got 8Gi; lower the request, or raise the limit",
        id="memory",
    ),
    pytest.param(
        resources({"cpu": "2"}, {"cpu": "1500m"}),
        "resources.requests[cpu]",
        "must be at most the limit of 1500m, got 2; lower the request, or raise the limit",
        id="cpu",
    ),
    pytest.param(
        resources({"example.com/npu": "1"}, {}),
        "resources.requests[example.com/npu]",
        "must be equal to the limit, which is missing, got 1; give the limit",
        id="device without a limit",
    ),
    pytest.param(
        resources({"example.com/npu": "1"}, {"example.com/npu": "2"}),
        "resources.requests[example.com/npu]",
        "must be equal to the limit, 2, got 1; give the limit",
        id="device with another limit",
    ),
    pytest.param(
        resources({}, {"example.com/npu": "1500m"}),
        "resources.limits[example.com/npu]",
        "must be a whole number, got 1500m; devices cannot be divided",
        id="part of a device",
    ),
    pytest.param(
        resources({}, {"memroy": "8Gi"}),
        "resources.limits[memroy]",
        "is not a resource of a container; did you mean memory?",
        id="typo",
    ),
    pytest.param(
        resources({"memroy": "8Gi"}, {}),
        "resources.requests[memroy]",
        "is not a resource of a container; did you mean memory?",
        id="typo in a request",
    ),
    pytest.param(
        resources({}, {"Example.COM/npu": "1"}),
        "resources.limits[Example.COM/npu]",
        f"the key 'Example.COM/npu' must have {_WORD}, after a domain and '/' if it has any",
        id="name of a device",
    ),
    pytest.param(
        resources({}, {"requests.example.com/npu": "1"}),
        "resources.limits[requests.example.com/npu]",
        "must not begin with requests.; quotas name devices so",
        id="name of a quota",
    ),
    pytest.param(
        resources({}, {"kubernetes.io/a b": "1"}),
        "resources.limits[kubernetes.io/a b]",
        f"the key 'kubernetes.io/a b' must have {_WORD}, after a domain and '/' if it has any",
        id="name of a native resource",
    ),
    pytest.param(
        {"nodeSelector": {"pool of gpus": "a"}},
        "nodeSelector[pool of gpus]",
        f"the key 'pool of gpus' must have {_WORD}, after a domain and '/' if it has any",
        id="node selector",
    ),
    pytest.param(
        {"tolerations": [{"key": "gpu/"}]},
        "tolerations[0].key",
        f"the key 'gpu/' must have {_WORD}, after a domain and '/' if it has any",
        id="taint key",
    ),
    pytest.param(
        {"tolerations": [{"value": "a"}]},
        "tolerations[0].operator",
        "must be Exists when key is empty, got none; give the key of a taint",
        id="value of any taint",
    ),
    pytest.param(
        {"tolerations": [{"key": "gpu", "operator": "Exists", "value": "a"}]},
        "tolerations[0].value",
        "must be empty if operator is Exists, got a; use operator Equal, or leave the value out",
        id="value of a taint that only exists",
    ),
    pytest.param(
        {"tolerations": [{"key": "gpu"}, {"key": "gpu", "tolerationSeconds": 60, "effect": "NoSchedule"}]},
        "tolerations[1].effect",
        "must be NoExecute if tolerationSeconds is given, got NoSchedule",
        id="seconds",
    ),
]

ACCEPTED = [
    pytest.param({}, id="nothing"),
    pytest.param(resources({"memory": "8Gi", "cpu": "1500m"}, {"memory": "8192Mi"}), id="equal"),
    pytest.param(resources({"example.com/npu": "1"}, {"example.com/npu": "1"}), id="device"),
    pytest.param(resources({}, {"example.com/npu": "1", "cpu": "500m"}), id="limits alone"),
    pytest.param(
        resources({"kubernetes.io/batch-cpu": "1.5"}, {"kubernetes.io/batch-cpu": "2"}),
        id="overcommitted resource of another scheduler",
    ),
    pytest.param(resources({"kubernetes.io/example": "500m"}, {}), id="native resource, not a device"),
    pytest.param(resources({}, {"example.com/npu": f"{'9' * 30}Ti"}), id="as many devices as can be written"),
    pytest.param({"tolerations": [{"operator": "Exists"}]}, id="every taint"),
    pytest.param({"nodeSelector": {"example.com/pool": "a"}}, id="node selector"),
    pytest.param(
        {
            "tolerations": [
                {"key": "gpu", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 0}
            ]
        },
        id="toleration",
    ),
]
