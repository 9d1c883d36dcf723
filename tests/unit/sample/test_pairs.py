from pathlib import Path

import numpy as np
import pytest

from pairs import Pair, as_input, augment, digest, resize


def _pair(height: int, width: int) -> Pair:
    """Return a picture that is white where its label is 1 and black elsewhere."""
    label = np.zeros((height, width), np.uint8)
    label[height // 4 : height // 2, width // 3 :] = 1
    return Pair(np.repeat(label[..., None] * np.uint8(255), 3, axis=2), label)


def test_augmented_pairs_have_the_size_asked_for_and_known_ids() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        seen = augment(_pair(120, 120), 96, rng)
        assert seen.picture.shape == (96, 96, 3)
        assert seen.label.shape == (96, 96)
        assert set(np.unique(seen.label)) <= {0, 1}


def test_labels_move_with_their_pictures() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        seen = augment(_pair(192, 192), 192, rng)
        assert np.mean((seen.picture.mean(axis=2) > 128) == (seen.label == 1)) > 0.97


def test_the_same_generator_state_gives_the_same_pair() -> None:
    first, second = (augment(_pair(64, 64), 48, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.picture, second.picture)
    assert np.array_equal(first.label, second.label)


def test_resizing_invents_no_class_id() -> None:
    pair = _pair(101, 67)
    pair.label[0, 0] = 255
    assert set(np.unique(resize(pair, 31).label)) <= {0, 1, 255}


def test_inputs_lie_between_minus_one_and_one_channels_first() -> None:
    inputs = as_input([np.zeros((4, 5, 3), np.uint8), np.full((4, 5, 3), 255, np.uint8)])
    assert inputs.shape == (2, 3, 4, 5)
    assert inputs.dtype == np.float32
    assert inputs[0].max() == -1
    assert inputs[1].min() == 1


@pytest.mark.parametrize(
    ("contents", "same"),
    [
        pytest.param([b"a", b"b"], True, id="equal"),
        pytest.param([b"b", b"a"], False, id="another order"),
        pytest.param([b"ab", b""], False, id="another border"),
        pytest.param([b"a", b"c"], False, id="another byte"),
    ],
)
def test_the_digest_knows_data_that_it_saw(contents: list[bytes], same: bool, tmp_path: Path) -> None:  # noqa: FBT001
    assert (_digest(tmp_path / "first", [b"a", b"b"]) == _digest(tmp_path / "second", contents)) is same


def _digest(folder: Path, contents: list[bytes]) -> str:
    folder.mkdir()
    files = [folder / str(index) for index in range(len(contents))]
    for file, content in zip(files, contents, strict=True):
        file.write_bytes(content)
    return digest(files)
