"""The owner reference of objects that the operator creates."""

from typing import Any

from segcompress_api.base import API_GROUP, API_VERSION
from segcompress_operator.resources.names import Owner


def owner_reference(kind: str, owner: Owner) -> dict[str, Any]:
    """Return the controller reference; it blocks no deletion, so it needs no permission on finalizers."""
    return {
        "apiVersion": f"{API_GROUP}/{API_VERSION}",
        "kind": kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }
