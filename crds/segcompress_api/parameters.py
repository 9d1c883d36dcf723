"""The parameters of a sweep as a user writes them: a field of a job's spec, and the values that it takes."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from segcompress_api.base import Model

VALUE_LIMIT = 256
"""Maximum length of one value."""

_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"

Decimal = Annotated[str, Field(pattern=_NUMBER, max_length=24)]
"""A number as a string, such as "0.005" or "5e-3": a float can be written in several ways."""

Value = Annotated[str, Field(min_length=1, max_length=VALUE_LIMIT)]


class Range(Model):
    """Numbers between two bounds, both included."""

    min: Decimal = Field(description='Minimum: "0.0001".')
    max: Decimal = Field(description='Maximum: "0.01".')
    scale: Literal["Linear", "Log"] = Field(
        default="Linear", description="Log draws as many values from 0.001 to 0.01 as from 0.01 to 0.1."
    )
    step: Decimal | None = Field(
        default=None, description="Distance between values, counted from min; for Linear ranges only."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if float(self.min) >= float(self.max):
            raise ValueError("max must be greater than min")
        if self.scale == "Log" and float(self.min) <= 0:
            raise ValueError("min must be greater than 0 if scale is Log")
        if self.step is not None and (self.scale == "Log" or float(self.step) <= 0):
            raise ValueError("step must be greater than 0, and requires scale Linear")
        return self


class Parameter(Model):
    """A field in which the trials differ: exactly one of values and range is given."""

    name: str = Field(
        min_length=1,
        max_length=32,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*$",
        description="Name of the parameter in the status.",
    )
    path: str = Field(
        max_length=256,
        pattern=r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_-]+)*$",
        description="Field of a SegCompressionJob's spec: strategy.UnstructurePrune.ratio.",
    )
    values: tuple[Value, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description='Values of the field, each as a string: "0.75", "gmp", or JSON as "[4, 1]".',
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    range: Range | None = Field(default=None, description="Range of numbers for the field.")

    @model_validator(mode="after")
    def _one_domain(self) -> Self:
        if (self.values is None) == (self.range is None):
            raise ValueError("give exactly one of values and range")
        return self
