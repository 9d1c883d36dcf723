"""The pictures of a job: where they are, how they are annotated, and how a model sees them."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from segcompress_api.base import FileName, Model, PrintedName, Uri, Whole


class Transform(Model):
    """One PaddleSeg transform: its class name under `type`, its arguments beside it."""

    model_config = ConfigDict(extra="allow", alias_generator=None)

    type: str = Field(
        max_length=64,
        pattern="^[A-Za-z][A-Za-z0-9]*$",
        description="Name of a class in paddleseg.transforms, such as Resize.",
    )

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the transform."""
        return dict(self.model_extra or {})


DEFAULT_BATCH_SIZE = 16

Format = Literal["PaddleSeg", "Labelme", "EISeg"]


class Dataset(Model):
    """Pictures and their annotations: list files of "image annotation" lines, relative to uri."""

    uri: Uri = Field(description="Folder that holds pictures, masks and list files: s3://bucket/prefix/.")
    format: Format = Field(
        default="PaddleSeg",
        description=(
            "What the lists name beside each picture: PaddleSeg a mask of class ids, Labelme a JSON file of "
            "labelme, EISeg a JSON file that EISeg saved (labelme's layout, its own, or COCO's)."
        ),
    )
    train_list: FileName = Field(default="train.txt", description="List of the pictures to train on.")
    val_list: FileName = Field(default="val.txt", description="List of the pictures to evaluate on.")
    label_list: FileName | None = Field(
        default=None,
        description=(
            "File with the label of each class id, one per line, instead of classNames: labelme2seg's "
            "class_names.txt, labelme's labels.txt or EISeg's autosave_label.txt."
        ),
    )
    num_classes: Whole = Field(
        ge=2, le=256, description="Number of classes; a mask holds ids below it, or ignoreIndex."
    )
    class_names: tuple[Annotated[PrintedName, Field(max_length=64)], ...] = Field(
        default=(),
        max_length=256,
        description=(
            "Names of the classes, in the order of their ids: used in messages, and as labels of annotations."
        ),
    )
    ignore_index: Whole = Field(default=255, ge=0, le=255, description="Mask value that no metric counts.")
    batch_size: Whole = Field(
        default=DEFAULT_BATCH_SIZE, ge=1, le=1024, description="Pictures in a training batch."
    )
    train_transforms: tuple[Transform, ...] = Field(
        default=(), max_length=32, description="PaddleSeg transforms of a training picture, in order."
    )
    val_transforms: tuple[Transform, ...] = Field(
        default=(), max_length=32, description="PaddleSeg transforms of a validation picture, in order."
    )
    reader_config_uri: Uri | None = Field(
        default=None,
        description=(
            "Upstream's reader file, instead of both transforms and batchSize: YAML with train_dataset, "
            "val_dataset and batch_size."
        ),
    )

    @model_validator(mode="after")
    def _one_name_a_class(self) -> Self:
        if self.class_names and len(self.class_names) != self.num_classes:
            raise ValueError(
                f"classNames has {len(self.class_names)} names for numClasses {self.num_classes}"
            )
        return self

    @model_validator(mode="after")
    def _transforms_from_one_place(self) -> Self:
        given = [bool(self.train_transforms), bool(self.val_transforms)]
        if self.reader_config_uri is None and not all(given):
            raise ValueError("trainTransforms and valTransforms are required unless readerConfigUri is given")
        if self.reader_config_uri is not None and any(given):
            raise ValueError("readerConfigUri cannot be combined with transforms; give the file or the lists")
        return self

    @model_validator(mode="after")
    def _labels_have_ids(self) -> Self:
        if self.label_list is not None and self.format == "PaddleSeg":
            raise ValueError(
                "labelList requires format Labelme or EISeg: the masks of format PaddleSeg hold class ids"
            )
        if self.label_list is not None and self.class_names:
            raise ValueError("labelList cannot be combined with classNames; give one of them")
        if self.format == "Labelme" and self.label_list is None and not self.class_names:
            raise ValueError("format Labelme requires classNames or labelList: its labels have no ids")
        return self
