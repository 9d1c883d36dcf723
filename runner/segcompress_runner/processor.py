"""Which processor a latency belongs to, read from the system without importing any runtime."""

import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_CPUINFO = Path("/proc/cpuinfo")
_GPUS = Path("/proc/driver/nvidia/gpus")
_INSTRUCTIONS = (
    "avx2",
    "avx_vnni",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "avx512_fp16",
    "amx_int8",
    "amx_bf16",
)
"""Instruction sets that the runtimes have kernels for; a hypervisor may hide some of them."""

_NAME_LENGTH = 128


@dataclass(frozen=True)
class Processor:
    """The machine that measures: its CPU, and its GPU where the run uses one.

    `cpu_model` is the vendor's family, model and stepping: virtual machines often share one `cpu_name`.
    """

    cpu_name: str
    cpu_model: str = ""
    instructions: tuple[str, ...] = ()
    gpu_name: str | None = None

    @property
    def cpu(self) -> str:
        """Return the CPU's name and instruction sets, for people; at most 128 characters."""
        known = f" ({' '.join(self.instructions)})" if self.instructions else ""
        return f"{self.cpu_name}{known}"[:_NAME_LENGTH]

    @property
    def gpu(self) -> str | None:
        """Return the GPU's name, None where the run uses none."""
        return None if self.gpu_name is None else self.gpu_name[:_NAME_LENGTH]

    def __str__(self) -> str:
        return self.gpu or self.cpu


def this_processor(device: Literal["CPU", "GPU"], cpuinfo: Path = _CPUINFO, gpus: Path = _GPUS) -> Processor:
    """Return what a run on `device` would be measured on here."""
    fields = _fields(cpuinfo)
    flags = fields.get("flags", "").split()
    return Processor(
        cpu_name=fields.get("model name") or platform.processor() or platform.machine(),
        cpu_model=" ".join(fields.get(name, "") for name in ("cpu family", "model", "stepping")),
        instructions=tuple(name for name in _INSTRUCTIONS if name in flags),
        gpu_name=_gpu(gpus) if device == "GPU" else None,
    )


def is_slow_in_mkl(cpuinfo: Path = _CPUINFO) -> bool:
    """Return whether MKL, which goes by the maker's name, leaves AVX2 and FMA unused on this CPU."""
    fields = _fields(cpuinfo)
    flags = fields.get("flags", "").split()
    return fields.get("vendor_id") == "AuthenticAMD" and {"avx2", "fma"}.issubset(flags)


def _fields(path: Path) -> dict[str, str]:
    """Return the `name : value` lines of the first block of such a file; nothing where it cannot be read."""
    try:
        first_block = path.read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return {}
    return {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in first_block.splitlines())
    }


def _gpu(folder: Path) -> str:
    """Return the names of the GPUs that this container or machine sees, each once."""
    names = sorted({*_from_driver(folder)}) or sorted({*_from_tool()})
    return ", ".join(names) or "unknown GPU"


def _from_driver(folder: Path) -> Iterator[str]:
    for path in folder.glob("*/information"):
        name = _fields(path).get("Model")
        if name:
            yield name


def _from_tool() -> list[str]:
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line.strip() for line in output.splitlines() if line.strip()]
