"""The table of values in the chart's README: defaults from values.yaml, sentences from values.schema.json."""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

CHART = Path(__file__).resolve().parents[1] / "charts" / "segcompress"
README = CHART / "README.md"
_BEGIN = "<!-- values: `make chart-values` -->\n"
_END = "<!-- end of values -->\n"

Schema = dict[str, Any]


def described(schema: Schema, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each value with what the schema says of it."""
    for name, inner in schema["properties"].items():
        here = f"{path}.{name}" if path else name
        if "description" in inner:
            yield here, inner["description"]
        else:
            yield from described(inner, here)


def table() -> str:
    """Return the table in Markdown."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    rows = [
        f"| `{path}` | {sentence} | `{_spelled(value_at(values, path))}` |"
        for path, sentence in described(schema)
        if path != "global"
    ]
    return "\n".join(["| value | what it is | default |", "|---|---|---|", *rows]) + "\n"


def value_at(values: dict[str, Any], path: str) -> Any:
    """Return the default of a value; raises KeyError where values.yaml has none."""
    found: Any = values
    for part in path.split("."):
        found = found[part]
    return found


def written(readme: str) -> str:
    """Return the README with the table of today."""
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}{table()}{_END}{after}"


def _spelled(value: Any) -> str:
    return json.dumps(value, separators=(", ", ": "))


def main() -> int:
    """Write the README."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    README.write_text(written(README.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
