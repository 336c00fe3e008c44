# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of a report, written by the installed module, in a real browser."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

import reported
from installed import Modules

FLEETS = {"small": reported.small, "mixed": reported.mixed, "hostile": reported.hostile, "large": reported.large}
WIDTHS = (360, 800, 1440)
MOST_UNFOLDED = 6  # clusters of a large fleet that are looked at
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-background-networking"),
    *("--disable-component-update", "--disable-quic"),
)
# Texts that are seen: of each its place, cut by the frames that scroll; two of them must not share any.
TEXTS = """() => {
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, parent = node.parentElement;
    const unseen = 'script, title, desc, option, .hidden, .skip, .bar, details:not([open]) > :not(summary)';
    if (!node.data.trim() || parent.closest(unseen)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      let {left, right, top, bottom} = box;
      for (let frame = parent; frame; frame = frame.parentElement) {
        if (getComputedStyle(frame).overflowX === 'visible') continue;
        const clip = frame.getBoundingClientRect();
        left = Math.max(left, clip.left); right = Math.min(right, clip.right);
      }
      const text = node.data.trim().slice(0, 60);
      if (right - left > 1 && bottom - top > 1) found.push({text, left, right, top, bottom});
    }
  }
  found.sort((a, b) => a.top - b.top);
  const wrong = [];
  found.forEach((a, i) => {
    for (let j = i + 1; j < found.length && found[j].top < a.bottom - 2; j++) {
      const b = found[j];
      if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - b.top > 5)
        wrong.push(`${a.text} / ${b.text}`);
    }
  });
  return {count: found.length, wrong};
}"""
# Texts of drawings that reach beyond the box that they are in, or the drawing.
BEYOND = """() => [...document.querySelectorAll('svg[role=img] text')].filter((text) => {
  const box = text.getBoundingClientRect(), drawing = text.ownerSVGElement.getBoundingClientRect();
  const chip = text.previousElementSibling;
  const right = chip && chip.matches('.chip') ? chip.getBoundingClientRect().right : drawing.right;
  return box.width && box.right > right + 1;
}).map((text) => text.textContent)"""


@dataclass
class Seen:
    """What a browser did beside showing the page."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@dataclass
class Pages:
    """The pages of all fleets, and a browser."""

    browser: Browser
    files: dict[str, pathlib.Path]

    @contextmanager
    def open(self, fleet: str, *, width: int = 1440, **how: Any) -> Iterator[tuple[Page, Seen]]:
        """Open the page of a fleet."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, **how)
        context.set_default_timeout(600_000)  # milliseconds; a machine may be slow
        page, seen = context.new_page(), Seen()
        page.on("console", lambda message: seen.messages.append(message.text))
        page.on("pageerror", lambda error: seen.messages.append(str(error)))
        page.on("dialog", lambda dialog: seen.messages.append(dialog.message))
        page.on("request", lambda request: seen.requests.append(request.url))
        try:
            page.goto(self.files[fleet].as_uri())
            yield page, seen
        finally:
            context.close()


def unfold(page: Page, most: int = MOST_UNFOLDED) -> None:
    """Open what is folded up; of many clusters the first, which are the worst."""
    page.evaluate(
        """(most) => [...document.querySelectorAll('details.cluster')].slice(0, most).forEach((cluster) =>
        [cluster, ...cluster.querySelectorAll('details')].forEach((each) => { each.open = true; }))""",
        most,
    )


