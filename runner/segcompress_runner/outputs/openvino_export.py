"""An exported ONNX file as OpenVINO IR: an .xml file, and the weights in a .bin file beside it.

The pairs by which a quantised file rounds activations are placed anew (`placement`), so that OpenVINO stays
in int8 from layer to layer. Weights stay as they are: OpenVINO would halve floats to fp16 unless told
otherwise, and a file that is held against the saved model must not round what that model does not.
"""

import tempfile
from pathlib import Path

from segcompress_runner.errors import NotExportableError, is_exhaustion, is_full
from segcompress_runner.measurement.runtimes.session import first_line
from segcompress_runner.outputs.placement import place_pairs


def export_openvino(onnx_file: Path, to: Path) -> Path:
    """Write `to` (.xml) and the .bin file of the same name, and return `to`; raises NotExportableError."""
    import onnx
    import openvino

    to.parent.mkdir(parents=True, exist_ok=True)
    model = onnx.load(onnx_file)
    place_pairs(model.graph)
    try:
        with tempfile.TemporaryDirectory(dir=to.parent) as folder:
            placed = Path(folder, onnx_file.name)
            onnx.save(model, placed)
            openvino.save_model(openvino.convert_model(placed), to, compress_to_fp16=False)
    except Exception as error:
        if is_exhaustion(error) or is_full(error):
            raise
        raise NotExportableError(first_line(error)) from error
    return to
