"""The report in a real browser: Debian's chromium, light and dark, on a phone and on a wide screen."""

from pathlib import Path

import pytest

from results import CITYSCAPES, Run, page

from .browsing import SCHEMES, WIDTHS, Opened, every

RUNS = {
    "accepted": Run(),
    "not accepted": Run(lost=0.05),
    "19 classes": Run(names=CITYSCAPES, lost=0.012, layers=110, pictures=8),
    "quantised, long names": Run(
        names=["background", "x" * 64], sparsity=None, model_uri=f"s3://m/{'y' * 200}/"
    ),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write one report for each run."""
    written = {}
    for name, run in RUNS.items():
        folder = tmp_path_factory.mktemp("report")
        written[name] = folder / "report.html"
        written[name].write_text(page(folder, run))
    return written


@every(*RUNS)
def test_report_is_complete_in_itself_and_fits_the_window(opened: Opened) -> None:
    opened.open_details()
    assert opened.problems == []
    assert opened.fits()
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
    assert opened.page.locator(".scrolling").evaluate_all(wide) == []
    broken = "all => all.filter(one => !one.complete || !one.naturalWidth || !one.alt).length"
    assert opened.page.locator("img").evaluate_all(broken) == 0
    unnamed = "all => all.filter(one => !one.getAttribute('aria-label')).length"
    assert opened.page.locator("figure svg").evaluate_all(unnamed) == 0
    assert opened.page.locator("h1").count() == 1


@every("accepted", "not accepted")
def test_text_has_contrast(opened: Opened) -> None:
    opened.open_details()
    assert opened.unreadable() == []


@pytest.mark.parametrize("opened", [("accepted", "light", 400)], indirect=True)
def test_keyboard_reaches_everything_in_the_order_of_the_page(opened: Opened) -> None:
    reached, visible = opened.walk("a[href], summary, [tabindex='0']")
    assert reached == visible


@pytest.mark.parametrize("opened", [("accepted", "light", 400)], indirect=True)
def test_keyboard_opens_details_and_scrolls_wide_tables(opened: Opened) -> None:
    settings = opened.page.locator("summary", has_text="Every setting")
    settings.focus()
    opened.page.keyboard.press("Enter")
    spec = opened.page.get_by_label("The job's spec")
    assert spec.is_visible()
    assert "learning_rate: 0.005" in spec.inner_text()


@pytest.mark.parametrize("opened", [("19 classes", "light", width) for width in WIDTHS], indirect=True)
def test_tables_that_are_stacked_on_a_phone_are_still_tables(opened: Opened) -> None:
    table = opened.page.get_by_label("IoU by class").get_by_role("table")
    rows = table.get_by_role("row")
    assert rows.last.get_by_role("rowheader").count() == 1
    assert rows.last.get_by_role("cell").count() == 6
    assert table.get_by_role("columnheader", name="Compressed").first.is_visible()


@pytest.mark.parametrize("opened", [("not accepted", "light", 1400)], indirect=True)
def test_verdict_is_seen_without_scrolling_and_names_the_gate(opened: Opened) -> None:
    verdict = opened.page.locator("#verdict")
    assert verdict.locator("h2").inner_text() == "✗ Not accepted"
    assert "mIoU on PaddleInference (default)" in verdict.locator(".sentence").inner_text()
    box = verdict.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 800


@pytest.mark.parametrize("opened", [("accepted", scheme, 400) for scheme in SCHEMES], indirect=True)
def test_charts_follow_the_scheme_and_stay_legible_on_a_phone(opened: Opened) -> None:
    papers = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    text = opened.page.locator("figure svg text").first
    assert text.evaluate("one => getComputedStyle(one).fill") != papers
    heights = opened.page.locator("figure svg text").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a)"
    )
    assert min(heights) >= 8
