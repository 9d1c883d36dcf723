"""The demo on a cluster of the user's own: what it will do there, said before it is done, and its removal.

`SEGCOMPRESS_CONTEXT` names the kubeconfig's context. Everything carries the demo's own names; what is
there under other names stays as it is, and a name that is taken by something else is refused.
"""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from minio.deleteobjects import DeleteObject

from demo.console import DemoError, answer, run, say, step
from demo.inputs import Inputs, store_client
from demo.jobs import NAMESPACE, OWN_LABEL
from demo.target import Target, archives, build_images, install_operator

RELEASE = "segcompress-demo"
SYSTEM_NAMESPACE = "segcompress-demo-system"
FOLDER = "segcompress-demo"
DEFAULT_PREFIX = "s3://segcompress-demo"
CRDS = ("segcompressionjobs.segcompress.dev", "segcompressionsweeps.segcompress.dev")
OPERATORS = "app.kubernetes.io/name=segcompress,app.kubernetes.io/component=operator"
NEEDED = ("S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
NO_CONTEXT = "SEGCOMPRESS_CONTEXT is not set: `make cluster-down` ends the local cluster"


@dataclass(frozen=True)
class Settings:
    """How images come to the cluster's nodes: pushed under a prefix, or brought there by a command."""

    push: bool
    load: tuple[str, ...]


def settings_from(environ: Mapping[str, str]) -> Settings:
    """Read IMAGE_PREFIX (empty: the nodes get the images otherwise) and IMAGE_LOAD; raise DemoError."""
    if "IMAGE_PREFIX" not in environ and not environ.get("IMAGE_LOAD"):
        raise DemoError(
            "SEGCOMPRESS_CONTEXT is set, so the images must reach its nodes: IMAGE_PREFIX names a registry "
            "to push to, or IMAGE_LOAD a command that takes an archive, such as 'kind load image-archive'; "
            "an empty IMAGE_PREFIX means that the nodes have them"
        )
    return Settings(bool(environ.get("IMAGE_PREFIX")), tuple(shlex.split(environ.get("IMAGE_LOAD", ""))))


def target_from(environ: Mapping[str, str]) -> Target:
    """Read where the cluster and the object store are; raise DemoError naming what is missing."""
    context = environ.get("SEGCOMPRESS_CONTEXT")
    if not context:
        raise DemoError(NO_CONTEXT)
    if missing := [name for name in NEEDED if not environ.get(name)]:
        raise DemoError(f"SEGCOMPRESS_CONTEXT is set, so these must be too: {', '.join(missing)}")
    prefix = (environ.get("S3_PREFIX") or DEFAULT_PREFIX).rstrip("/")
    if urlsplit(prefix).scheme != "s3" or not urlsplit(prefix).netloc:
        raise DemoError(
            f"S3_PREFIX must be a bucket or a folder in one, such as s3://my-bucket, got {prefix!r}"
        )
    return Target(
        env=dict(environ),
        context=("--context", context),
        endpoint=environ["S3_ENDPOINT"],
        access_key=environ["AWS_ACCESS_KEY_ID"],
        secret_key=environ["AWS_SECRET_ACCESS_KEY"],
        release=RELEASE,
        system_namespace=SYSTEM_NAMESPACE,
        prefix=f"{prefix}/{FOLDER}",
    )


def plan(target: Target, settings: Settings, inputs: Inputs, made: str, *, has_crd: bool) -> list[str]:
    """Return what the demo will do, one line a step; `made` is what it runs."""
    load = (
        f"run `{' '.join(settings.load)}` with each archive" if settings.load else "expect them on the nodes"
    )
    images = f"push them to {target.env.get('IMAGE_PREFIX')}" if settings.push else load
    crd = "kept as they are" if has_crd else "created"
    inputs_at = f"{target.uri('models', inputs.name)} and {target.uri('datasets', inputs.name)}"
    outputs_at = f"{target.prefix}/compressed/"
    return [
        f"build the images operator and runner, and {images}",
        f"helm: release {target.release} in namespace {target.system_namespace}; {', '.join(CRDS)}: {crd}",
        f"upload model and pictures to {inputs_at} at {target.endpoint}",
        f"namespace {NAMESPACE}: the store's keys, and {made}, written below {outputs_at}",
        "afterwards: `make demo-clean` removes all of it",
    ]


def check_free(target: Target) -> None:
    """Raise DemoError where another operator would act on the same resources, or a name is taken."""
    found = json.loads(target.kubectl("get", "deployments", "-A", "-l", OPERATORS, "-o", "json"))["items"]
    places = {item["metadata"]["namespace"] for item in found} - {SYSTEM_NAMESPACE}
    if places:
        raise DemoError(
            f"SegCompress is installed on this cluster already (namespace {min(places)}), and two operators "
            "would both act on the demo's resources; apply examples/*/job.yaml there instead"
        )
    if _exists(target, "namespace", NAMESPACE) and not _is_ours(target):
        raise DemoError(f"namespace {NAMESPACE} is there and is not the demo's; rename or remove it first")


def prepare_own_target(target: Target, settings: Settings, *, has_crd: bool) -> None:
    """Bring images and operator to the cluster."""
    with step("Building the operator's and the runner's image"):
        references = build_images("push" if settings.push else "build")
    if settings.load:
        with step("Bringing the images to the cluster"):
            for archive in archives():
                run([*settings.load, archive], target.env)
    with step("Installing the operator with helm"):
        # Other namespaces are none of the demo's business.
        target.kubectl("apply", "-f", "-", fed=json.dumps(own_namespace()))
        more = [f"--set-json=watchNamespaces=[{json.dumps(NAMESPACE)}]"]
        install_operator(target, references, *more, *(["--set=crds.install=false"] if has_crd else []))


def own_namespace() -> dict[str, object]:
    """Return the namespace, which the operator's rights need to be there."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted", **OWN_LABEL}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}


def has_foreign_crd(target: Target) -> bool:
    """Say whether one of the resources' definitions is there and belongs to no release of the demo."""
    return any(_exists(target, "crd", crd) and _crd_release(target, crd) != RELEASE for crd in CRDS)


def clean(target: Target) -> None:
    """Remove what the demo made: resources first, as long as their operator is there."""
    with step(f"Removing the demo from context {target.context[1]}"):
        if _exists(target, "namespace", NAMESPACE) and _is_ours(target):
            target.kubectl("delete", "namespace", NAMESPACE, "--wait")
        context = ("--kube-context", target.context[1])
        place = ("--namespace", SYSTEM_NAMESPACE)
        answer(["helm", *context, "uninstall", RELEASE, *place, "--ignore-not-found", "--wait"], target.env)
        target.kubectl("delete", "namespace", SYSTEM_NAMESPACE, "--ignore-not-found", "--wait")
        for crd in CRDS:
            _remove_crd(target, crd)
        _remove_objects(target)


def _remove_crd(target: Target, crd: str) -> None:
    if not _exists(target, "crd", crd) or _crd_release(target, crd) != RELEASE:
        return
    if target.kubectl("get", crd, "-A", "-o", "name").strip():
        say(f"   {crd} stays: there are resources of others")
    else:
        target.kubectl("delete", "crd", crd)


def _remove_objects(target: Target) -> None:
    client, parts = store_client(target), urlsplit(target.prefix)
    if not client.bucket_exists(parts.netloc):
        return
    found = list(client.list_objects(parts.netloc, prefix=f"{parts.path.lstrip('/')}/", recursive=True))
    errors = list(
        client.remove_objects(parts.netloc, (DeleteObject(item.object_name or "") for item in found))
    )
    if errors:
        raise DemoError(f"{len(errors)} objects below {target.prefix} could not be deleted: {errors[0]}")
    say(f"   {len(found)} objects below {target.prefix} deleted")
    if target.prefix == f"{DEFAULT_PREFIX}/{FOLDER}" and not list(client.list_objects(parts.netloc)):
        client.remove_bucket(parts.netloc)


def _exists(target: Target, kind: str, name: str) -> bool:
    return bool(target.kubectl("get", kind, name, "--ignore-not-found", "-o", "name").strip())


def _is_ours(target: Target) -> bool:
    labels = json.loads(target.kubectl("get", "namespace", NAMESPACE, "-o", "json"))["metadata"]["labels"]
    return bool(OWN_LABEL.items() <= labels.items())


def _crd_release(target: Target, crd: str) -> str:
    metadata = json.loads(target.kubectl("get", "crd", crd, "-o", "json"))["metadata"]
    return str(metadata.get("annotations", {}).get("meta.helm.sh/release-name", ""))


def context_is_named() -> bool:
    """Say whether the user names a cluster of their own."""
    return bool(os.environ.get("SEGCOMPRESS_CONTEXT"))
