"""The device lab's page, opened by phones and laptops that Chromium plays, against a real `edgelab fleet`.

Pictures of its states are kept in EDGELAB_SCREENSHOTS, else in a temporary folder.
"""

import json
import re

import pytest

from edgelab.fleet.address import qr_lines
from tests.browser.lab_pages import (
    LAPTOP,
    PHONE,
    SHORTER,
    SMALL,
    alter_session,
    device,
    faults_of_access,
    kept,
    misfits,
    running_fleet,
    said,
    send,
    shown,
)

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script>"
MILLISECOND_CLOCK = "const exact = performance.now.bind(performance); performance.now = () => Math.floor(exact());"
NO_SIMD = "WebAssembly.validate = () => false;"
HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, value: hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def fleet(web_assets, tmp_path_factory):
    with running_fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


def measure(page, how: str = "measure-only") -> None:
    """Press the button, and wait for the result."""
    page.click(f"#{how}")
    shown(page, "result")


def opened(page, url: str, **changes) -> None:
    """The page as a person finds it, in a session that is over sooner."""
    alter_session(page, **(SHORTER | changes))
    page.goto(url)
    shown(page, "ask")


@pytest.mark.slow
def test_slower_devices_come_out_slower(browser, fleet):
    """Three phones that differ in nothing but the speed of their processor, each twice: whatever else this machine does
    makes a device slower, never faster, so the better of its two counts."""
    assert "\n".join(qr_lines(fleet.url)) in fleet.said()
    before = len(fleet.rows())
    rates = (1, 4, 8)
    for rate in rates * 2:
        with device(browser) as page:
            page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": rate})
            opened(page, fleet.url, runs=40)
            measure(page, "measure-share")
            said(page, "sharing", "Shared with the room")
    rows = fleet.rows()[before:]
    assert {(row["kind"], row["system"], row["browser"], row["runs"]) for row in rows} == {
        ("phone", "Android", "Chrome", 40)
    }
    sessions = [row["session_ms"] for row in rows]
    totals = [row["session_ms"] + row["first_ms"] + row["runs"] * row["p50_ms"] for row in rows]
    for times in (sessions, totals):
        first, second, third = map(min, zip(times[:3], times[3:], strict=True))
        assert first < second < third


def test_nothing_is_measured_or_sent_unasked(browser, fleet):
    """Neither opening the page nor trying the model nor measuring for oneself sends anything; the field works before."""
    before = len(fleet.rows())
    with device(browser) as page:
        posted = []
        page.on("request", lambda request: posted.append(request) if request.method != "GET" else None)
        opened(page, fleet.url)
        assert page.evaluate("performance.getEntriesByType('resource').every(e => !e.name.endsWith('.wasm'))")
        page.fill("#try-text", "set a timer for ten minutes")
        said(page, "answer-call", 'set_timer(duration="ten minutes")')
        measure(page)
        said(page, "sharing", "Nothing was sent")
        assert not posted and len(fleet.rows()) == before
        page.click("#share")
        said(page, "sharing", "Shared with the room")
        assert len(posted) == 1 and json.loads(posted[0].post_data) == kept(page)["report"]
    assert len(fleet.rows()) == before + 1


def test_a_report_is_sent_once_however_often_it_must_be_tried(browser, fleet):
    """The first attempt is stored but its answer lost, the next finds nobody; a reload goes on with the same id."""
    before = len(fleet.rows())
    with device(browser) as page:
        opened(page, fleet.url)
        bodies = []

        def lose(route):
            bodies.append(json.loads(route.request.post_data))
            if len(bodies) == 1:
                route.fetch()
            route.abort()

        page.route("**/reports", lose)
        measure(page, "measure-share")
        said(page, "sharing", "does not answer")
        while len(bodies) < 2:
            page.wait_for_timeout(100)
        page.unroute("**/reports")
        page.reload()
        said(page, "sharing", "Shared with the room")
        assert bodies[0] == bodies[1] == kept(page)["report"]
        page.reload()
        shown(page, "result")
        said(page, "sharing", "Shared with the room")
    assert len(fleet.rows()) == before + 1


def test_what_can_go_wrong_is_told_with_a_way_on(browser, fleet):
    base = fleet.url.partition("#")[0]
    with device(browser) as page:
        page.goto(base)
        said(page, "notice-title", "not complete")
        page.goto(f"{base}#wrong")
        said(page, "notice-title", "not of this session")
        page.route("**/session", lambda route: route.abort())
        page.goto(fleet.url)
        said(page, "notice-title", "does not answer")
        page.unroute("**/session")
        page.click("#notice-again")
        shown(page, "ask")
        page.route("**/*.wasm", lambda route: route.abort())
        page.click("#measure-only")
        said(page, "notice-title", "did not work")
        page.unroute("**/*.wasm")
        page.click("#notice-again")
        shown(page, "ask")
        page.click("#measure-only")
        page.locator("#step", has_text="timings").wait_for()
        page.click("#stop")
        shown(page, "ask")
    with device(browser, script=NO_SIMD) as page:
        page.goto(fleet.url)
        said(page, "notice-title", "too old")


def test_a_hidden_page_waits(browser, fleet):
    with device(browser) as page:
        opened(page, fleet.url, runs=400)
        page.click("#measure-only")
        page.locator("#step", has_text="timings").wait_for()
        page.evaluate(HIDE, True)
        page.wait_for_timeout(300)
        at = page.inner_text("#step")
        page.wait_for_timeout(600)
        assert page.inner_text("#step") == at and not page.locator("#result").is_visible()
        page.evaluate(HIDE, False)
        shown(page, "result")
        assert kept(page)["report"]["runs"] == 400


