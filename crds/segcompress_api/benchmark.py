"""How latency is measured (`benchmark`)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from segcompress_api.base import Model, Whole, named_twice

RuntimeName = Literal["PaddleInference", "ONNXRuntime", "OpenVINO", "MNN"]


class Benchmark(Model):
    """Where and how latency is measured: batch 1, baseline and compressed model interleaved."""

    runtimes: tuple[RuntimeName, ...] = Field(
        default=("PaddleInference", "ONNXRuntime"),
        min_length=1,
        max_length=4,
        description="Runtimes to measure on; status.metrics has the latency on the first one.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    threads: Whole = Field(default=1, ge=1, le=64, description="Threads that a runtime uses.")
    warmup: Whole = Field(
        default=50, ge=0, le=10000, description="Queries before the first that is measured."
    )
    min_queries: Whole = Field(
        default=1024,
        ge=16,
        le=100000,
        description="Minimum number of queries measured for each model.",
    )

    @model_validator(mode="after")
    def _each_runtime_once(self) -> Self:
        twice = named_twice(self.runtimes)
        if twice is not None:
            raise ValueError(f"runtimes names {twice} twice")
        return self
