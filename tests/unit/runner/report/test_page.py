"""What report.html says, and that nothing in it comes from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from results import ONNX, PADDLE, Run, page, result
from segcompress_runner.outputs.html import wording
from segcompress_runner.outputs.html.deploy import deploy
from segcompress_runner.outputs.html.page import render
from segcompress_runner.outputs.html.units import signed

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></svg><b>",
    "$\\frac{1$ {{ 7 * 7 }} {% x %}",
    "\u202e from the right \ufffe",
    "街 дорога 🚗",
    "&lt;i&gt; ' onload='x",
    "x" * 64,
)


class Elements(HTMLParser):
    """Lists the elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


DRAWN = {"defs", "clippath", "g", "path", "rect", "text", "use"}
"""What charts are made of: how many grid lines there are depends on the room that names leave."""


def tags(page: str) -> list[str]:
    return [tag for tag, _ in Elements(page).found]


def words(page: str) -> str:
    """Return a page's text, white space as one blank."""
    return " ".join(" ".join(Elements(page).text).split())


def test_title_names_strategy_and_model(tmp_path: Path) -> None:
    told = result(tmp_path)
    told["run"]["spec"]["strategy"]["configUri"] = "s3://somewhere/act.yaml"
    assert wording.title(told) == "UnstructurePrune of s3://models/pp_humanseg_lite/"
    told["run"]["spec"]["model"] = {"paddleseg": {"weightsUri": "s3://models/net.pdparams"}}
    assert wording.title(told) == "UnstructurePrune of s3://models/net.pdparams"


def test_accepted_run_says_so_first_and_in_one_sentence(tmp_path: Path) -> None:
    verdict = wording.verdict(result(tmp_path))
    assert verdict.headline == "Accepted"
    assert verdict.sentence == (
        "All 5 gates passed: mIoU rose by 0.0018, the file is as large as before "
        "and the model 1.02 times as fast on PaddleInference."
    )


def test_missed_gate_is_named_in_the_verdict(tmp_path: Path) -> None:
    missed = result(tmp_path, Run(lost=0.05, runtimes=(PADDLE,)))
    verdict = wording.verdict(missed)
    assert (verdict.accepted, verdict.headline) == (False, "Not accepted")
    assert verdict.sentence.startswith("1 of 3 gates missed: mIoU on PaddleInference (default): 0.75")
    both = wording.verdict(result(tmp_path, Run(lost=0.05, sparsity=0.3, runtimes=(PADDLE,))))
    assert both.sentence.startswith("2 of 3 gates missed; the first: sparsity of the saved model")
    assert verdict.sentence in words(render(missed))


def test_figures_stand_side_by_side(tmp_path: Path) -> None:
    rows = [
        (row.name, row.baseline, row.compressed, row.change) for row in wording.figure_rows(result(tmp_path))
    ]
    assert rows == [
        ("mIoU", "0.7980", "0.7998", "+0.0018"),
        ("Boundary IoU", "0.6371", "0.6402", "+0.0030"),
        ("Latency", "22.58 ms", "22.04 ms", "−2.4%"),
        ("Size", "555.9 kB", "555.9 kB", "0%"),
        ("Size, packed", "562 B", "562 B", "0%"),
        ("Multiply-adds", "90.12 M", "60.50 M", "−32.9%"),
        ("Sparsity", "–", "75.0%", ""),
        ("Speed-up", "1×", "1.02×", "1.01–1.04"),
    ]


def test_gates_stand_worst_first_with_what_was_asked_and_measured(tmp_path: Path) -> None:
    told = result(tmp_path, Run(lost=0.05, sparsity=0.76))
    rows = wording.gate_rows(told)
    assert [row.passed for row in rows] == [False, False, True, True, True]
    assert [row.gate for row in rows[2:]] == [
        "sparsity of the strategy",
        "classes on PaddleInference (default)",
        "classes on ONNXRuntime (default)",
    ]
    assert (rows[2].asked, rows[2].measured, rows[2].default) == ("0.75, tolerance 0.005", "0.7600", False)
    text = words(render(told))
    for row in rows:
        verdict = "✓ passed" if row.passed else "✗ missed"
        asked = f"{row.asked} (default)" if row.default else row.asked
        assert f"{verdict} {row.gate} {asked} {row.measured}" in text


def test_class_that_lost_most_comes_first(tmp_path: Path) -> None:
    rows = wording.class_rows(result(tmp_path, Run(names=[f"class {index}" for index in range(19)])))
    assert [row.change for row in rows] == sorted(row.change for row in rows)
    assert len({row.id for row in rows}) == 19


def test_every_setting_version_and_digest_is_told(tmp_path: Path) -> None:
    told = result(tmp_path)
    text = words(render(told))
    run = told["run"]
    for value in (run["modelKey"], run["measurementKey"], run["code"], *told["versions"].values()):
        assert value in text
    for setting in ("target_size", "learning_rate: 0.005", "s3://compressed/humanseg-sparse/"):
        assert setting in text


def test_a_run_that_trained_nothing_has_no_curves(tmp_path: Path) -> None:
    told = result(tmp_path)
    assert "dashed line is the baseline" in words(render(told))
    told["training"] |= {
        "iterations": 0,
        "bestIteration": 0,
        "losses": [],
        "history": told["training"]["history"][:1],
    }
    told["training"]["history"][0]["iteration"] = 0
    page = render(told)
    assert "Nothing was trained: scales were measured in 602 s" in words(page)
    assert "dashed line" not in page