def test_a_coarse_clock_is_told_and_gets_batches(browser, fleet):
    with device(browser, script=MILLISECOND_CLOCK) as page:
        opened(page, fleet.url)
        measure(page, "measure-share")
        said(page, "sharing", "Shared with the room")
        report = kept(page)["report"]
        assert report["clock_step_ms"] == 1 and report["batch"] > 1
        assert f"{report['batch']} requests of one text" in page.inner_text("#clock-note")
        assert 0 < report["latency_ms"]["p50"] < 100


def test_the_long_run_is_asked_for_separately_and_may_be_skipped(browser, fleet):
    with device(browser) as page:
        opened(page, fleet.url)
        page.check("#ask-minute")
        measure(page)
        assert len(kept(page)["report"]["sustained"]["p50_ms"]) == 12
        assert re.search(r"a request in the first 2\d\d ms", page.inner_text("#slowing"))
        page.click("#again")
        page.click("#measure-only")
        page.locator("#stop", has_text="Skip").click()
        shown(page, "result")
        assert kept(page)["report"]["sustained"] is None and not page.locator("#minute").is_visible()


def test_by_keyboard_alone(browser, fleet):
    """Focus goes where things happen, and is never lost."""
    with device(browser, LAPTOP, phone=False) as page:
        opened(page, fleet.url)
        focused = "() => document.activeElement.id || document.activeElement.textContent"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "try-text"
        page.keyboard.type("wake me at seven")
        page.keyboard.press("Enter")
        said(page, "announce", "It calls set_alarm")
        for _ in range(5):
            page.keyboard.press("Tab")
        assert page.evaluate(focused) == "ask-minute"
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "measure-share"
        page.keyboard.press("Enter")
        shown(page, "running")
        assert page.evaluate(focused) == "running-title"
        shown(page, "result")
        assert page.evaluate(focused) == "result-title"
        said(page, "announce", "Shared with the room")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.locator("details").get_attribute("open") is not None


def test_no_markup_of_others_is_rendered(browser, fleet):
    """Reports hold no free text, so what a broken server might say is played: it is shown as the text that it is."""
    hostile = {"id8": MARKUP, "kind": MARKUP, "system": MARKUP, "browser": MARKUP}
    room = {"count": 1, "devices": [hostile | dict.fromkeys(("p50_ms", "p99_ms", "load_ms", "first_ms"), 1.0)]}
    with device(browser) as page:
        page.route("**/room", lambda route: route.fulfill(json=room))
        opened(page, fleet.url, consent=MARKUP, texts=[MARKUP] * 20)
        measure(page)
        said(page, "against", "1 other device")
        assert MARKUP in page.text_content("#room-table")
        page.goto("about:blank")
        page.goto(f"{fleet.url}&view=room")
        said(page, "room-wide-table", MARKUP)
        assert page.locator("img, main script").count() == 0


def test_the_projector_shows_devices_as_they_arrive(browser, fleet, pictures):
    with device(browser, LAPTOP, phone=False) as page:
        page.goto(f"{fleet.url}&view=room")
        send(fleet, 3.0)
        devices = len({row["device"] for row in fleet.rows()})
        page.locator("#room-count", has_text=re.compile(rf"^{devices} device")).wait_for()
        page.evaluate("document.querySelectorAll('circle, tbody tr').forEach(e => { e.was = true; })")
        old = page.locator("#room circle").count()
        send(fleet, 6.0)
        page.locator(f"#room circle:nth-child({old + 1})").wait_for()
        page.screenshot(path=pictures / "lab_room_laptop.png")
        for kind in ("circle", "tbody tr"):
            stayed = f"[...document.querySelectorAll('#room {kind}')].filter(e => e.was).length"
            assert page.evaluate(stayed) == old and page.locator(f"#room {kind}").count() == old + 1
        assert "6.0" in page.inner_text("#room-wide-table tbody tr:first-child")


@pytest.mark.parametrize(
    ("name", "size", "scheme"), [("phone", PHONE, "light"), ("small", SMALL, "dark"), ("laptop", LAPTOP, "light")]
)
def test_every_state_fits_and_is_accessible(browser, fleet, axe, pictures, name, size, scheme):
    def look(state: str) -> None:
        assert not misfits(page), state
        assert not faults_of_access(page, axe), state
        page.emulate_media(color_scheme=scheme, reduced_motion="no-preference")
        page.screenshot(path=pictures / f"lab_{name}_{state}.png", full_page=True)

    with device(browser, size, phone=name != "laptop", scheme=scheme) as page:
        page.goto(fleet.url.partition("#")[0])
        shown(page, "notice")
        look("notice")
        held = []
        page.route("**/*.wasm", lambda route: held.append(route))
        page.goto("about:blank")
        opened(page, fleet.url, sustained_seconds=60)
        look("ready")
        page.click("#examples button")
        page.locator("#loading-text", has_text="Loading").wait_for()
        look("loading")
        held[0].continue_()
        shown(page, "answer")
        look("answer")
        page.check("#ask-minute")
        page.click("#measure-only")
        page.locator("#stop", has_text="Skip").wait_for()
        look("running")
        page.click("#stop")
        shown(page, "result")
        page.click("summary")
        look("private")
        page.route("**/reports", lambda route: route.abort())
        page.click("#share")
        said(page, "sharing", "does not answer")
        look("retrying")
        page.goto("about:blank")
        page.goto(f"{fleet.url}&view=room")
        shown(page, "room")
        look("room")
