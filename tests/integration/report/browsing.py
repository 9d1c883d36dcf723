"""A page in a real browser, light or dark, on a phone or a wide screen, and what is asked of every page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

SCHEMES = ("light", "dark")
WIDTHS = (400, 1400)
READABLE = 4.5
"""Least contrast of text, WCAG 2.2, level AA."""


@dataclass
class Opened:
    """A page that is open, and what the browser said of it."""

    page: Page
    problems: list[str] = field(default_factory=list)

    def open_details(self) -> None:
        """Open everything that is folded."""
        self.page.locator("summary").evaluate_all("all => all.forEach(one => one.parentElement.open = true)")

    def fits(self) -> bool:
        """Return whether nothing is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))

    def unreadable(self) -> list[tuple[str, float]]:
        """Return the texts with too little contrast."""
        return [(text, ratio) for text, ratio in self.page.evaluate(_CONTRASTS) if ratio < READABLE]

    def walk(self, selector: str) -> tuple[list[str], list[str]]:
        """Press Tab through the page; return what was reached, and what `selector` finds that can be seen."""
        seen = "all => all.filter(one => one.checkVisibility()).map(one => one.outerHTML)"
        visible = self.page.locator(selector).evaluate_all(seen)
        reached = []
        for _ in visible:
            self.page.keyboard.press("Tab")
            reached.append(self.page.evaluate("document.activeElement.outerHTML"))
            assert self.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        return reached, visible


@contextmanager
def shown(browser: Browser, file: Path, scheme: str, width: int) -> Iterator[Opened]:
    """Open a file without a network."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        offline=True,
    )
    opened = Opened(context.new_page())
    opened.page.on("console", lambda message: opened.problems.append(f"console: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.problems.append(f"error: {error}"))
    opened.page.on("request", lambda asked: opened.problems.append(asked.url) if _leaves(asked.url) else None)
    opened.page.goto(file.as_uri())
    yield opened
    context.close()


def every(*names: str) -> pytest.MarkDecorator:
    """Run a test with each of these files of its module, in both schemes and at both widths."""
    rows = [(name, scheme, width) for name in names for scheme in SCHEMES for width in WIDTHS]
    return pytest.mark.parametrize("opened", rows, indirect=True, ids=lambda row: " ".join(map(str, row)))


def _leaves(url: str) -> bool:
    """Return whether a request leaves the file."""
    return not url.startswith("data:") and not url.endswith("/report.html")


_CONTRASTS = """() => {
  const channels = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const colour = channels(getComputedStyle(one).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    throw new Error('nothing behind');
  };
  const texts = [...document.querySelectorAll('body *')].filter(element =>
    [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  return texts.map(element => {
    const style = getComputedStyle(element);
    const ink = light(channels(element.namespaceURI.endsWith('svg') ? style.fill : style.color));
    const paper = light(behind(element));
    return [element.textContent.trim().slice(0, 40),
            (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)];
  });
}"""
