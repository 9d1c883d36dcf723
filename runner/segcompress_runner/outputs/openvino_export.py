"""An exported ONNX file as OpenVINO IR: an .xml file, and the weights in a .bin file beside it.

Weights stay as they are. OpenVINO would halve floats to fp16 unless told otherwise: a file that is held
against the saved model must not round what that model does not. Int8 weights of a quantised model stay int8.
"""

from pathlib import Path

from segcompress_runner.errors import NotExportableError, is_exhaustion, is_full
from segcompress_runner.measurement.runtimes.session import first_line


def export_openvino(onnx: Path, to: Path) -> Path:
    """Write `to` (.xml) and the .bin file of the same name, and return `to`; raises NotExportableError."""
    import openvino

    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        openvino.save_model(openvino.convert_model(onnx), to, compress_to_fp16=False)
    except Exception as error:
        if is_exhaustion(error) or is_full(error):
            raise
        raise NotExportableError(first_line(error)) from error
    return to
