"""YAML that runs code, grows without bound or reads files, in each kind of file that a job may name."""

from collections.abc import Callable
from pathlib import Path

from hostile.inputs.case import Input, InputTheme
from segcompress_runner.inputs.fetch import with_strategy
from segcompress_runner.inputs.networks.section import read_section
from segcompress_runner.inputs.reader import with_reader
from segcompress_runner.storage import LocalStorage
from small_spec import small_spec

_LAUGHS = "a0: &a0 [lol, lol]\n" + "".join(
    f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 30)
)
_YAML: dict[str, bytes] = {
    "a billion laughs": _LAUGHS.encode(),
    "a self-referencing alias": b"a: &a [*a]\n",
    "a merge key": b"base: &base {a: 1}\nmodel: {<<: *base}\n",
    "a call": b"model: !!python/object/apply:os.system ['id']\n",
    "a new object": b"model: !!python/object/new:subprocess.Popen [['id']]\n",
    "a module": b"model: !!python/module:os\n",
    "a name": b"model: !!python/name:os.system\n",
    "a tuple": b"model: !!python/tuple [1]\n",
    "a file": b"model: !include /etc/passwd\n",
    "an environment variable": b"model: !ENV ${AWS_SECRET_ACCESS_KEY}\n",
    "bytes": b"model: !!binary aWQ=\n",
    "unclosed lists": b"[" * 50_000,
    "unclosed mappings": b"{a: " * 40_000,
    "a number of 5,000 digits": b"batch_size: " + b"1" * 5000,
    "a huge hexadecimal number": b"batch_size: 0x" + b"f" * 5000,
    "a number in base 60": b"batch_size: " + b"1:" * 2000 + b"1",
    "a megabyte": b"# " + b"x" * 2**20,
    "a megabyte in one key": b"? " + b"x" * 2**20 + b"\n: 1\n",
    "a list as key": b"? [a]\n: 1\n",
    "a zero byte": b"model: a\x00b\n",
    "UTF-16": "model: {}\n".encode("utf-16"),
    "a thousand documents": b"---\na: 1\n" * 1000,
    "another YAML version": b"%YAML 9.9\n---\n",
    "a redefined tag prefix": b"%TAG !! tag:evil.example,2000:\n---\nmodel: !!str x\n",
    "a pickle": b"\x80\x04cos\nsystem\n(S'id'\ntR.",
    "a path": b"/etc/passwd\n",
    "nothing": b"",
}


def _act_file(content: bytes, folder: Path) -> object:
    file = folder / "act.yaml"
    file.write_bytes(content)
    return with_strategy(small_spec(strategy={"configUri": f"file://{file}"}), LocalStorage())


def _reader_file(content: bytes, folder: Path) -> object:
    file = folder / "reader.yaml"
    file.write_bytes(content)
    dataset = {"uri": "s3://data/x/", "numClasses": 2, "readerConfigUri": f"file://{file}"}
    return with_reader(small_spec(dataset=dataset), LocalStorage())


def _configuration(content: bytes, _: Path) -> object:
    return read_section("s3://models/net.yml", content, 2)


_FILES: dict[str, tuple[Callable[[bytes, Path], object], str]] = {
    "ACT file": (_act_file, "act.yaml"),
    "reader file": (_reader_file, "reader.yaml"),
    "configuration": (_configuration, "net.yml"),
}


def _taking(take: Callable[[bytes, Path], object], content: bytes) -> Callable[[Path], object]:
    return lambda folder: take(content, folder)


THEME = InputTheme(
    "YAML",
    "code, bombs, files and variables in an ACT file, a reader file and a configuration of PaddleSeg",
    tuple(
        Input(f"{what} as {file}", _taking(take, content), words)
        for file, (take, words) in _FILES.items()
        for what, content in _YAML.items()
    ),
)
