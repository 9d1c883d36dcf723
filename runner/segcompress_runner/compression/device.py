"""The device that Paddle computes on, checked first: Paddle aborts on a card that it has no code for."""

from collections.abc import Mapping, Sequence
from typing import Any

import paddle

from segcompress_runner.errors import InvalidSettingError

Capability = tuple[int, int]

_FIELD = "spec.runtime.device"
_CAPABILITIES: Mapping[str, Sequence[Capability]] = {"2.6.2": ((6, 1), (7, 0), (7, 5), (8, 0), (8, 6))}
"""Compute capabilities with machine code in paddlepaddle-gpu from PyPI, by version (libphi.so, libpaddle.so).

Read from their fat binaries, which hold no PTX that a newer card could compile.
"""


def check_device(device: str) -> None:
    """Raise InvalidSettingError where `device` is GPU and this Paddle cannot compute on the one here."""
    if device != "GPU":
        return
    if not paddle.is_compiled_with_cuda():
        raise InvalidSettingError(
            f"{_FIELD}: GPU, but Paddle is installed here for CPUs only; "
            "use the GPU image, or device: CPU (segcompress run --device cpu)"
        )
    if paddle.device.cuda.device_count() == 0:
        raise InvalidSettingError(
            f"{_FIELD}: GPU, but Paddle sees no GPU here; check runtime.gpus and the driver"
        )
    check_capability(
        paddle.__version__, paddle.device.cuda.get_device_name(), paddle.device.cuda.get_device_capability()
    )


def check_capability(version: str, card: str, capability: Capability) -> None:
    """Raise InvalidSettingError where that Paddle has no code for a card of that compute capability.

    Machine code runs on later minor versions of its own major version alone. Nothing is claimed of a version
    that is not in the table, such as a wheel that the image's builder made.
    """
    known = _CAPABILITIES.get(version)
    major, minor = capability
    if known is None or any(major == one and minor >= least for one, least in known):
        return
    supported = ", ".join(f"{one}.{least}" for one, least in known)
    raise InvalidSettingError(
        f"{_FIELD}: {card} has compute capability {major}.{minor}, and Paddle {version} has code only "
        f"for {supported}; choose another GPU by spec.runtime.nodeSelector, or device: CPU"
    )


def place_of(device: str) -> Any:
    """Return Paddle's place of a device that was checked."""
    return paddle.CUDAPlace(0) if device == "GPU" else paddle.CPUPlace()
