"""Fields of pods, of other kinds and of other namespaces, none of which a resource has.

Clients that ask for strict validation, as kubectl does, are told; for others the API server drops the fields.
"""

from typing import Any

from hostile.case import Case, Harmless, Refused, Theme

_ENV = [{"name": "LD_PRELOAD", "value": "/work/evil.so"}]
_HOST_PATH = [{"name": "root", "hostPath": {"path": "/"}}]
_PRIVILEGED = {"privileged": True, "runAsUser": 0}

_OF_PODS: dict[str, Any] = {
    "activeProcesses": 1,
    "affinity": {"nodeAffinity": {}},
    "args": ["--unsafe"],
    "automountServiceAccountToken": True,
    "command": ["sh", "-c", "id"],
    "dnsConfig": {"nameservers": ["10.66.6.6"]},
    "dnsPolicy": "None",
    "env": _ENV,
    "envFrom": [{"secretRef": {"name": "admin"}}],
    "ephemeralContainers": [{"name": "x", "image": "evil"}],
    "hostAliases": [{"ip": "10.66.6.6", "hostnames": ["minio"]}],
    "hostIPC": True,
    "hostNetwork": True,
    "hostPID": True,
    "hostUsers": True,
    "hostname": "kube-apiserver",
    "imagePullSecrets": [{"name": "admin"}],
    "initContainers": [{"name": "x", "image": "evil"}],
    "lifecycle": {"postStart": {"exec": {"command": ["id"]}}},
    "nodeName": "control-plane",
    "podTemplate": {"spec": {"hostNetwork": True}},
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 2_000_000_000,
    "resourceClaims": [{"name": "gpu", "resourceClaimName": "of-another"}],
    "restartPolicy": "Always",
    "schedulerName": "evil",
    "securityContext": _PRIVILEGED,
    "serviceAccount": "admin",
    "serviceAccountName": "admin",
    "shareProcessNamespace": True,
    "sidecars": [{"name": "x", "image": "evil"}],
    "subdomain": "kube-dns",
    "template": {"spec": {"serviceAccountName": "admin"}},
    "volumeMounts": [{"name": "root", "mountPath": "/host"}],
    "volumes": _HOST_PATH,
}
_ELSEWHERE: dict[str, Any] = {
    "spec.managedBy": "kueue.x-k8s.io/multikueue",
    "spec.namespace": "kube-system",
    "spec.parallelism": 100,
    "spec.podFailurePolicy": {"rules": []},
    "spec.dataset.endpoint": "http://169.254.169.254",
    "spec.dataset.hostPath": "/etc",
    "spec.dataset.persistentVolumeClaim": {"claimName": "of-another"},
    "spec.model.inference.configMapRef": {"name": "x", "namespace": "kube-system"},
    "spec.model.inference.secretRef": {"name": "admin"},
    "spec.output.endpoint": "http://evil.example",
    "spec.output.secretRef": {"name": "admin"},
    "spec.runtime.command": ["sh", "-c", "id"],
    "spec.runtime.env": _ENV,
    "spec.runtime.hostNetwork": True,
    "spec.runtime.imagePullPolicy": "Never",
    "spec.runtime.nodeName": "control-plane",
    "spec.runtime.privileged": True,
    "spec.runtime.resources.claims": [{"name": "gpu"}],
    "spec.runtime.securityContext": _PRIVILEGED,
    "spec.runtime.serviceAccountName": "admin",
    "spec.runtime.volumeMounts": [{"name": "root", "mountPath": "/host"}],
    "spec.runtime.volumes": _HOST_PATH,
    "spec.storage.accessKey": "literal",
    "spec.storage.endpoint": "http://evil.example",
    "spec.storage.secretKey": "literal",
    "spec.storage.secretRef.key": "token",
    "spec.storage.secretRef.namespace": "kube-system",
    "spec.storage.secretRef.optional": True,
}
_DROPPED = (
    "spec.podTemplate",
    "spec.env",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "spec.volumes",
    "spec.runtime.env",
    "spec.runtime.command",
    "spec.runtime.securityContext",
    "spec.runtime.volumes",
    "spec.storage.endpoint",
    "spec.storage.secretRef.namespace",
    "spec.output.secretRef",
)
_ALL = {**{f"spec.{name}": value for name, value in _OF_PODS.items()}, **_ELSEWHERE}

THEME = Theme(
    "Fields that a resource does not have",
    "environment, commands, volumes, accounts and namespaces of a pod, a Job or a Secret",
    (
        *(Case(f"{path} given", {path: value}, Refused(path)) for path, value in _ALL.items()),
        *(Case(f"{path} dropped", {path: _ALL[path]}, Harmless(), strict=False) for path in _DROPPED),
    ),
)
