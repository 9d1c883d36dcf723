import pytest

from segcompress_runner.inputs.safe_load import LIMIT, UnsafeYamlError, load_document


def test_plain_yaml_is_read() -> None:
    content = b"TrainConfig: {epochs: 14, learning_rate: {type: PiecewiseDecay, boundaries: [1, 2]}}"
    assert load_document(content) == {
        "TrainConfig": {"epochs": 14, "learning_rate": {"type": "PiecewiseDecay", "boundaries": [1, 2]}}
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"a: &x [1]\nb: *x\n", "line 2: aliases", id="alias"),
        pytest.param(b"a: 1\nb: 2\na: 3\n", "line 3: the key a is there twice", id="key twice"),
        pytest.param(b"a: [1\nb: 2\n", "line 2", id="syntax"),
        pytest.param(b"a: !!python/object/apply:os.system ['true']\n", "could not determine", id="object"),
        pytest.param(b"a: 1\n---\nb: 2\n", "holds 2 documents", id="two documents"),
        pytest.param(b"# nothing\n", "holds 0 documents", id="none"),
        pytest.param(b"a: " + b"x" * LIMIT, "over 256 KiB", id="size"),
        pytest.param(b"[" * 5000, "YAML", id="depth"),
        pytest.param(b"\xff\xfe", "no UTF-8", id="bytes"),
    ],
)
def test_what_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(UnsafeYamlError, match=message):
        load_document(content)
