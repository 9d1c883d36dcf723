"""The table of networks in docs/models.md holds what the tests of the networks saw, of each of them."""

from large import network_table
from large.networks import NETWORKS


def test_the_table_has_a_row_for_each_network() -> None:
    page = network_table.PAGE.read_text()
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]

    assert page.count("`make networks` -->") == 1
    assert [name for name in rows if name in NETWORKS] == list(NETWORKS)


def test_a_row_tells_figures_and_verdict() -> None:
    result = {
        "metrics": {"baseline": {"sizeBytes": 2_000_000}, "compressed": {"sizeBytes": 500_000}},
        "exports": [{"artefact": "ONNX", "differing": 0.0125}],
        "gates": [
            {"passed": True, "message": "mIoU on PaddleInference (int8): …"},
            {"passed": False, "message": "class 1 on PaddleInference (int8): …"},
        ],
    }

    assert network_table.row("STDC1", result) == [
        "STDC1",
        "STDCSeg, STDC1",
        "2.0 MB",
        "int8",
        "0.25x",
        "98.75%",
        "not accepted: class 1 on PaddleInference (int8)",
    ]
