"""What the report says of where to deploy the model: result.json's recommendation in people's words. Pure."""

from dataclasses import dataclass

from segcompress_runner.outputs.html.wording import Result, precision


@dataclass(frozen=True)
class Deploy:
    """Which runtime is recommended, what was set there, and the code that does so beside the files."""

    sentence: str
    note: str
    code: str
    files: str


def deploy(result: Result) -> Deploy | None:
    """Return where to deploy the model and how; None where it misses a gate on every runtime."""
    found = result["recommended"]
    if found is None:
        return None
    computed = precision(int8=found["int8"], floats=found["precision"])
    return Deploy(
        sentence=f"{found['runtime']} is fastest of the runtimes that were measured and on which every gate "
        f"passes: {found['p50_ms']:.2f} ms, {found['speedup']:.2f} times the baseline's speed there, "
        f"mIoU {found['miou']:.4f}.",
        note=f"Variant {found['variant']}, computed in {computed}. {found['how']}.",
        code=found["code"],
        files=" and ".join(found["files"]),
    )
