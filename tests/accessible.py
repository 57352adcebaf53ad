"""What axe-core finds in a page of ours, in a real browser."""

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS

WIDTHS = (1280, 390)  # a laptop's, a phone's
RUN = "() => axe.run().then(({violations}) => violations)"
WIDE = "() => document.documentElement.scrollWidth - innerWidth"


def faults(page: str, axe: str) -> list[str]:
    """All violations of a page of HTML that axe-core (its source) finds, of any impact, in light and in dark, wide and narrow;
    and what sticks out of it."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium in {CHROMIUM}")
    found = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        opened = chromium.new_page()
        opened.set_content(page)
        opened.evaluate(axe)
        for width in WIDTHS:
            opened.set_viewport_size({"width": width, "height": 900})
            if opened.evaluate(WIDE) > 0:
                found.append(f"{width}: the page is wider than its window")
            for scheme in ("light", "dark"):
                opened.emulate_media(color_scheme=scheme)
                for fault in opened.evaluate(RUN):
                    found += [f"{width}, {scheme}: {fault['id']}: {node['html'][:120]}" for node in fault["nodes"]]
        chromium.close()
    return found
