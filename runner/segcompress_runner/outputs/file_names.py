"""The names under which a run publishes its files."""

PROGRAM, PARAMS, ONNX, OPENVINO, OPENVINO_WEIGHTS, MNN, RESULT, TABLE, REPORT = (
    "model.pdmodel",
    "model.pdiparams",
    "model.onnx",
    "model.xml",
    "model.bin",
    "model.mnn",
    "result.json",
    "table.md",
    "report.html",
)
BASELINE = "baseline"
"""Folder of the model that was compressed, where the run exported it."""
