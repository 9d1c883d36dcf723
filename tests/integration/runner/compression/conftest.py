"""A net of a few layers and pictures of 32 x 32, so that a training takes seconds."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
from PIL import Image

from segcompress_api.act_settings import ModelFileNames, settings_of
from segcompress_api.dataset import Dataset
from segcompress_api.strategy import Strategy
from segcompress_runner.inputs.model import ModelFiles, ModelInfo, inspect_model
from segcompress_runner.progress import Stage

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from segcompress_runner.compression.training import Compressed, Training, compress
    from segcompress_runner.inputs.dataset import Pictures
    from segcompress_runner.inputs.lists import read_lists
    from segcompress_runner.measurement.evaluation import Options, evaluate

SIZE = 32
TRANSFORMS = [{"type": "Normalize"}]


@dataclass
class Listener:
    """Remembers what a training reported."""

    stages: list[tuple[Stage, int]] = field(default_factory=list)
    steps: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def start(self, stage: Stage, total: int = 0) -> None:
        self.stages.append((stage, total))

    def step(self, done: int, **figures: float) -> None:
        self.steps.append((done, figures))

    def note(self, message: str) -> None:
        self.notes.append(message)


@dataclass(frozen=True)
class Lab:
    """Everything for trainings of one model on one dataset."""

    model: ModelFiles
    info: ModelInfo
    dataset: Dataset
    train: Pictures
    val: Pictures
    node: str

    def training(self, strategy: Mapping[str, Any], **changes: Any) -> Training:
        """Return a training by `strategy` (sections of an ACT file); Distillation is filled in."""
        sections = {"Distillation": {"node": [self.node]}, **strategy}
        plain = Training(
            model=self.model,
            info=self.info,
            settings=settings_of(
                Strategy.model_validate(sections), ModelFileNames("model.pdmodel", "model.pdiparams")
            ),
            pictures=self.train,
            evaluate=lambda predict: evaluate(predict, self.val, self.dataset, Options(4, 0)),
            batch_size=4,
            seed=0,
            threads=1,
            reading=2**28,
            device="CPU",
            stop=lambda: False,
            progress=Listener(),
        )
        return replace(plain, **changes)


Compress = Callable[..., Compressed]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    model = save_net(tmp_path_factory.mktemp("model"), kernel=1)
    return make_lab(model, tmp_path_factory.mktemp("data"))


@pytest.fixture
def run(lab: Lab, tmp_path: Path) -> Compress:
    """Compress by `strategy`, into a new folder each time."""
    count = iter(range(100))

    def run(strategy: Mapping[str, Any], **changes: Any) -> Compressed:
        return compress(lab.training(strategy, **changes), tmp_path / str(next(count)))

    return run


def make_lab(model: ModelFiles, root: Path) -> Lab:
    dataset = write_pictures(root)
    lists = read_lists(root, dataset)
    info = inspect_model(model)
    return Lab(
        model=model,
        info=info,
        dataset=dataset,
        train=Pictures(lists.train, dataset.train_transforms, mode="train", seed=0),
        val=Pictures(lists.val, dataset.val_transforms, mode="val"),
        node=max(name for name in info.variables if name.startswith("conv2d") and name.endswith(".tmp_1")),
    )


def write_pictures(root: Path) -> Dataset:
    """Draw bright squares on noise; the squares are class 1."""
    random = np.random.default_rng(0)
    for name, count in (("train", 18), ("val", 6)):
        lines = []
        for number in range(count):
            mask = np.zeros((SIZE, SIZE), np.uint8)
            top, left = random.integers(2, 14, 2)
            mask[top : top + 14, left : left + 14] = 1
            noise = random.integers(0, 90, (SIZE, SIZE, 3)) + 140 * mask[..., np.newaxis]
            Image.fromarray(noise.astype(np.uint8)).save(root / f"{name}{number}.png")
            Image.fromarray(mask).save(root / f"{name}{number}_mask.png")
            lines.append(f"{name}{number}.png {name}{number}_mask.png")
        (root / f"{name}.txt").write_text("\n".join(lines))
    return Dataset.model_validate(
        {
            "uri": "file:///unused/",
            "trainList": "train.txt",
            "valList": "val.txt",
            "numClasses": 2,
            "batchSize": 4,
            "trainTransforms": [{"type": "RandomHorizontalFlip"}, *TRANSFORMS],
            "valTransforms": TRANSFORMS,
        }
    )


def save_net(into: Path, *, kernel: int) -> ModelFiles:
    """Save a net with random weights as an inference model; its inner convolutions are `kernel` wide."""
    nn = paddle.nn
    paddle.seed(0)
    with paddle.utils.unique_name.guard():
        net = nn.Sequential(
            nn.Conv2D(3, 24, 3, stride=2, padding=1, bias_attr=False),
            nn.BatchNorm2D(24),
            nn.ReLU(),
            nn.Conv2D(24, 24, 3, padding=1, groups=24, bias_attr=False),
            nn.BatchNorm2D(24),
            nn.Conv2D(24, 48, kernel, padding=kernel // 2, bias_attr=False),
            nn.BatchNorm2D(48),
            nn.ReLU(),
            nn.Conv2D(48, 32, kernel, padding=kernel // 2),
            nn.ReLU(),
            nn.Conv2D(32, 2, kernel, padding=kernel // 2),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Softmax(axis=1),
        )
        net.eval()
        shape = paddle.static.InputSpec([None, 3, SIZE, SIZE], "float32", "x")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            paddle.jit.save(net, str(into / "model"), input_spec=[shape])
    return ModelFiles(into / "model.pdmodel", into / "model.pdiparams")
