"""The parts of the API server's objects that are read: a stream skips the others without building them.

Most of an object is of no concern here: managed fields, a Job's template, a pod's spec. Types are given to
what is looked into; a leaf of any type reaches the parsers of `parsing`, which know what to make of it.
"""

from typing import Any, TypedDict


class FieldsEntry(TypedDict, total=False):
    """An entry of metadata.managedFields."""

    time: Any
    subresource: Any


class ObjectMeta(TypedDict, total=False):
    """What every object has."""

    name: Any
    namespace: Any
    uid: Any
    generation: Any
    resourceVersion: Any
    creationTimestamp: Any
    deletionTimestamp: Any
    labels: Any
    ownerReferences: Any


class ResourceMeta(ObjectMeta, total=False):
    """What a SegCompressionJob has besides: a trial's parameters, and when its status was written."""

    annotations: Any
    managedFields: list[FieldsEntry] | None


class ResourceBody(TypedDict, total=False):
    """A SegCompressionJob."""

    metadata: ResourceMeta
    spec: Any
    status: Any


class SweepBody(TypedDict, total=False):
    """A SegCompressionSweep."""

    metadata: ObjectMeta
    spec: Any
    status: Any


class JobSpecBody(TypedDict, total=False):
    """What a batch/v1 Job's spec says besides its template."""

    suspend: Any
    backoffLimit: Any
    activeDeadlineSeconds: Any
    ttlSecondsAfterFinished: Any
    managedBy: Any


class JobMeta(ObjectMeta, total=False):
    """What a Job has besides."""

    annotations: Any


class JobBody(TypedDict, total=False):
    """A batch/v1 Job."""

    metadata: JobMeta
    spec: JobSpecBody
    status: Any


class PodSpecBody(TypedDict, total=False):
    """What a pod's spec says of where it runs."""

    nodeName: Any


class PodMeta(ObjectMeta, total=False):
    """What a Pod has besides: whether its end will be counted."""

    finalizers: Any


class PodBody(TypedDict, total=False):
    """A Pod."""

    metadata: PodMeta
    spec: PodSpecBody
    status: Any
