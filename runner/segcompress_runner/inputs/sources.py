"""A job's model: the files that it is made of, looked up, fetched, and made ready for the run.

An inference model is used as it is. Of a network of PaddleSeg the configuration is read when it is looked up,
the weights are fetched, and the inference model is exported from both. Imports no Paddle.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from segcompress_api.job import JobSpec
from segcompress_api.model import InferenceModel, PaddleSegModel
from segcompress_runner.errors import InvalidSettingError
from segcompress_runner.inputs.model import ModelFiles
from segcompress_runner.inputs.networks.export import WEIGHTS_FIELD, Network, export_network
from segcompress_runner.inputs.networks.section import CONFIG_FIELD, read_section
from segcompress_runner.inputs.safe_load import LIMIT
from segcompress_runner.storage import Address, Named, Stat, Storage, parse_address, read_for

FOLDER = "model"
_LARGEST_PROGRAM = 2**27
_SECTION = "model section"
OnDone = Callable[[int], None]
"""Called with the number of files that are here."""


@dataclass(frozen=True)
class Source:
    """A model, seen but not fetched: two files of an inference model, or a network and its weights' file."""

    folder: Address
    files: tuple[Stat, ...]
    network: Network | None = None

    def digests(self) -> Mapping[str, str]:
        """Return what identifies the model, by name and in a fixed order."""
        files = {stat.file.name: stat.digest for stat in self.files}
        return files if self.network is None else {**files, _SECTION: self.network.section.digest}

    def fetched(self, storage: Storage, into: Path, on_done: OnDone) -> tuple[Path, ...]:
        """Fetch the files; `on_done` gets the number of those that are here."""
        folder = storage.fetch(self.folder, self.files, into / FOLDER, on_done)
        return tuple(folder / stat.file.name for stat in self.files)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return sentences on what of a network's configuration has no effect."""
        return () if self.network is None else self.network.section.notes

    def ready(self, fetched: tuple[Path, ...], into: Path) -> ModelFiles:
        """Return the inference model; a network is exported `into`.

        Raises InvalidSettingError or InvalidInputError.
        """
        if self.network is None:
            return ModelFiles(*fetched)
        (weights,) = fetched
        return export_network(self.network, weights, into)


class JobModel:
    """A job's model on its way here: looked up, fetched and exported when it is first asked for, and once.

    A preset may ask for it long before the training does.
    """

    def __init__(self, spec: JobSpec, storage: Storage, work: Path) -> None:
        self._spec = spec
        self._storage = storage
        self._work = work
        self._files: ModelFiles | None = None

    @cached_property
    def source(self) -> Source:
        """Return where the model is; raises InputNotFoundError naming the address."""
        return find_model(self._spec, self._storage)

    def program(self) -> bytes:
        """Return the inference program: read where it lies, or, of a network, exported."""
        source = self.source
        if source.network is not None:
            return self.files(lambda _: None).program.read_bytes()
        program, _ = source.files
        return self._storage.read(source.folder / program.file.name, _LARGEST_PROGRAM)

    def files(self, on_done: OnDone) -> ModelFiles:
        """Return the inference model, fetched, and exported where it is a network.

        Raises InvalidSettingError or InvalidInputError.
        """
        if self._files is None:
            fetched = self.source.fetched(self._storage, self._work / "inputs", on_done)
            self._files = self.source.ready(fetched, self._work / "exported")
        return self._files


def find_model(spec: JobSpec, storage: Storage) -> Source:
    """Look up the model's files; raises InputNotFoundError naming the address."""
    if spec.model.paddleseg is not None:
        return _find_network(spec.model.paddleseg, spec.dataset.num_classes, storage)
    if spec.model.inference is not None:
        return _find_inference(spec.model.inference, storage)
    raise AssertionError("the spec names no model")


def _find_inference(model: InferenceModel, storage: Storage) -> Source:
    folder = parse_address(model.uri, "spec.model.inference.uri")
    names = (
        Named(model.model_file, "spec.model.inference.modelFile"),
        Named(model.params_file, "spec.model.inference.paramsFile"),
    )
    for file, suffix in zip(names, (".pdmodel", ".pdiparams"), strict=True):
        if not file.name.endswith(suffix):
            raise InvalidSettingError(
                f"{file.origin}: {file.name} is not a *{suffix} file; of Paddle's formats only "
                ".pdmodel with .pdiparams is taken: the others are pickle, which runs code"
            )
    return Source(folder, storage.stat(folder, names))


def _find_network(model: PaddleSegModel, classes: int, storage: Storage) -> Source:
    content = read_for(CONFIG_FIELD, storage, parse_address(model.config_uri, CONFIG_FIELD), LIMIT)
    section = read_section(model.config_uri, content, classes)
    folder, name = parse_address(model.weights_uri, WEIGHTS_FIELD).split()
    if not name:
        raise InvalidSettingError(f"{WEIGHTS_FIELD}: {model.weights_uri} names no file")
    return Source(folder, storage.stat(folder, (Named(name, WEIGHTS_FIELD),)), Network(model, section))
