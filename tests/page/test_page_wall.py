"""A wall shows a large site whole, without a pointer: what is wrong first, and how much is not shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import NewPage, WatchedSite
from support.web import WebPeer, add_user, web_server

from facilityd.config.load import load
from facilityd.model.sample import SignalType
from facilityd.store.journal import Journal

SIGNALS, DEVICES = 60, 200
PROFILE = """\
profile: cabinet
protocol: mqtt
maker: test
model: test
manual: test
evidence: C
families: [cabinet]
points:
{}golden:
  - {{point: s1, topic: s1, payload: "21.4", value: 21.4}}
"""
RULE = """\
  hot{0}:
    detect: {{kind: limit, signal: s{0}, above: 80}}
    name: {{zh: 第 {0} 路温度高, en: Bearing {0} is hot}}
    cause: {{zh: 未知, en: Unknown}}
    consequence: {{zh: 未知, en: Unknown}}
    action: [{{zh: 查看, en: Look}}]
    confirm: {{zh: 查看, en: Look}}
    respond: 10min
    at_stake: asset
"""
SEEN = "li:visible:not(.left)"


def _site(folder: Path) -> Path:
    """Write a site of one cabinet with sixty signals and rules, and of two hundred others."""
    for name in ("families", "profiles"):
        (folder / name).mkdir(parents=True)
    every = range(SIGNALS)
    points = "".join(f"  s{n}: {{unit: °C, sources: [{{topic: s{n}}}]}}\n" for n in every)
    signals = "".join(f"  s{n}: {{unit: °C, name: {{zh: 第 {n} 路, en: Bearing {n}}}}}\n" for n in every)
    (folder / "profiles" / "cabinet.yaml").write_text(PROFILE.format(points), encoding="utf-8")
    head = "family: cabinet\nname: {zh: 机柜, en: Cabinet}\nsignals:\n"
    rules = "".join(RULE.format(n) for n in every)
    (folder / "families" / "cabinet.yaml").write_text(f"{head}{signals}rules:\n{rules}", encoding="utf-8")
    whole = ", ".join(f"s{n}: u0.s{n}" for n in every)
    text = (
        "site: {id: yard, name: {zh: 大院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}\n"
        "store: {path: journal.db}\nlinks: {broker: {protocol: mqtt, host: 127.0.0.1, port: 1}}\nunits:\n"
        + "".join(
            f"  u{n}: {{link: broker, profile: cabinet, topic: u{n}, period: 1min}}\n" for n in range(DEVICES)
        )
        + f"devices:\n  big:\n    family: cabinet\n    name: {{zh: 主机柜, en: Main cabinet}}\n    signals: {{{whole}}}\n"
        + "".join(
            f"  d{n}:\n    family: cabinet\n    name: {{zh: 机柜 {n}, en: Cabinet {n}}}\n    signals: {{s1: u{n}.s1}}\n"
            for n in range(1, DEVICES)
        )
    )
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPeer]:
    """A site of which nothing was ever heard."""
    site = load(_site(tmp_path_factory.mktemp("wall") / "site"), secrets=False)
    Journal.open(
        Path(site.store.path), max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id
    ).close()
    add_user(site, "bo", "crew")
    with web_server(site) as peer:
        yield peer


def _opened(browser: Browser, yard: WebPeer, path: str, size: tuple[int, int]) -> Page:
    width, height = size
    context = browser.new_context(viewport={"width": width, "height": height}, service_workers="block")
    url = f"http://127.0.0.1:{yard.port}"
    for one in yard.signed_in("bo").headers["Cookie"].split("; "):
        name, _, value = one.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": url}])
    context.add_cookies([{"name": "facilityd-view", "value": "en.light", "url": url}])
    page = context.new_page()
    page.goto(url + path)
    return page


@pytest.mark.parametrize("path", ["/", "/square", "/device/big", "/device/d7", "/system", "/tasks", "/night"])
@pytest.mark.parametrize("size", [(1280, 720), (3840, 2160)])
def test_nothing_of_a_large_site_is_below_the_edge_of_a_wall(
    browser: Browser, yard: WebPeer, path: str, size: tuple[int, int]
) -> None:
    page = _opened(browser, yard, f"{path}?kiosk", size)
    expect(page.locator("main")).to_be_visible()
    assert page.evaluate("[document.documentElement.scrollHeight <= innerHeight]") == [True]
    assert page.locator("main :is(button, .button:not([aria-current]), summary):visible").count() == 0
    for shown in page.locator("main ul:has(> .left), main ol:has(> .left)").all():
        said = int(shown.locator("> .left").inner_text().split()[0])
        hidden = shown.locator("> li").count() - 1 - shown.locator(f"> {SEEN}").count()
        assert said == hidden, path
    page.context.close()


def test_what_is_wrong_stays_on_a_wall_and_what_is_well_goes_first(browser: Browser, yard: WebPeer) -> None:
    page = _opened(browser, yard, "/device/big?kiosk", (1280, 720))
    page.evaluate(
        "for (const row of document.querySelectorAll('.signals li')) row.className = 'good';"
        "document.querySelector('.signals li:last-child').className = 'bad';"
        "document.querySelector('.rules').insertAdjacentHTML('afterend', "
        "'<ul class=\"lines\">' + '<li>signed</li>'.repeat(20) + '</ul>');"
        "document.dispatchEvent(new Event('facilityd:main'))"
    )
    assert page.locator(".signals > .left").count() == 1
    assert page.locator(".lines > li:visible:not(.left)").count() == 0, (
        "what is read stays before what was signed"
    )
    assert page.locator(".signals > .bad").is_visible()
    page.context.close()


def test_a_wall_of_history_is_the_charts_alone(open_page: NewPage) -> None:
    page = open_page("/history?s=hoist-1.tension&since=1d&kiosk", size=(1920, 1080))
    assert page.locator("main :is(form, button):visible").count() == 0
    assert page.locator("main .button:visible").all_inner_texts() == ["1 day"]


def test_where_nothing_is_on_record_no_night_is_called_quiet_and_no_flag_is_raised(yard: WebPeer) -> None:
    peer = yard.signed_in("bo")
    night = peer.get("/night").body.decode()
    assert 'class="state some"' in night
    assert 'class="state well"' not in night
    history = peer.get("/history").body.decode()
    assert "shade night" in history
    assert "shade ceremony" not in history, "this site has no flag"


def test_history_begins_with_what_a_family_measures_first(open_page: NewPage, square: WatchedSite) -> None:
    first = next(iter(square.running.site.devices.values()))
    known = [one for name, one in first.family.signals.items() if name in first.bound]
    assert known[0].type is not SignalType.FLOAT
    page = open_page("/history")
    shown = page.locator("figure[data-zoom]").get_attribute("aria-label").split(", ")[1]
    assert shown == next(one.name.en for one in known if one.type is SignalType.FLOAT)
    offered = page.locator("#add optgroup").first.locator("option").all_inner_texts()
    assert offered == [
        one.name.en for one in known if one.type is not SignalType.TEXT and one.name.en != shown
    ]
