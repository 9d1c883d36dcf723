"""A SegCompressionJob as a file has it, with what the API server requires of every object."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from segcompress_api.job import ObjectMeta, SegCompressionJob

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"


def _dns(pattern: str, limit: int, rule: str) -> AfterValidator:
    """Return the check of a name in DNS (RFC 1123); "" counts as none."""

    def check(name: str) -> str:
        if len(name) > limit:
            raise ValueError(f"must have at most {limit} characters, has {len(name)}")
        if name and not re.fullmatch(pattern, name):
            raise ValueError(f"must consist of {rule}")
        return name

    return AfterValidator(check)


_SUBDOMAIN = _dns(
    rf"({_LABEL}\.)*{_LABEL}",
    253,
    "lowercase letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'",
)
_BEGINNING = _dns(
    rf"({_LABEL}\.)*[a-z0-9][-a-z0-9]*",
    253,
    "lowercase letters, digits, '-' and '.', with a letter or digit at its start and beside each '.'",
)
_NAMESPACE = _dns(_LABEL, 63, "lowercase letters, digits and '-', with a letter or digit at both ends")


class ManifestMeta(ObjectMeta):
    """Metadata with a name, or with a generateName, which the API server completes.

    The operator needs no lower limit: it cuts the name to 63 characters in the names of what it creates.
    """

    name: Annotated[str, _SUBDOMAIN] = ""
    generate_name: Annotated[str, _BEGINNING] = ""
    namespace: Annotated[str, _NAMESPACE] = ""

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if not self.name and not self.generate_name:
            raise ValueError("name or generateName is required")
        return self


class JobManifest(SegCompressionJob):
    """A job in a file; in memory, a job needs neither name nor version."""

    api_version: Literal["segcompress.dev/v1alpha1"]
    metadata: ManifestMeta
