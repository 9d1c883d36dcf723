"""The two bases of every noun: Kubernetes' camelCase models, and upstream ACT's snake_case sections.

All models are frozen and refuse unknown keys: a setting that is accepted and does nothing is the fault
that this project exists to fix.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict
from pydantic.alias_generators import to_camel

API_GROUP = "segcompress.dev"
API_VERSION = "v1alpha1"

CLUSTER_REQUIRED = "x-cluster-required"
"""JSON-schema mark: required of a resource in a cluster, where the type itself takes None."""

Whole = Annotated[int, Strict()]
"""A whole number: like the API server, the types take neither "14" nor true for one."""

Number = Annotated[float, Strict()]
Flag = Annotated[bool, Strict()]

LARGEST_COUNT = 2**31 - 1
"""Of iterations, seconds and the like: above 64 bits the API server takes no whole number."""


_CONTROL = r"\x00-\x1f\x7f-\x9f"
_BUCKET = "s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
S3_FOLDER = f"^{_BUCKET}(/[^{_CONTROL}]*)?$"
S3_FILE = f"^{_BUCKET}/[^{_CONTROL}]+$"
_FILE_NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
"""A path below the folder: no part of it starts with a dot, so that none leads out of it."""

DOTS = "/[.][.]?(/|$)"
NO_DOTS = "must not have . or .. as a path segment: an object store has no such folders"


def _without_dots(uri: str) -> str:
    if uri.startswith("s3://") and re.search(DOTS, uri):
        raise ValueError(NO_DOTS)
    return uri


Uri = Annotated[
    str,
    Field(pattern=r"^(s3|file)://.+$", max_length=1024, json_schema_extra={"pattern": S3_FOLDER}),
    AfterValidator(_without_dots),
]
"""s3://bucket/prefix/ in a cluster; `segcompress run` takes file:///folder/ too.

HTTP clients take "a/../" out of a path before they send it: what a policy saw would not be what is asked for.
"""

PrintedName = Annotated[str, Field(pattern=rf"^[^{_CONTROL}]+$")]
"""A name that people read, in any script: without control characters, which terminals obey."""

LabelValue = Annotated[str, Field(pattern=r"^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$", max_length=63)]
ObjectName = Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$", max_length=253)]
"""Of an object in Kubernetes; "" for none."""

FileName = Annotated[str, Field(pattern=_FILE_NAME, max_length=256)]


class Model(BaseModel):
    """A frozen Kubernetes-style object: camelCase on the wire, unknown keys refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
    )

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON-ready mapping with camelCase keys; unset optional fields are left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Section(BaseModel):
    """A frozen section of an upstream ACT file: keys exactly as upstream writes them."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False)


def free_form(description: str, *, required: bool = False, **extra: Any) -> Any:
    """Return a field that upstream lets be scalar, list or mapping; `act_settings` checks its value."""
    marks: dict[str, Any] = {"x-kubernetes-preserve-unknown-fields": True}
    if required:
        marks[CLUSTER_REQUIRED] = True
    return Field(default=None, description=description, json_schema_extra=marks, **extra)


def named_twice(names: Sequence[str]) -> str | None:
    """Return the first of `names` that is there a second time, or None."""
    return next((name for index, name in enumerate(names) if name in names[:index]), None)
