"""Where a job's model comes from: an exported one, or a network of PaddleSeg with its weights."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segcompress_api.base import FileName, Model, Uri, Whole
from segcompress_api.distillation_settings import ModelFileNames

FREE = -1
"""A dimension that is not fixed."""

OutputOp = Literal["none", "softmax", "argmax"]

_PICTURE_CHANNELS = 3
_Dimension = Annotated[Whole, Field(ge=FREE, le=16384)]
_EXPORTED = ModelFileNames("model.pdmodel", "model.pdiparams")


class InferenceModel(Model):
    """An exported Paddle inference model: the .pdmodel program and its combined .pdiparams."""

    uri: Uri = Field(description="Folder that holds both files: s3://bucket/prefix/.")
    model_file: FileName = Field(default=_EXPORTED.model, description="Name of the program file.")
    params_file: FileName = Field(
        default=_EXPORTED.params, description="Name of the combined parameter file."
    )

    @property
    def files(self) -> ModelFileNames:
        """The names of both files."""
        return ModelFileNames(self.model_file, self.params_file)


class PaddleSegModel(Model):
    """A network of PaddleSeg and its weights; the run exports the inference model itself."""

    config_uri: Uri = Field(
        description="PaddleSeg configuration, of which only the model section is read: s3://bucket/net.yml."
    )
    weights_uri: Uri = Field(
        description="The network's state dict as paddle.save writes it: s3://bucket/model.pdparams."
    )
    input_shape: tuple[_Dimension, ...] = Field(
        min_length=4,
        max_length=4,
        description="Batch, channels (3), height and width of the input, such as [1, 3, 512, 1024]; "
        "a batch of -1 accepts any batch size.",
    )
    output_op: OutputOp = Field(
        default="argmax",
        description="What follows the network's scores, as in PaddleSeg's export: none, softmax or argmax.",
    )

    @model_validator(mode="after")
    def _takes_pictures(self) -> Self:
        _, channels, height, width = self.input_shape
        if channels != _PICTURE_CHANNELS or 0 in self.input_shape or FREE in (height, width):
            raise ValueError(
                "inputShape must be a batch (-1 for any), 3 channels, height and width, "
                f"such as [1, 3, 512, 1024], got {list(self.input_shape)}"
            )
        return self


class ModelSource(Model):
    """The model to compress: exactly one of inference and paddleseg."""

    inference: InferenceModel | None = Field(default=None, description="An exported Paddle inference model.")
    paddleseg: PaddleSegModel | None = Field(
        default=None, description="A PaddleSeg configuration and weights, exported by the run itself."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.inference is None) == (self.paddleseg is None):
            raise ValueError("give exactly one of inference and paddleseg")
        return self

    @property
    def files(self) -> ModelFileNames:
        """The names of the inference model's two files."""
        return _EXPORTED if self.inference is None else self.inference.files

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses that the model is read from, by their fields."""
        if self.paddleseg is not None:
            return {
                "spec.model.paddleseg.configUri": self.paddleseg.config_uri,
                "spec.model.paddleseg.weightsUri": self.paddleseg.weights_uri,
            }
        return {"spec.model.inference.uri": self.inference.uri} if self.inference else {}
