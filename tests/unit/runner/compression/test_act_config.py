"""What PaddleSlim gets is fresh, complete, and numbers where numbers are meant."""

from segcompress_api.quantisation_sections import QuantAware
from segcompress_runner.compression.act_config import FLOAT_SCOPE, quantization_config, type_and_arguments


def test_the_quantisation_is_always_in_onnx_format() -> None:
    settings = QuantAware(quantize_op_types=("conv2d",), moving_rate=0.5, is_full_quantize=True)
    config = quantization_config(settings)
    assert config["onnx_format"] is True
    assert config["quantize_op_types"] == ["conv2d"]
    assert config["not_quant_pattern"] == ["skip_quant", FLOAT_SCOPE]
    assert (config["moving_rate"], config["is_full_quantize"]) == (0.5, True)


def test_upstream_may_take_its_configuration_apart() -> None:
    settings = QuantAware()
    quantization_config(settings)["quantize_op_types"].clear()
    assert quantization_config(settings)["quantize_op_types"]


def test_arguments_are_copies_without_the_type() -> None:
    typed = {"type": "PiecewiseDecay", "boundaries": [10, 20], "values": [0.1, 0.01, 0.001]}
    name, arguments = type_and_arguments(typed)
    arguments["boundaries"].append(30)
    assert name == "PiecewiseDecay"
    assert typed["boundaries"] == [10, 20]
    assert "type" not in arguments


def test_numbers_that_yaml_reads_as_strings_are_numbers() -> None:
    _, arguments = type_and_arguments({"type": "StepDecay", "learning_rate": "5e-3", "values": ["1e-2", 3]})
    assert arguments == {"learning_rate": 0.005, "values": [0.01, 3]}


def test_other_strings_stay() -> None:
    assert type_and_arguments({"type": "CyclicLR", "mode": "triangular"})[1] == {"mode": "triangular"}