def test_one_runtime_is_recommended_with_its_code(tmp_path: Path) -> None:
    told = result(tmp_path)
    said = deploy(told)
    assert said is not None
    assert said.sentence == (
        "ONNXRuntime is fastest of the runtimes that were measured and on which every gate passes: "
        "13.68 ms, 1.02 times the baseline's speed there, mIoU 0.7998."
    )
    assert said.note == "Variant default, computed in f32. CPU."
    assert said.code.startswith("threads = 1\nimport onnxruntime")
    assert said.files == "model.onnx"
    shown = words(render(told))
    assert said.sentence in shown
    assert " ".join(said.code.split()) in shown


def test_no_runtime_is_recommended_where_each_misses_a_gate(tmp_path: Path) -> None:
    told = result(tmp_path, Run(lost=0.05))
    assert told["recommended"] is None
    assert "No runtime is recommended" in words(render(told))


def test_quantised_run_has_no_layers_to_show(tmp_path: Path) -> None:
    shown = render(result(tmp_path, Run(sparsity=None)))
    assert "Sparsity by layer" not in shown
    assert "Latency by runtime" in shown


def test_each_picture_is_shown_with_its_maps_and_named(tmp_path: Path) -> None:
    shown = page(tmp_path, Run(pictures=2))
    pictures = [attributes for tag, attributes in Elements(shown).found if tag == "img"]
    titles = ("Picture", "Mask", "Baseline", "Compressed", "Difference")
    assert [one["alt"] for one in pictures] == [
        f"{title}: images/{index:04}.jpg (val.txt line {index + 1})" for index in (0, 1) for title in titles
    ]
    wrong = result(tmp_path, Run(pictures=2))["pictures"][0]
    assert f"compressed {wrong['compressedWrong'] / wrong['pixels']:.2%}" in words(shown)


def test_names_of_users_are_text_and_nothing_else(tmp_path: Path) -> None:
    tame, wild = (page(tmp_path, Run(names=names, pictures=1)) for names in ("abcdefgh", HOSTILE))
    assert [tag for tag in tags(wild) if tag not in DRAWN] == [tag for tag in tags(tame) if tag not in DRAWN]
    assert set(tags(wild)) == set(tags(tame))
    assert not [key for _, attributes in Elements(wild).found for key in attributes if key.startswith("on")]
    assert [name for name in HOSTILE if " ".join(name.split()) not in words(wild)] == []


def test_messages_and_addresses_of_users_are_escaped(tmp_path: Path) -> None:
    told = result(tmp_path, Run(model_uri="s3://models/<i>/"))
    told["notes"] = ["<b>note</b>"]
    told["gates"][0]["gate"] = "<u>gate</u>"
    shown = render(told)
    assert {tag for tag, _ in Elements(shown).found}.isdisjoint({"b", "u"})
    for text in ("s3://models/<i>/", "<b>note</b>", "<u>gate</u>"):
        assert text in words(shown)


def test_nothing_is_loaded_from_anywhere(tmp_path: Path) -> None:
    shown = page(tmp_path, Run(names=("road", "http://example.com/x.png")))
    elements = Elements(shown).found
    assert {tag for tag, _ in elements}.isdisjoint({"script", "iframe", "object", "embed", "base", "form"})
    addresses = [
        value or ""
        for _, attributes in elements
        for key, value in attributes.items()
        if key in {"src", "href", "xlink:href", "srcset", "data", "action", "poster"}
    ]
    assert [address for address in addresses if not address.startswith(("#", "data:"))] == []
    assert [match for match in re.findall(r"url\(([^)]*)\)", shown) if not match.startswith("#")] == []
    assert "@import" not in shown
    policy = next(a["content"] for tag, a in elements if tag == "meta" and "http-equiv" in a)
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_ids_are_unique_and_references_lead_somewhere(tmp_path: Path) -> None:
    elements = Elements(page(tmp_path)).found
    ids = [value for _, attributes in elements for key, value in attributes.items() if key == "id"]
    assert len(ids) == len(set(ids))
    leads = [a["href"] or "" for _, a in elements if (a.get("href") or "").startswith("#")]
    assert [lead for lead in leads if lead[1:] not in ids] == []


def test_styles_of_charts_do_not_reach_the_page(tmp_path: Path) -> None:
    assert tags(page(tmp_path)).count("style") == 1


def test_equal_results_give_equal_bytes(tmp_path: Path) -> None:
    run = Run(runtimes=(ONNX, PADDLE), pictures=1)
    assert page(tmp_path, run) == page(tmp_path, run)


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [(0.0012, 4, "+0.0012"), (-0.0012, 4, "−0.0012"), (-0.00001, 4, "0"), (0.0, 1, "0")],
)
def test_changes_have_a_sign(value: float, places: int, text: str) -> None:
    assert signed(value, places) == text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"miouDrop": "0.0036"}, "mIoU fell by 0.0036"),
        ({"miouDrop": "0.0000"}, "mIoU is the same"),
        ({"speedup": "0.25"}, "slower (0.25 times the speed) on PaddleInference"),
        (
            {"baseline": {"sizeBytes": 400}, "compressed": {"sizeBytes": 100}},
            "the file is 4.00 times smaller",
        ),
        ({"baseline": {"sizeBytes": 100}, "compressed": {"sizeBytes": 400}}, "the file is 4.00 times larger"),
    ],
)
def test_summary_says_what_was_gained_and_lost(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    told = result(tmp_path)
    told["metrics"] |= change
    assert said in wording.summary(told)
