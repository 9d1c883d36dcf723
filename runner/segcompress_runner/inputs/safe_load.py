"""YAML that a stranger wrote: what JSON can say and no more, no aliases, no key twice, a bounded size."""

import math
import re
from collections.abc import Hashable
from typing import Any

import yaml

LIMIT = 256 * 1024
"""Bytes of a job or an ACT file; upstream's largest are below 3 KB."""


_LARGEST = 2**63
_TAG = "tag:yaml.org,2002:"


class UnsafeYamlError(ValueError):
    """The text is not the YAML that is taken here; the message says where."""


class _Loader(yaml.SafeLoader):
    """Refuses aliases, which a few lines blow up to gigabytes, keys that hide one another, what JSON lacks.

    A resource in a cluster is JSON: what it cannot say has no one spelling in a key or a report either.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise UnsafeYamlError(f"line {mark.line + 1}: aliases (*name) are not supported; write it out")
        return super().compose_node(parent, index)

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - yaml's signature
    ) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag not in {f"{_TAG}str", f"{_TAG}merge"}:
                raise UnsafeYamlError(f"{_line(key)}: a key must be text; put it in quotes")
            if key.value in seen:
                raise UnsafeYamlError(f"{_line(key)}: the key {key.value} is given twice")
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        value: int = self.construct_yaml_int(node)
        if not -_LARGEST <= value < _LARGEST:
            raise UnsafeYamlError(f"{_line(node)}: must be a number of at most 64 bits")
        return value

    def construct_finite(self, node: yaml.ScalarNode) -> float:
        value: float = self.construct_yaml_float(node)
        if not math.isfinite(value):
            raise UnsafeYamlError(f"{_line(node)}: must be a finite number, got {node.value}")
        return value

    def refuse(self, node: yaml.Node) -> None:
        what = node.tag.removeprefix(_TAG)
        remedy = "; put it in quotes where text is meant" if what == "timestamp" else ""
        raise UnsafeYamlError(f"{_line(node)}: a value of type {what} is not supported{remedy}")


# 5e-3 is a number to kubectl, as it is in YAML 1.2; to PyYAML it is text without this.
_Loader.add_implicit_resolver(
    f"{_TAG}float", re.compile(r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+.0123456789")
)
_Loader.add_constructor(f"{_TAG}int", _Loader.construct_integer)
_Loader.add_constructor(f"{_TAG}float", _Loader.construct_finite)
for _name in ("timestamp", "binary", "set", "omap", "pairs"):
    _Loader.add_constructor(f"{_TAG}{_name}", _Loader.refuse)


_INDENT = "indent the line as those that it belongs with"
_REMEDIES = {
    r"found character '\\t'": "indent with spaces, not tabs",
    r"found character '": "put the text in quotes",
    r"expected <block end>, but found '[<?-]": _INDENT,
    r"mapping values are not allowed": f"{_INDENT}, or put text that contains ': ' in quotes",
    r"could not find expected ':'": f"{_INDENT}, or write key: value",
    r"expected ',' or": "close the bracket before it, or put the text in quotes",
    r"found unexpected end of stream": "close the quotation mark",
}
"""What to do, by what PyYAML says is wrong."""


def _remedy(problem: str) -> str:
    return next((f"; {told}" for pattern, told in _REMEDIES.items() if re.match(pattern, problem)), "")


def _line(node: yaml.Node) -> str:
    return f"line {node.start_mark.line + 1}"


def load_documents(content: bytes) -> list[Any]:
    """Return the documents in `content`; raises UnsafeYamlError naming the line."""
    if len(content) > LIMIT:
        raise UnsafeYamlError(f"is over {LIMIT >> 10} KiB")
    try:
        text = content.decode("utf-8")
        return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except UnicodeDecodeError:
        raise UnsafeYamlError("is not UTF-8 text; give a YAML file, saved as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problem = error.problem or "is not YAML"
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise UnsafeYamlError(f"{where}{problem}{_remedy(problem)}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, UnsafeYamlError):
            raise
        raise UnsafeYamlError(f"is not YAML ({(str(error).splitlines() or ['too deep'])[0]})") from None


def load_document(content: bytes) -> Any:
    """Return the one document in `content`; raises UnsafeYamlError."""
    documents = load_documents(content)
    if len(documents) != 1:
        raise UnsafeYamlError(f"holds {len(documents)} documents, expected one")
    return documents[0]
