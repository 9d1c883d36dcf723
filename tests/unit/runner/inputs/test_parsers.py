"""Whatever bytes a stranger sends, a parser gives a value inside its bounds or its own refusal."""

import contextlib
import json
from pathlib import Path, PurePosixPath

from hypothesis import example, given, settings
from hypothesis import strategies as st

from segcompress_runner.errors import InvalidInputError, InvalidSettingError
from segcompress_runner.inputs.lists import parse_list
from segcompress_runner.inputs.safe_load import UnsafeYamlError, load_documents
from segcompress_runner.storage import parse_address, safe_join

TEXT = st.text(alphabet=st.characters(codec="utf-8"))
PATHS = st.lists(st.sampled_from(["a", "..", ".", "", "b.png", " ", "\\", "\0", "\t", "é"])).map("/".join)
LINES = st.lists(st.tuples(PATHS, st.sampled_from([" ", "\t", ""]), PATHS).map("".join))
YAML_PIECES = (
    "a ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "!!",
    "binary",
    "set",
    "&x",
    "*x",
    "'",
    "2024-01-31",
    ".inf",
    ".nan",
    "1e9",
    "0x",
    "? ",
    "<<",
    ">",
    "  ",
    "#",
    "~",
    "=",
    "1:30",
    '"',
    "\\ud800",
    "|",
    "\n",
    "---\n",
    "\x00",
)
YAML = st.lists(st.sampled_from(YAML_PIECES)).map("".join)


@settings(deadline=None)
@given(st.one_of(st.binary(), LINES.map("\n".join).map(str.encode)))
def test_list_parser_gives_normal_paths_inside_the_folder(content: bytes) -> None:
    with contextlib.suppress(InvalidInputError):
        for entry in parse_list(content, "train.txt"):
            for name in (entry.image, entry.mask):
                path = PurePosixPath(name)
                assert path.as_posix() == name
                assert not path.is_absolute()
                assert ".." not in path.parts


@settings(deadline=None)
@given(st.one_of(st.binary(), TEXT.map(str.encode), YAML.map(lambda text: text.encode(errors="replace"))))
@example(b"a: 2024-01-31")
@example(b"=")
def test_yaml_reader_gives_what_json_can_hold(content: bytes) -> None:
    with contextlib.suppress(UnsafeYamlError):
        json.dumps(load_documents(content), allow_nan=False)


@settings(deadline=None)
@given(st.one_of(TEXT, st.tuples(st.sampled_from(["s3://", "file://", "file:///"]), PATHS).map("".join)))
def test_address_parser_gives_an_address_that_reads_back_alike(uri: str) -> None:
    with contextlib.suppress(InvalidSettingError):
        address = parse_address(uri, "spec.dataset.uri")
        assert parse_address(str(address), "spec.dataset.uri") == address


@settings(deadline=None)
@given(PATHS)
def test_joined_path_stays_in_its_folder(name: str) -> None:
    with contextlib.suppress(InvalidInputError):
        assert safe_join(Path("/work/inputs"), name).resolve().is_relative_to("/work/inputs")
