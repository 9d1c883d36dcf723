"""Jobs and sweeps as a file has them, with what the API server requires of every object."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from segcompress_api.errors import shown
from segcompress_api.job import ObjectMeta, SegCompressionJob
from segcompress_api.sweep import SegCompressionSweep

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_DOMAIN = rf"({_LABEL}\.)*{_LABEL}"
_DOMAIN_LIMIT = 253
_WORD = "[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_WORD_LIMIT = 63
_WORD_RULE = f"at most {_WORD_LIMIT} letters, digits, '-', '_' and '.', with a letter or digit at both ends"


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
    _DOMAIN,
    _DOMAIN_LIMIT,
    "lowercase letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'",
)
_BEGINNING = _dns(
    rf"({_LABEL}\.)*[a-z0-9][-a-z0-9]*",
    _DOMAIN_LIMIT,
    "lowercase letters, digits, '-' and '.', with a letter or digit at its start and beside each '.'",
)
_NAMESPACE = _dns(_LABEL, 63, "lowercase letters, digits and '-', with a letter or digit at both ends")


def _is_word(text: str) -> bool:
    return len(text) <= _WORD_LIMIT and re.fullmatch(_WORD, text) is not None


def check_key(key: str) -> None:
    """Check the key of a label or an annotation, such as example.com/team."""
    domain, slash, word = key.rpartition("/")
    is_domain = len(domain) <= _DOMAIN_LIMIT and re.fullmatch(_DOMAIN, domain)
    if (slash and not is_domain) or not _is_word(word):
        raise ValueError(f"the key {shown(key)} must have {_WORD_RULE}, after a domain and '/' if it has any")


def check_labels(labels: dict[str, str]) -> dict[str, str]:
    """Check keys and values of labels, and return them."""
    for key, value in labels.items():
        check_key(key)
        if value and not _is_word(value):
            raise ValueError(f"the value of {shown(key)} must have {_WORD_RULE}, got {shown(value)}")
    return labels


def _check_annotations(annotations: dict[str, str]) -> dict[str, str]:
    for key in annotations:
        check_key(key.lower())  # as the API server does
    return annotations


_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
"""The API server takes a label without a value for an empty one."""


class ManifestMeta(ObjectMeta):
    """Metadata with a name, or with a generateName, which the API server completes.

    The operator needs no lower limit: it cuts the name to 63 characters in the names of what it creates.
    What files of existing objects have besides is for the API server to judge.
    """

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, _SUBDOMAIN] = ""
    generate_name: Annotated[str, _BEGINNING] = ""
    namespace: Annotated[str, _NAMESPACE] = ""
    labels: Annotated[dict[str, _Text], AfterValidator(check_labels)] = Field(default_factory=dict)
    annotations: Annotated[dict[str, _Text], AfterValidator(_check_annotations)] = Field(default_factory=dict)
    deletion_grace_period_seconds: Any = None
    finalizers: Any = None
    managed_fields: Any = None
    owner_references: Any = None
    resource_version: Any = None
    self_link: Any = None

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if not self.name and not self.generate_name:
            raise ValueError("name or generateName is required")
        return self


class JobManifest(SegCompressionJob):
    """A job in a file; in memory, a job needs neither name nor version."""

    api_version: Literal["segcompress.dev/v1alpha1"]
    metadata: ManifestMeta


class SweepManifest(SegCompressionSweep):
    """A sweep in a file."""

    api_version: Literal["segcompress.dev/v1alpha1"]
    metadata: ManifestMeta
