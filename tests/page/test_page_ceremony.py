"""*Ceremony*: who answers for an item by name, and the last runs laid over each other."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, expect
from support.browser import NewPage, WatchedSite, sign_in
from support.hoist_yard import HOIST_YARD
from support.web import add_user, web_server

from facilityd.config.load import load
from facilityd.model.sample import NS, Sample
from facilityd.query.plot_series import PlotPanel, PlotPoint
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite
from facilityd.web.page.run_chart import RunChart

FORM = "application/x-www-form-urlencoded"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
BASE = 1_790_000_000 * NS
RUNS, APART = 62, 900
"""So many runs, so far apart in s: every second one is a lowering."""


def test_somebody_answers_for_an_item_by_name_with_a_reason_and_takes_it_back(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page("/hoist")
    item = page.locator(".items > li.fail", has=page.locator("details")).first
    name = item.locator("b").inner_text()
    item.locator("summary").click()
    item.locator("textarea").fill(HOSTILE)
    item.locator("button[value=waive]").click()
    expect(page.locator("#came")).to_have_class("fine")
    waived = page.locator(".items > li.waived", has_text=name)
    expect(waived.locator(".who")).to_contain_text("Duty crew")
    expect(waived.locator("q")).to_have_text(HOSTILE)
    (record,) = [
        one for one in square.signed_in("eva").api("/audit?since=2026-06-01") if one["command"] == "waive"
    ]
    assert (record["by"], record["from"]) == ("crew", "web 127.0.0.1")
    waived.locator("button[value=unwaive]").click()
    expect(page.locator("#came")).to_have_class("fine")
    expect(page.locator(".items > li.waived")).to_have_count(0)
    assert page.problems == []


def _send(square: WatchedSite, user: str, **fields: str) -> int:
    peer = square.signed_in(user)
    known = {
        "csrf": peer.headers["X-CSRF-Token"],
        "key": "k",
        "device": "hoist-1",
        "until": "2h",
        "command": "waive",
    }
    body = urlencode(known | fields).encode()
    return peer.ask("POST", "/hoist", raw=body, Content_Type=FORM).status


@pytest.mark.parametrize(
    ("user", "fields", "status"),
    [
        ("vi", {"item": "supply", "reason": "x"}, 403),
        ("bo", {"item": "supply", "reason": "x", "csrf": "0" * 32}, 403),
        ("bo", {"item": "supply", "reason": "x", "csrf": ""}, 403),
        ("bo", {"device": "hoist-9", "item": "supply", "reason": "x"}, 404),
        ("bo", {"command": "unwaive", "waiver": "-1"}, 422),
        ("bo", {"command": "unwaive", "waiver": "²"}, 422),
    ],
)
def test_nobody_answers_who_may_not_nor_for_what_there_is_not(
    square: WatchedSite, user: str, fields: dict[str, str], status: int
) -> None:
    assert _send(square, user, **fields) == status


@pytest.mark.parametrize("fields", [{"item": "supply", "reason": " "}, {"item": "nothing", "reason": "x"}])
def test_the_daemon_refuses_what_has_no_reason_or_is_no_item(
    open_page: NewPage, square: WatchedSite, fields: dict[str, str]
) -> None:
    peer = square.signed_in("bo")
    known = {
        "csrf": peer.headers["X-CSRF-Token"],
        "key": "k",
        "device": "hoist-1",
        "until": "2h",
        "command": "waive",
    }
    answer = peer.ask("POST", "/hoist", raw=urlencode(known | fields).encode(), Content_Type=FORM)
    assert answer.status == 303
    page = open_page(answer.headers["location"])
    expect(page.locator("#came")).to_have_class("wrong")
    expect(page.locator(".items > li.waived")).to_have_count(0)


def test_a_viewer_sees_no_form(open_page: NewPage) -> None:
    page = open_page("/hoist", user="vi")
    expect(page.locator(".items > li.fail").first).to_be_visible()
    assert page.locator("main form").count() == 0


# --- runs ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the folder of a site with many runs: run n takes 60 + n s with a torque of 40 + n %."""
    folder = tmp_path_factory.mktemp("runs")
    (folder / "site.yaml").write_text(HOIST_YARD, encoding="utf-8")
    site = load(folder, secrets=False)
    (stream,) = site.devices["hoist-1"].streams
    samples = []
    for n in range(RUNS):
        start, sign = n * APART + 100, -1.0 if n % 2 else 1.0
        for second in range(-10, 60 + n + 10):
            moving = 0 <= second < 60 + n
            values = {"output_frequency": 50.0 * sign * moving, "torque": (40.0 + n) * moving}
            at = BASE + (start + second) * NS
            samples.append(Sample(stream, at, at, tuple(values[name] for name in stream.signals)))
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        journal.commit([SampleWrite(samples)])
    add_user(site, "bo", "crew")
    return str(folder)


def test_the_last_runs_lie_over_each_other_by_kind(runs: str, browser: Browser) -> None:
    site = load(Path(runs), secrets=False)
    until = BASE + (RUNS + 1) * APART * NS
    with web_server(site, clock=lambda: until) as peer:
        url = f"http://127.0.0.1:{peer.port}"
        context = browser.new_context(service_workers="block", locale="en")
        page = context.new_page()
        sign_in(page, url, "bo", "/hoist")
        expect(page.locator("#runs")).to_be_visible()
        captions = page.locator(".pair figcaption").all_inner_texts()
        assert captions[0].startswith("31 laid over each other; usually 90.0 s, the last one")
        assert captions[1].startswith("31 laid over each other; usually 91.0 s")
        assert page.locator("svg.chart.wide .band").count() == 2
        assert page.locator("svg.chart.wide .newest").count() == 2
        page.get_by_role("link", name="frequency").click()
        assert "signal=output_frequency" in page.url
        label = page.locator(".pair svg.chart.wide").first.get_attribute("aria-label")
        assert "frequency" in label
        context.close()


def test_a_missing_value_is_a_gap_and_words_stay_text() -> None:
    evil = '"><script>alert(1)</script>'
    points = tuple(PlotPoint(float(n), None if n == 2 else 1.0 + n, 1.0, 9.0) for n in range(5))
    panel = PlotPanel(
        evil, evil, 4.0, points, ticks=((0.0, evil),), second=((0.0, 1.0), (1.0, None), (2.0, 3.0))
    )
    drawn = RunChart(panel, evil).svg()
    assert "<script" not in drawn
    assert drawn.count('class="mean"') == 2 * 2, "twice for two windows"
    assert drawn.count('class="newest"') == 2 * 2


def test_on_a_wall_the_checklist_is_seen_whole_and_offers_nothing(open_page: NewPage) -> None:
    page = open_page("/hoist?kiosk", size=(3840, 2160))
    assert page.locator(".items li").count() > 5
    assert page.locator(".items details:visible, .items form:visible").count() == 0
    last = page.locator(".items li").last.bounding_box()
    assert last["y"] + last["height"] <= 2160
