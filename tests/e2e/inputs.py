"""A dozen pictures of the sample (or of SEGCOMPRESS_TEST_DATA), and copies of them with one fault each."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from demo.inputs import Inputs, sample_inputs
from e2e.specs import MODEL

LENGTHS = {"train.txt": 8, "val.txt": 4}

FaultMaker = Callable[[Inputs], None]


def tiny_inputs(folder: Path) -> Inputs:
    """Return the sample's model and the first pictures of a dataset, copied into `folder`."""
    sample = sample_inputs()
    own = os.environ.get("SEGCOMPRESS_TEST_DATA")
    source, target = Path(own) if own else sample.dataset, folder / "dataset"
    for name, length in LENGTHS.items():
        lines = [line for line in (source / name).read_text().splitlines() if line.strip()][:length]
        for path in " ".join(lines).split():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, target / path)
        (target / name).write_text("\n".join(lines) + "\n")
    model = shutil.copytree(sample.model, folder / "model")
    return Inputs(MODEL, model, target)


def faulty_inputs(tiny: Inputs, folder: Path) -> list[Inputs]:
    """Return copies of `tiny` under names of their own, each with the fault that its name tells."""
    made = []
    for name, spoil in FAULTS.items():
        model = shutil.copytree(tiny.model, folder / name / "model")
        dataset = shutil.copytree(tiny.dataset, folder / name / "dataset")
        made.append(replace(tiny, name=name, model=model, dataset=dataset))
        spoil(made[-1])
    return made


def _third_pair(inputs: Inputs) -> tuple[Path, Path]:
    image, mask = (inputs.dataset / "train.txt").read_text().splitlines()[2].split()
    return inputs.dataset / image, inputs.dataset / mask


def _cut_picture(inputs: Inputs) -> None:
    path = _third_pair(inputs)[0]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _foreign_class(inputs: Inputs) -> None:
    path = _third_pair(inputs)[1]
    with Image.open(path) as mask:
        mask.load()
    mask.putpixel((0, 0), 7)
    mask.save(path)


def _smaller_mask(inputs: Inputs) -> None:
    path = _third_pair(inputs)[1]
    with Image.open(path) as mask:
        smaller = mask.resize((mask.width // 2, mask.height // 2), Image.Resampling.NEAREST)
    smaller.save(path)


def _cut_parameters(inputs: Inputs) -> None:
    path = inputs.model / "model.pdiparams"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


FAULTS: dict[str, FaultMaker] = {
    f"{MODEL}-cut-picture": _cut_picture,
    f"{MODEL}-foreign-class": _foreign_class,
    f"{MODEL}-smaller-mask": _smaller_mask,
    f"{MODEL}-cut-parameters": _cut_parameters,
}
