"""YAML that a stranger wrote: plain values only, no aliases, no key twice, a bounded size."""

from collections.abc import Hashable
from typing import Any

import yaml

LIMIT = 256 * 1024
"""Bytes of a job or an ACT file; upstream's largest are below 3 KB."""


class UnsafeYamlError(ValueError):
    """The text is no YAML that is taken here; the message says where."""


class _Loader(yaml.SafeLoader):
    """Refuses aliases, which a few lines blow up to gigabytes, and keys that hide one another."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise UnsafeYamlError(f"line {mark.line + 1}: aliases (*name) are not taken here; write it out")
        return super().compose_node(parent, index)

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002 - yaml's signature
    ) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise UnsafeYamlError(f"line {key.start_mark.line + 1}: the key {key.value} is there twice")
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def load_documents(content: bytes) -> list[Any]:
    """Return the documents in `content`; raises UnsafeYamlError naming the line."""
    if len(content) > LIMIT:
        raise UnsafeYamlError(f"is over {LIMIT >> 10} KiB")
    try:
        text = content.decode("utf-8")
        return [document for document in yaml.load_all(text, Loader=_Loader) if document is not None]
    except UnicodeDecodeError:
        raise UnsafeYamlError("is no UTF-8 text") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise UnsafeYamlError(f"{where}{error.problem or 'is no YAML'}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, UnsafeYamlError):
            raise
        raise UnsafeYamlError(f"is no YAML ({(str(error).splitlines() or ['too deep'])[0]})") from None


def load_document(content: bytes) -> Any:
    """Return the one document in `content`; raises UnsafeYamlError."""
    documents = load_documents(content)
    if len(documents) != 1:
        raise UnsafeYamlError(f"holds {len(documents)} documents where one is expected")
    return documents[0]
