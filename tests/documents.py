"""The code blocks of the project's Markdown files, and how a test runs one as a reader would."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: the file, its language ("" for commands), its text, and what leads to it."""

    file: str
    language: str
    text: str
    introduction: str

    @property
    def name(self) -> str:
        """Return the file and the first line, which identify the block."""
        return f"{self.file}: {self.text.splitlines()[0].split('  ')[0].strip()}"


def blocks_of(file: str) -> Iterator[Block]:
    """Yield the blocks of a file, diagrams left out."""
    text = (ROOT / file).read_text()
    before = 0
    for found in _FENCE.finditer(text):
        if found[1] != "mermaid":
            yield Block(file, found[1], found[2], text[before : found.start()])
        before = found.end()


def block(name: str) -> Block:
    """Return the block with that name; fail where there is none."""
    (found,) = (each for each in blocks_of(name.partition(": ")[0]) if each.name == name)
    return found


def run(commands: str, folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run commands in a shell that stops at the first failure; return what they print, fail if they do."""
    script = ("bash", "-euo", "pipefail", "-c", commands)
    done = subprocess.run(
        script, cwd=folder, env={**os.environ, **(environ or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{commands}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout
