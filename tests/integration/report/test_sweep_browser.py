"""The report of a sweep in a real browser: as that of a run, and its table is sorted by keyboard."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator

from sweeps import KIND, LATENCY, MIOU, RATE, RATIO, SIZE, Sweep, page

from .browsing import SCHEMES, WIDTHS, Opened, every

SWEEPS = {
    "two objectives": Sweep(),
    "one objective, going on": Sweep(trials=9, objectives=(MIOU,), ended=False),
    "three objectives": Sweep(trials=60, objectives=(MIOU, LATENCY, SIZE), parameters=(RATIO, RATE, KIND)),
    "none acceptable": Sweep(trials=12, lost=0.05),
    "long values": Sweep(parameters=(RATIO, {**KIND, "name": "n" * 32, "values": ["x" * 200, "y z " * 40]})),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Write one report for each sweep."""
    written = {}
    for name, sweep in SWEEPS.items():
        written[name] = tmp_path_factory.mktemp("sweep") / "report.html"
        written[name].write_text(page(sweep))
    return written


@every(*SWEEPS)
def test_report_is_complete_in_itself_and_fits_the_window(opened: Opened) -> None:
    opened.open_details()
    assert opened.problems == []
    assert opened.fits()
    unnamed = "all => all.filter(one => !one.getAttribute('aria-label')).length"
    assert opened.page.locator("figure svg").evaluate_all(unnamed) == 0
    assert opened.page.locator("h1").count() == 1


@every("two objectives", "three objectives")
def test_no_table_scrolls_sideways(opened: Opened) -> None:
    wide = "all => all.filter(one => one.scrollWidth > one.clientWidth).map(one => one.ariaLabel)"
    assert opened.page.locator(".scrolling").evaluate_all(wide) == []


@every("two objectives", "one objective, going on", "none acceptable")
def test_text_has_contrast(opened: Opened) -> None:
    opened.open_details()
    assert opened.unreadable() == []


@pytest.mark.parametrize("opened", [("two objectives", "light", 1400)], indirect=True)
def test_verdict_is_seen_without_scrolling(opened: Opened) -> None:
    verdict = opened.page.locator("#verdict")
    assert verdict.locator("h2").inner_text() == "✓ Ship trial 6"
    assert "segcompress promote s3://compressed/" in verdict.inner_text()
    box = verdict.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 800


@pytest.mark.parametrize(
    "opened", [("one objective, going on", "light", width) for width in WIDTHS], indirect=True
)
def test_keyboard_reaches_everything_in_the_order_of_the_page(opened: Opened) -> None:
    reached, visible = opened.walk("a[href], summary, button, [tabindex='0']")
    assert reached == visible


def rows(opened: Opened) -> Locator:
    return opened.page.get_by_role("region", name="All trials").locator("tbody tr")


def column(opened: Opened, place: int) -> list[str]:
    texts = rows(opened).evaluate_all("(all, place) => all.map(one => one.cells[place].innerText)", place)
    return [str(text) for text in texts]


@pytest.mark.parametrize("opened", [("two objectives", "light", width) for width in WIDTHS], indirect=True)
def test_trials_are_sorted_by_keyboard_and_those_without_a_figure_stay_last(opened: Opened) -> None:
    table = opened.page.get_by_role("region", name="All trials")
    names = [name.strip() for name in table.get_by_role("columnheader").all_inner_texts()]
    place = names.index("mIoU")
    table.get_by_role("button", name="mIoU", exact=True).focus()
    opened.page.keyboard.press("Enter")
    up = column(opened, place)
    assert up[-2:] == ["–", "–"]
    assert up[:-2] == sorted(up[:-2])
    assert (
        table.get_by_role("columnheader", name="mIoU", exact=True).get_attribute("aria-sort") == "ascending"
    )
    opened.page.keyboard.press("Enter")
    down = column(opened, place)
    assert down[:-2] == sorted(up[:-2], reverse=True)
    assert down[-2:] == ["–", "–"]
    assert table.locator("[aria-sort]").count() == 1
    table.get_by_role("button", name="Trial", exact=True).click()
    assert column(opened, 0) == [f"Trial {index}" for index in range(24)]
    assert opened.problems == []


@pytest.mark.parametrize("opened", [("two objectives", "light", 1400)], indirect=True)
def test_state_sorts_the_best_first(opened: Opened) -> None:
    opened.page.get_by_role("button", name="State").click()
    assert column(opened, 0)[0] == "Trial 6"
    assert "failed" in column(opened, 1)[-1]


@pytest.mark.parametrize("opened", [("two objectives", "light", width) for width in WIDTHS], indirect=True)
def test_tables_that_are_stacked_on_a_phone_are_still_tables(opened: Opened) -> None:
    table = opened.page.get_by_role("region", name="All trials").get_by_role("table")
    first = table.get_by_role("row").nth(1)
    assert first.get_by_role("rowheader").inner_text() == "Trial 0"
    assert first.get_by_role("cell").count() == 7
    assert table.get_by_role("columnheader").first.is_visible()


@pytest.mark.parametrize("opened", [("two objectives", "light", 400)], indirect=True)
def test_trial_leads_to_its_report(opened: Opened) -> None:
    link = opened.page.get_by_role("region", name="All trials").get_by_role(
        "link", name="Trial 1", exact=True
    )
    assert link.get_attribute("href") == "../../0000000000000001/attempts/pod%201/report.html"


@pytest.mark.parametrize("opened", [("three objectives", scheme, 400) for scheme in SCHEMES], indirect=True)
def test_charts_stay_legible_on_a_phone(opened: Opened) -> None:
    heights = opened.page.locator("figure svg text").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize)"
        " * Math.hypot(one.getScreenCTM().a, one.getScreenCTM().b))"
    )
    assert min(heights) >= 8


def test_without_scripts_the_table_is_there_all_the_same(browser: Browser, files: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    shown_page = context.new_page()
    shown_page.goto(files["two objectives"].as_uri())
    assert shown_page.get_by_role("region", name="All trials").get_by_role("row").count() == 25
    assert shown_page.get_by_role("button").count() == 0
    context.close()
