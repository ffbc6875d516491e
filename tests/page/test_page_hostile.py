"""What a site and its devices say is text: names, topics, payloads, through broker, daemon and page into Chromium."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.hostile_nodes import play
from support.servers import free_port
from support.web import WebPeer, add_user, web_server

from facilityd.config.load import load
from facilityd.store.journal import Journal

EVIL = "<script>window.hurt=1</script>\"'><img src=x onerror=window.hurt=1>{{7*7}}</style></main>&lt;"
LONG = "长" * 60 + "W" * 140
RIGHT = "مضخة النافورة עברית"
PEOPLE = "🚒🌊 ｆｕｌｌｗｉｄｔｈ"
MARKS = "\u202egnp.exe\u202c \u2066x\u2069\x1b[31m\x00\ufeff"
"""Marks that turn the direction, a terminal's escape, a zero: nothing of them may stand on a page."""
FAMILY = """\
family: node
name: {zh: 节点, en: Node}
signals:
  version: {type: text, name: {zh: 版本, en: Version}}
  power: {unit: W, decimals: 1, name: {zh: 功率, en: Power}}
  contact: {type: bool, name: {zh: 触点, en: Contact}}
rules:
  acts:
    detect: {kind: limit, signal: contact, is: true, because: [version]}
    name: {zh: 触点动作, en: The contact acts}
    cause: {zh: 未知, en: Unknown}
    consequence: {zh: 未知, en: Unknown}
    action: [{zh: 查看, en: Look}]
    confirm: {zh: 查看, en: Look}
    respond: 10min
    at_stake: asset
"""
PAGES = (
    "/", "/square", "/lighting", "/tasks", "/system", "/night", "/device/evil", "/device/long", "/device/right",
    "/device/people", "/alarm/evil/acts", "/history?s=evil.power&s=long.power&s=right.power&since=1h",
)  # fmt: skip
NAMES = {"evil": EVIL, "long": LONG, "right": RIGHT, "people": PEOPLE}


SAID = {"evil": EVIL, "long": LONG * 20, "right": RIGHT + MARKS, "people": PEOPLE}


def _site(folder: Path, port: int) -> Path:
    """Write a site whose every name is hostile; names are JSON, which YAML is too."""
    both = lambda text: json.dumps({"zh": text, "en": text}, ensure_ascii=False)  # noqa: E731
    device = "  {0}:\n    family: node\n    name: {1}\n    signals: {{version: {0}.version, power: {0}.power, contact: {0}.contact}}\n"
    text = (
        f"site: {{id: yard, name: {both(EVIL)}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}}\n"
        "store: {path: journal.db}\n"
        f"links: {{broker: {{protocol: mqtt, host: 127.0.0.1, port: {port}}}}}\n"
        "units:\n"
        + "".join(
            f"  {one}: {{link: broker, profile: esphome_sensor, topic: {one}, period: 1min}}\n"
            for one in NAMES
        )
        + "devices:\n"
        + "".join(device.format(one, both(name)) for one, name in NAMES.items())
    )
    (folder / "families").mkdir(parents=True)
    (folder / "families" / "node.yaml").write_text(FAMILY, encoding="utf-8")
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    return folder


@contextmanager
def _yard(folder: Path) -> Iterator[WebPeer]:
    port, over = free_port(), threading.Event()
    site = load(_site(folder / "site", port), secrets=False)
    Journal.open(
        Path(site.store.path), max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id
    ).close()
    add_user(site, "bo", "crew")
    playing = threading.Thread(target=lambda: asyncio.run(play(folder, port, SAID, over)))
    playing.start()
    try:
        with web_server(site) as peer:
            yield peer
    finally:
        over.set()
        playing.join()


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WebPeer]:
    with _yard(tmp_path_factory.mktemp("hostile")) as peer:
        yield peer


def _signed_in(browser: Browser, yard: WebPeer, view: str, width: int) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 844}, service_workers="block")
    url = f"http://127.0.0.1:{yard.port}"
    for one in yard.signed_in("bo").headers["Cookie"].split("; "):
        name, _, value = one.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": url}])
    context.add_cookies([{"name": "facilityd-view", "value": view, "url": url}])
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("console", lambda said: page.problems.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: page.problems.append(dialog.message))
    page.goto(url + "/device/evil")
    return page


@pytest.mark.parametrize(("view", "width"), [("zh.light", 390), ("en.dark", 1280)])
def test_whatever_a_device_is_called_and_says_is_text(
    yard: WebPeer, browser: Browser, view: str, width: int
) -> None:
    page = _signed_in(browser, yard, view, width)
    said = page.locator("[data-value='evil.version']")
    expect(said).to_contain_text("<script>window.hurt=1</script>")
    expect(page.locator("h1")).to_have_text(EVIL)
    for path in PAGES:
        page.goto(f"http://127.0.0.1:{yard.port}{path}")
        assert page.locator("main").count() == 1, path
        assert page.locator("img, main script").count() == 0, path
        assert page.evaluate("window.hurt") is None, path
        assert not set(MARKS) & set(page.content()) - set("gnp.exe x[31m"), path
        wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, (path, wide)
    assert page.problems == []
    page.context.close()


def test_what_comes_while_a_page_is_open_is_text_too(yard: WebPeer, browser: Browser) -> None:
    page = _signed_in(browser, yard, "en.light", 390)
    page.goto(f"http://127.0.0.1:{yard.port}/device/people")
    said = page.locator("[data-value='people.version']")
    expect(said).to_contain_text(PEOPLE)
    before = said.inner_text()
    expect(said).not_to_have_text(before)
    expect(said).to_contain_text(PEOPLE)
    assert page.evaluate("window.hurt") is None
    page.context.close()
