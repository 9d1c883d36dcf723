import pytest

from segcompress_runner.errors import InvalidInputError
from segcompress_runner.inputs.annotations.classes import Classes, class_list
from segcompress_runner.inputs.annotations.faults import AnnotationError

from .documents import MakeDataset


def labels(make_dataset: MakeDataset, content: str, classes: int = 3) -> Classes:
    dataset = make_dataset(format="EISeg", labelList="labels.txt", numClasses=classes)
    return class_list(dataset, {"labels.txt": content.encode()})


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        pytest.param("_background_\ncat\ndog", {"_background_": 0, "cat": 1, "dog": 2}, id="class_names.txt"),
        pytest.param(
            "__ignore__\n_background_\ncat\ndog\n", {"_background_": 0, "cat": 1, "dog": 2}, id="labelme's"
        ),
        pytest.param("__ignore__\ncat\nhot dog\n", {"cat": 1, "hot dog": 2}, id="EISeg's labels.txt"),
        pytest.param("sky\ncat\ndog\n", {"sky": 0, "cat": 1, "dog": 2}, id="a background by another name"),
        pytest.param("2 hot dog 0 0 255 \n1 cat 9 9 9 \n", {"hot dog": 2, "cat": 1}, id="autosave_label.txt"),
    ],
)
def test_each_layout_of_a_label_list_gives_ids(
    make_dataset: MakeDataset, content: str, ids: dict[str, int]
) -> None:
    found = labels(make_dataset, content)
    assert found.ids == ids
    assert found.id_of("_background_") == 0
    assert found.id_of("__ignore__") == 255


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("cat\n", "labels.txt: has 1 labels and numClasses is 3; it needs one label", id="few"),
        pytest.param("a\nb\nc\nd", "labels.txt: has 4 labels", id="many"),
        pytest.param("1 cat 0 0 0\n3 dog 0 0 0", "labels.txt: has 2 labels", id="a gap"),
        pytest.param("cat\ndog\ncat", "labels.txt: holds the label 'cat' twice", id="twice"),
        pytest.param("", "labels.txt: has 0 labels", id="empty"),
        pytest.param("a\nb\x1b[2J\nc", "labels.txt line 2: holds a control character", id="an escape"),
    ],
)
def test_a_list_that_leaves_an_id_without_a_label_is_refused(
    make_dataset: MakeDataset, content: str, message: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        labels(make_dataset, content)
    assert str(caught.value).startswith(message)


def test_class_names_are_labels_in_the_order_of_their_ids(make_dataset: MakeDataset) -> None:
    dataset = make_dataset(format="Labelme", classNames=["sky", "cat"], ignoreIndex=9)
    classes = class_list(dataset, {})
    assert [classes.id_of(name) for name in ("sky", "cat", "__ignore__")] == [0, 1, 9]
    with pytest.raises(AnnotationError, match=r"unknown label 'car'; did you mean 'cat'\?"):
        classes.id_of("car")
