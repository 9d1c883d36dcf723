"""Runs on annotations, from labelme and EISeg files in a real object store to the figures of their masks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from minio import Minio
from PIL import Image

from segcompress_api.conditions import Reason

from .conftest import TRAIN, make_spec, put, read, write_dataset
from .runs import Ended, Runner, Spec, changed

BUCKET = "annotated"


@pytest.fixture(scope="module")
def annotated(admin: Minio, inputs: str, tmp_path_factory: pytest.TempPathFactory) -> Spec:
    """Put pictures, their masks, and the same masks as labelme files and as EISeg's COCO into a bucket."""
    folder = tmp_path_factory.mktemp("annotated") / "dataset"
    write_dataset(folder)
    corners = [
        (path.name.removesuffix("-mask.png"), square(path)) for path in sorted(folder.glob("*-mask.png"))
    ]
    for name, square_ in corners:
        shape = {"label": "square", "points": square_, "shape_type": "polygon"}
        document = {"imageHeight": 40, "imageWidth": 48, "shapes": [shape]}
        (folder / f"{name}.json").write_text(json.dumps(document))
    (folder / "annotations.json").write_text(json.dumps(coco(corners)))
    (folder / "autosave_label.txt").write_text("1 square 128 0 0 \n")
    for kind, named in (("labelme", "{}.json"), ("eiseg", "annotations.json")):
        lines = [f"{number}.png {named.format(number)}\n" for number in range(len(corners))]
        (folder / f"{kind}-train.txt").write_text("".join(lines[:TRAIN]))
        (folder / f"{kind}-val.txt").write_text("".join(lines[TRAIN:]))
    admin.make_bucket(BUCKET)
    for path in folder.iterdir():
        put(admin, BUCKET, f"data/{path.name}", path.read_bytes())
    return changed(make_spec(inputs, BUCKET), "dataset.uri", f"s3://{BUCKET}/data/")


def square(mask: Path) -> list[list[float]]:
    rows, columns = np.nonzero(np.asarray(Image.open(mask)))
    top, left, bottom, right = (float(end) for end in (rows.min(), columns.min(), rows.max(), columns.max()))
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def coco(corners: list[tuple[str, list[list[float]]]]) -> dict[str, Any]:
    return {
        "categories": [{"id": 1, "name": "square", "color": [128, 0, 0]}],
        "images": [
            {"id": number, "file_name": f"{name}.png", "height": 40, "width": 48}
            for number, (name, _) in enumerate(corners)
        ],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 1, "segmentation": [sum(points, [])]}  # noqa: RUF017
            for number, (_, points) in enumerate(corners)
        ],
    }


def labelme(spec: Spec) -> Spec:
    return of_format(spec, format="Labelme", trainList="labelme-train.txt", valList="labelme-val.txt")


def eiseg(spec: Spec) -> Spec:
    named = changed(spec, "dataset.classNames", None)
    lists = {"trainList": "eiseg-train.txt", "valList": "eiseg-val.txt", "labelList": "autosave_label.txt"}
    return of_format(named, format="EISeg", **lists)


def of_format(spec: Spec, **fields: str) -> Spec:
    return {**spec, "dataset": {**spec["dataset"], **fields}}


@pytest.fixture(scope="module")
def on_masks(annotated: Spec, store: Any, tmp_path_factory: pytest.TempPathFactory) -> Ended:
    return Runner(store, tmp_path_factory.mktemp("on-masks")).run(annotated)


@pytest.mark.parametrize("as_format", [labelme, eiseg])
def test_a_run_on_annotations_has_the_figures_of_their_masks(
    admin: Minio, runner: Runner, annotated: Spec, on_masks: Ended, as_format: Any
) -> None:
    spec = as_format(annotated)
    ended = runner.run(spec)
    assert (ended.code, ended.result.reason) == (0, Reason.SUCCEEDED), ended.log
    assert confusions(result(admin, ended)) == confusions(result(admin, on_masks))
    assert [one["name"] for one in result(admin, ended)["classes"]][1] == "square"

    again = runner.run(spec)
    assert (again.code, again.result.reason) == (0, Reason.REUSED)


def test_a_label_that_is_not_known_ends_the_run_with_file_shape_and_label(
    admin: Minio, runner: Runner, annotated: Spec
) -> None:
    shape = {"label": "squared", "points": [[0, 0], [9, 0], [9, 9]], "shape_type": "polygon"}
    put(admin, BUCKET, "data/wrong.json", json.dumps({"shapes": [shape]}).encode())
    put(admin, BUCKET, "data/wrong.txt", b"0.png 0.json\n1.png wrong.json\n")
    ended = runner.run(changed(labelme(annotated), "dataset.valList", "wrong.txt"))
    assert (ended.code, ended.result.reason) == (3, Reason.INVALID_INPUT)
    assert ended.result.message == (
        "wrong.json (wrong.txt line 2): shapes[0]: unknown label 'squared'; did you mean 'square'?"
    )


def confusions(published: Any) -> list[Any]:
    scores = published["scores"]
    return [one["confusion"] for one in (*scores["baseline"], *scores["compressed"])]


def result(admin: Minio, ended: Ended) -> Any:
    assert ended.result.artifacts is not None
    manifest = ended.result.artifacts.manifest.uri
    folder = manifest.partition("/measurements/")[0]
    (file,) = (one for one in json.loads(read(admin, manifest))["files"] if one["name"] == "result.json")
    return json.loads(read(admin, f"{folder}/{file['path']}"))
