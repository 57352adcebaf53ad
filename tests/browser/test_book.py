"""The book in Chromium, as a static server has it in some folder: with all other hosts blocked, nothing is missing."""

import contextlib
import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest

from tests.browser.conftest import ANSWER_S, ROOT

NOTEBOOK = "00_start_here"  # the cheapest
PAGES = ("index.html", f"notebooks/{NOTEBOOK}.html", "search.html?q=interval", "book/live.html", "README.html")
WIDE, NARROW = (1280, 800), (390, 844)
VIOLATIONS = """axe.run().then(found => found.violations.map(
    one => [one.id, ...one.nodes.slice(0, 3).map(node => node.html.slice(0, 200))]))"""


@pytest.fixture(scope="module")
def site(home, web_assets, tmp_path_factory):
    """The folder of a book of one notebook, below that of a server: GitHub Pages serves a project so."""
    folder = tmp_path_factory.mktemp("server") / "some" / "where"
    folder.parent.mkdir()
    command = [sys.executable, "-m", "book", "--only", NOTEBOOK, "--out", str(folder)]
    environment = os.environ | {
        "EDGELAB_HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "EDGELAB_MIRROR": "http://127.0.0.1:9",
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site):
    """Where a server shows it, that sets no header."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Handler, directory=str(site.parents[1]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/where/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def reader(browser, address):
    """`reader(theme, size)`: a page that can ask nobody but that server. At the end: nobody else was asked, nothing was
    missing, nothing failed."""
    asked, faults, opened = [], [], []

    def own(url: str) -> bool:
        return url.startswith((address, "data:", "blob:"))

    def open_page(theme="light", size=WIDE):
        context = browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
        context.route(lambda url: not own(url), lambda route: route.abort())
        page = context.new_page()
        page.set_default_timeout(1000 * ANSWER_S)
        page.on("request", lambda request: asked.append(request.url))
        page.on("response", lambda got: faults.append(f"{got.status} {got.url}") if got.status >= 400 else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        opened.append(context)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert asked and not [url for url in asked if not own(url)]
    assert not faults


def show(page, address: str, name: str) -> None:
    page.goto(address + name)
    if "live" in name:
        page.wait_for_selector(".live-call")
    if "search" in name:
        page.wait_for_selector("#search-results li")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_kind_of_page_is_accessible(reader, address, axe, theme, pictures):
    page = reader(theme)
    for name in PAGES:
        show(page, address, name)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.evaluate(axe)
        assert page.evaluate(VIOLATIONS) == [], name


def test_a_narrow_window_needs_no_scrolling_to_the_side(reader, address):
    page = reader("light", NARROW)
    for name in PAGES:
        show(page, address, name)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], name


def test_no_file_of_the_site_names_another_host_to_load_from(site):
    """Also what no page of this small book has asked for: scripts, styles, fonts, frames, pictures."""
    loads = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*?(?:src|href)=["']?(?:https?:)?//[^"' >]+""")
    found = {tag for page in site.rglob("*.html") for tag in loads.findall(page.read_text("utf-8"))}
    assert {tag for tag in found if 'rel="license"' not in tag} == set()
    assert (site / ".nojekyll").is_file()


def test_the_search_finds_a_word_of_a_notebook(reader, address):
    page = reader()
    page.goto(address)
    page.keyboard.press("Control+k")
    page.keyboard.type("paired interval")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results li")
    links = page.eval_on_selector_all("#search-results li a", "links => links.map(link => link.href)")
    assert any(urlsplit(link).path.endswith(f"notebooks/{NOTEBOOK}.html") for link in links)


def test_the_notebook_is_executed_its_widgets_stand_still_and_its_answers_open(reader, address):
    page = reader()
    show(page, address, f"notebooks/{NOTEBOOK}.html")
    text = page.inner_text("main")
    assert "your interval is the library's: yes" in text and "Error" not in text
    assert page.locator(".still img").count() == 1 and page.locator(".still table").count() >= 2
    assert "In the notebook you move this. It stands at accuracy = 0.92; examples = 900." in text
    answer = page.locator("details.answer", has_text="paired_draws")
    assert not answer.locator("pre").is_visible()
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    assert "def paired_draws" in answer.locator("pre").inner_text()


def test_the_live_page_answers_while_one_types(reader, address, pocket, pictures):
    page = reader()
    show(page, address, "book/live.html")
    page.keyboard.press("Tab")
    page.get_by_label("A request in English").fill("")
    assert not page.locator(".live-call").is_visible()
    text = "remind me to water the plants tomorrow at noon"
    page.keyboard.type(text)
    expected = pocket.predict(text)
    given = ", ".join(f'{name}="{value}"' for name, (value,) in expected.slots.items())
    call = f"{expected.label}({given})"
    page.wait_for_function("call => document.querySelector('.live-call').textContent === call", arg=call)
    assert len(expected.slots) == 3
    rows = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
    assert rows["Tool"] == expected.label
    assert rows["Slots"] == "; ".join(f'{name} = "{", ".join(values)}"' for name, values in expected.slots.items())
    assert float(rows["Confidence"].removesuffix(" %")) == pytest.approx(100 * expected.confidence, abs=0.06)
    assert rows["Route"].startswith("on this device") and "ms" in rows["Time"]
    page.screenshot(path=pictures / "screenshot.jpg", type="jpeg", quality=80)
    page.get_by_role("button", name="why is the sky blue").press("Enter")
    page.wait_for_function("() => document.querySelector('#edgelab-live').textContent.includes('to the cloud: beyond')")
    page.get_by_label("as if there were no network").press("Space")
    page.wait_for_function(
        "() => document.querySelector('#edgelab-live').textContent.includes('nowhere: offline, refused')"
    )
    page.get_by_role("button", name="send 20 euros to Tom").press("Enter")
    page.wait_for_function("() => document.querySelector('#edgelab-live').textContent.includes('yes, before the call')")
    page.wait_for_function("() => document.querySelector('.live-unseen').textContent.startsWith('send_money')")


@pytest.mark.parametrize("missing", ["live/pocket/model.onnx", "live/ort-wasm-simd-threaded.wasm"])
def test_what_does_not_load_is_told_on_the_page(browser, address, missing):
    page = browser.new_page()
    with contextlib.closing(page):
        page.route(f"**/{missing}", lambda route: route.fulfill(status=404))
        page.goto(f"{address}book/live.html")
        alert = page.locator(".live-error")
        alert.wait_for(timeout=1000 * ANSWER_S)
        assert "The model does not answer" in alert.inner_text() and "404" in alert.inner_text()


def test_it_says_what_it_needs_without_scripts(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "book" / "live.html").as_uri())
    assert "needs JavaScript" in page.inner_text("#edgelab-live")
    context.close()
