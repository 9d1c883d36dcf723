import pytest

from segcompress_runner.inputs.safe_load import LIMIT, UnsafeYamlError, load_document


def test_plain_yaml_is_read() -> None:
    content = b"TrainConfig: {epochs: 14, learning_rate: {type: PiecewiseDecay, boundaries: [1, 2]}}"
    assert load_document(content) == {
        "TrainConfig": {"epochs": 14, "learning_rate": {"type": "PiecewiseDecay", "boundaries": [1, 2]}}
    }


@pytest.mark.parametrize(
    ("text", "value"),
    [("5e-3", 0.005), ("1E3", 1000.0), ("-2.5e+1", -25.0), (".5e1", 5.0), ("5e", "5e"), ("1e5x", "1e5x")],
)
def test_a_number_with_an_exponent_is_a_number_as_to_kubectl(text: str, value: object) -> None:
    assert load_document(f"a: {text}".encode()) == {"a": value}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"a: &x [1]\nb: *x\n", "line 2: aliases", id="alias"),
        pytest.param(b"a: 1\nb: 2\na: 3\n", "line 3: the key a is given twice", id="key twice"),
        pytest.param(b"a: [1\nb: 2\n", "line 2", id="syntax"),
        pytest.param(b"a: !!python/object/apply:os.system ['true']\n", "could not determine", id="object"),
        pytest.param(b"a: 1\n---\nb: 2\n", "holds 2 documents", id="two documents"),
        pytest.param(b"# nothing\n", "holds 0 documents", id="none"),
        pytest.param(b"a: " + b"x" * LIMIT, "over 256 KiB", id="size"),
        pytest.param(b"[" * 5000, "YAML", id="depth"),
        pytest.param(b"a:\n- 2024-01-31\n", "line 2: a value of type timestamp .*in quotes", id="date"),
        pytest.param(b"a: 2024-01-31 10:00:00\n", "type timestamp", id="time"),
        pytest.param(b"a: !!binary aGk=\n", "line 1: a value of type binary", id="binary"),
        pytest.param(b"a: !!set {b, c}\n", "type set", id="set"),
        pytest.param(b"a: !!omap [b: 1]\n", "type omap", id="ordered mapping"),
        pytest.param(b"a: [1, .inf]\n", r"line 1: must be a finite number, got \.inf", id="infinite"),
        pytest.param(b"a: -.Inf\n", "finite number", id="minus infinite"),
        pytest.param(b"a: .nan\n", "finite number", id="not a number"),
        pytest.param(b"a: 1.0e+999\n", "finite number", id="beyond a float"),
        pytest.param(b"a: 9223372036854775808\n", "at most 64 bits", id="beyond 64 bits"),
        pytest.param(b"a: 0x" + b"f" * 99999, "at most 64 bits", id="far beyond 64 bits"),
        pytest.param(b"1: a\n", "line 1: a key must be text; put it in quotes", id="number as a key"),
        pytest.param(b"a: {on: b}\n", "a key must be text", id="truth as a key"),
        pytest.param(b"? [a]\n: b\n", "a key must be text", id="list as a key"),
        pytest.param(b"a:\n\tb: 1\n", r"line 2, column 1: .*; indent with spaces, not tabs$", id="tab"),
        pytest.param(
            b"a:\n  - b\n c: 1\n", r"line 3, column 2: .*; indent the line as those", id="indentation"
        ),
        pytest.param(
            b"a:\n  b: 1\n   c: 2\n", "line 3, column 5: .*; indent the line as", id="too deep a line"
        ),
        pytest.param(
            b"a: b\nc\n", "line 3, column 1: .*; indent the line as .* key: value$", id="word alone"
        ),
        pytest.param(b"a: {b: 1\nc: 2\n", "line 2, column 2: .*; close the bracket", id="bracket"),
        pytest.param(b"a: [1]]\n", "line 1, column 7: .*but found ']'$", id="bracket too many"),
        pytest.param(b"a: 'b\n", "; close the quotation mark$", id="quotation mark"),
        pytest.param(b"a: @b\n", "line 1, column 4: .*; put the text in quotes$", id="character"),
        pytest.param(b"\xff\xfe", "not UTF-8 text; give a YAML file, saved as UTF-8", id="bytes"),
    ],
)
def test_what_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnsafeYamlError, match=message):
        load_document(content)