@pytest.fixture(scope="module")
def pages(modules: Modules, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no Chromium to see the report in: apt-get install chromium (.ci/browser does)")
    files = {}
    for name, make in FLEETS.items():
        folder = tmp_path_factory.mktemp(name)
        options = {**reported.params(make()), "path": str(folder), "formats": ["html"]}
        # Directly: to an ordinary module, Ansible does not hand over halves of surrogate pairs.
        written = modules.run("multinet_report", options, {}, check=False, way="direct")
        assert not written.get("failed"), written["msg"]
        files[name] = folder / "report.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield Pages(browser, files)
        browser.close()


@pytest.mark.parametrize("fleet", FLEETS)
def test_it_loads_nothing_and_complains_of_nothing(pages: Pages, fleet: str) -> None:
    with pages.open(fleet) as (page, seen):
        unfold(page)
        page.locator("#theme").click()
        page.locator("#filter").fill("e")
        assert seen.messages == []
        assert seen.requests == [pages.files[fleet].as_uri()]


@pytest.mark.sample(4, "reports by width")
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("fleet", FLEETS)
def test_nothing_overlaps_or_runs_out_of_the_page(pages: Pages, fleet: str, width: int) -> None:
    with pages.open(fleet, width=width) as (page, _seen):
        unfold(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        texts = page.evaluate(TEXTS)
        assert texts["count"] > 50
        assert texts["wrong"] == []
        assert page.evaluate(BEYOND) == []


@pytest.mark.sample(2, "scans of reports")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fleet", ["mixed", "hostile"])
def test_a_scan_for_accessibility_finds_nothing(pages: Pages, fleet: str, scheme: str) -> None:
    with pages.open(fleet, color_scheme=scheme) as (page, _seen):
        unfold(page, 2)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_nothing_hostile_becomes_markup(pages: Pages) -> None:
    with pages.open("hostile") as (page, _seen):
        assert page.locator("main img, main iframe, main script, main style, [onerror], [onload]").count() == 0
        names = page.locator("#clusters tbody th").all_inner_texts()
    for word in reported.HOSTILE[:4]:
        assert any(word in name for name in names), word
    assert not any("\u202e" in name or "\x07" in name for name in names)
    assert any(r"\u202egnp.exe" in name for name in names)


def test_the_keyboard_reaches_what_there_is_to_do(pages: Pages) -> None:
    with pages.open("mixed") as (page, _seen):
        reached = []
        for _step in range(40):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", reached[-1]
            if reached[-1].startswith("north") and page.evaluate("document.activeElement.localName") == "summary":
                break
        assert reached[0] == "Skip to the fleet"
        wanted = ["theme", "filter", "state", "Cluster", "Errors", "north"]
        assert [each for each in reached if each in wanted][: len(wanted)] == wanted
        page.keyboard.press("Enter")
        assert page.locator("#c1").evaluate("(cluster) => cluster.open")


def test_a_head_sorts_both_ways(pages: Pages) -> None:
    with pages.open("mixed") as (page, _seen):
        head = page.get_by_role("columnheader", name="Pods")
        for direction in ("ascending", "descending"):
            head.get_by_role("button").focus()
            page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == direction
            figures = [int(text) for text in page.locator("#clusters tbody td:nth-child(7)").all_inner_texts()]
            assert figures == sorted(figures, reverse=direction == "descending")
            assert len(set(figures)) > 1
        assert page.locator("[aria-sort]").count() == 1


def test_the_filter_leaves_what_fits_and_says_how_much(pages: Pages) -> None:
    with pages.open("mixed") as (page, _seen):
        page.locator("#filter").fill("WEST")
        assert page.locator("#clusters tbody tr:visible").all_inner_texts()[0].startswith("west")
        assert page.locator("details.cluster:visible").count() == 1
        assert page.locator("#shown").inner_text() == "1 of 5 shown"
        page.locator("#filter").fill("")
        page.locator("#state").select_option("well")
        assert page.locator("#clusters tbody tr:visible").count() == 2
        page.locator("#state").select_option("")
        assert page.locator("#shown").inner_text() == ""


def test_a_link_opens_the_cluster_that_it_leads_to(pages: Pages) -> None:
    with pages.open("mixed") as (page, _seen):
        page.locator("#clusters").get_by_role("link", name="south").click()
        opened = page.locator("details.cluster[open]")
        assert opened.count() == 1
        assert opened.locator("h3").inner_text() == "south"


def test_light_and_dark_follow_the_system_and_the_button(pages: Pages) -> None:
    colours = set()
    for scheme in ("light", "dark"):
        with pages.open("small", color_scheme=scheme) as (page, _seen):
            body = "getComputedStyle(document.body).backgroundColor"
            before = page.evaluate(body)
            page.locator("#theme").click()
            assert page.evaluate(body) != before
            colours.add(before)
    assert len(colours) == 2


def test_without_scripts_it_shows_the_same(pages: Pages) -> None:
    with pages.open("mixed", java_script_enabled=False) as (page, _seen):
        assert page.locator("#clusters tbody tr").count() == 5
        assert page.locator("button:visible, input:visible, select:visible").count() == 0
        page.locator("#c2 > summary").click()
        assert page.locator("#c2 svg[role=img]").first.is_visible()


def test_on_paper_all_is_unfolded_and_light(pages: Pages) -> None:
    with pages.open("mixed", color_scheme="dark") as (page, _seen):
        page.emulate_media(media="print")
        assert page.locator("nav, #theme, .tools").locator("visible=true").count() == 0
        assert page.locator("details.cluster").count() == page.locator("details.cluster > .inside:visible").count()
        assert page.locator("details.data table").first.is_visible()
        assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
        assert page.pdf().startswith(b"%PDF")


def test_motion_stops_where_it_is_not_wanted(pages: Pages) -> None:
    smooth = "getComputedStyle(document.documentElement).scrollBehavior"
    with pages.open("small", reduced_motion="reduce") as (page, _seen):
        assert page.evaluate(smooth) == "auto"
    with pages.open("small") as (page, _seen):
        assert page.evaluate(smooth) == "smooth"
