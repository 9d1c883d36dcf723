from pathlib import Path

import pytest

from segcompress_runner.processor import Processor, is_slow_in_mkl, this_processor

CPUINFO = """processor\t: 0
cpu family\t: 25
model\t\t: 17
model name\t: AMD EPYC
stepping\t: 1
flags\t\t: fpu avx2 avx512f avx512_vnni

processor\t: 1
model name\t: another
"""
GPU = """Model: \t\t NVIDIA A100-SXM4-40GB
IRQ:   \t\t 30
"""


@pytest.fixture
def cpuinfo(tmp_path: Path) -> Path:
    path = tmp_path / "cpuinfo"
    path.write_text(CPUINFO)
    return path


@pytest.fixture
def gpus(tmp_path: Path) -> Path:
    for bus in ("0000:00:04.0", "0000:00:05.0"):
        (tmp_path / "gpus" / bus).mkdir(parents=True)
        (tmp_path / "gpus" / bus / "information").write_text(GPU)
    return tmp_path / "gpus"


def test_cpu_is_read_with_the_instructions_that_runtimes_use(cpuinfo: Path, gpus: Path) -> None:
    found = this_processor("CPU", cpuinfo, gpus)
    assert found == Processor("AMD EPYC", "25 17 1", ("avx2", "avx512f", "avx512_vnni"))
    assert str(found) == "AMD EPYC (avx2 avx512f avx512_vnni)"


def test_gpu_is_read_of_a_run_that_uses_one(cpuinfo: Path, gpus: Path) -> None:
    found = this_processor("GPU", cpuinfo, gpus)
    assert found.gpu == str(found) == "NVIDIA A100-SXM4-40GB"
    assert found.cpu == "AMD EPYC (avx2 avx512f avx512_vnni)"


def test_machine_that_tells_nothing_has_a_name_all_the_same(tmp_path: Path) -> None:
    found = this_processor("GPU", tmp_path / "absent", tmp_path / "absent")
    assert found.cpu_name
    assert found.gpu


def test_name_fits_into_a_status() -> None:
    assert len(Processor("x" * 500, gpu_name="y" * 500).cpu) == 128
    assert len(str(Processor("x" * 500, gpu_name="y" * 500))) == 128


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        pytest.param("AuthenticAMD", "sse2 fma avx2", True, id="AMD with AVX2"),
        pytest.param("AuthenticAMD", "sse2 avx", False, id="AMD without AVX2, where its kernels would crash"),
        pytest.param("GenuineIntel", "sse2 fma avx2 avx512f", False, id="Intel, which MKL knows"),
    ],
)
def test_mkl_is_told_where_it_goes_by_the_makers_name(
    vendor: str, flags: str, *, expected: bool, tmp_path: Path
) -> None:
    (tmp_path / "cpuinfo").write_text(f"vendor_id\t: {vendor}\nflags\t\t: {flags}\n")
    assert is_slow_in_mkl(tmp_path / "cpuinfo") is expected


def test_mkl_is_told_nothing_of_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert not is_slow_in_mkl(tmp_path / "absent")
