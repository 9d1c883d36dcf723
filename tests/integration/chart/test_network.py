"""The NetworkPolicies of the chart."""

from typing import Any

import pytest

from integration.chart.helm import NAMESPACE, of_kind, rendered


def test_they_are_made_where_asked() -> None:
    assert of_kind(rendered(), "NetworkPolicy") == []
    egress = [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}], "ports": [{"port": 9000, "protocol": "TCP"}]}]
    made = of_kind(
        rendered(networkPolicy={"enabled": True, "runnerEgress": egress}, watchNamespaces=["a", "b"]),
        "NetworkPolicy",
    )
    assert [each["metadata"]["namespace"] for each in made] == [NAMESPACE, "a", "b"]
    operator, *runners = made
    (deployment,) = of_kind(rendered(), "Deployment")
    _, reports = operator["spec"]["ingress"]
    (runner_pods,) = reports["from"]
    (peer,) = runners[0]["spec"]["egress"][-1]["to"]
    assert peer["namespaceSelector"]["matchLabels"] == {"kubernetes.io/metadata.name": NAMESPACE}
    assert peer["podSelector"] == deployment["spec"]["selector"]
    assert operator["spec"]["podSelector"] == deployment["spec"]["selector"]
    for runner in runners:
        assert runner["spec"]["podSelector"]["matchLabels"] == {
            "app.kubernetes.io/name": "segcompress-runner"
        }
        assert runner["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert "ingress" not in runner["spec"]
        assert runner["spec"]["podSelector"] == runner_pods["podSelector"]
        assert runner["spec"]["egress"][:-1] == egress


@pytest.mark.parametrize("progress", [True, False])
def test_runners_without_egress_reach_the_operator_at_most(*, progress: bool) -> None:
    policies: dict[str, Any] = {"enabled": True, "runnerEgress": [], "operatorEgress": []}
    operator, runner = of_kind(
        rendered(networkPolicy=policies, watchNamespaces=["a"], progress__enabled=progress), "NetworkPolicy"
    )
    assert operator["spec"]["egress"] == []
    assert [rule["ports"][0]["port"] for rule in runner["spec"]["egress"] or ()] == [8443] * progress
    assert "Egress" in runner["spec"]["policyTypes"]
