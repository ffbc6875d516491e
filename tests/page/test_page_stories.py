"""*Stories*: asked for on the page of a simulated site, played by `simulate serve`; elsewhere there is nothing to ask."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import sign_in, violations
from support.daemon import Command, daemon, running
from support.servers import free_port
from support.web import WebPeer, add_user, web_server

from facilityd.config.load import load
from facilityd.errors import FacilitydError
from facilityd.store.journal import Journal
from facilityd.supervise.story_folder import MOST_WAITING, StoryFolder, StoryRequest

SITE = """\
site: {id: yard, name: {zh: 场院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {io: {protocol: modbus-tcp, host: 127.0.0.1, port: PORT}}
units: {contacts: {link: io, profile: moxa_iologik_e1212, device_id: 1, period: 1s}}
devices:
  fire-gate: {family: contact, name: {zh: 城楼火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
page: {simulated: SIMULATED}
"""


def _yard(folder: Path, simulated: str = "true") -> Path:
    folder.mkdir(parents=True)
    text = SITE.replace("PORT", str(free_port())).replace("SIMULATED", simulated)
    (folder / "site.yaml").write_text(text, encoding="utf-8")
    site = load(folder, secrets=False)
    Journal.open(
        Path(site.store.path), max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id
    ).close()
    add_user(site, "bo", "crew")
    add_user(site, "vi", "viewer")
    return folder


async def _play(folder: Path, over: threading.Event) -> None:
    """Run simulator and daemon as their users do, until it is over."""
    simulator = Command(["simulate", "serve", str(folder)], folder / "simulate.log")
    async with running(simulator), running(daemon(folder, log=folder / "daemon.log")):
        await asyncio.to_thread(over.wait)


@contextmanager
def _served(folder: Path) -> Iterator[WebPeer]:
    with web_server(load(folder, secrets=False)) as peer:
        yield peer


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebPeer]:
    """A simulated site with its simulator and its daemon, in real time."""
    folder, over = _yard(tmp_path_factory.mktemp("stories") / "site"), threading.Event()
    playing = threading.Thread(target=lambda: asyncio.run(_play(folder, over)))
    playing.start()
    try:
        with _served(folder) as peer:
            yield peer
    finally:
        over.set()
        playing.join()


def _opened(browser: Browser, yard: WebPeer, user: str, view: str = "en.light") -> Page:
    url = f"http://127.0.0.1:{yard.port}"
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block")
    context.add_cookies([{"name": "facilityd-view", "value": view, "url": url}])
    context.set_default_timeout(30_000)
    page = context.new_page()
    sign_in(page, url, user, "/stories")
    return page


def _until(page: Page, selector: str) -> None:
    """Look again until it is there: what a page of stories shows comes within seconds, and by no event."""
    for _ in range(60):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(500)
        page.goto(page.url.partition("?")[0])
    raise AssertionError(f"no {selector}: {page.locator('main').inner_text()}")


def test_a_story_is_asked_for_played_seen_as_an_alarm_and_ended(yard: WebPeer, browser: Browser) -> None:
    page = _opened(browser, yard, "bo")
    _until(page, "#story-flood-contact")
    assert violations(page) == []
    page.click("#story-flood-contact button")
    _until(page, "#playing")
    expect(page.locator("#playing")).to_contain_text("bo")
    page.goto(f"http://127.0.0.1:{yard.port}/")
    expect(page.locator(".hazards")).to_contain_text("Fire panel")
    page.goto(f"http://127.0.0.1:{yard.port}/stories")
    page.click("#end")
    _until(page, "main:not(:has(#playing)) .stories")
    page.context.close()


def test_a_viewer_looks_and_asks_for_nothing(yard: WebPeer, browser: Browser) -> None:
    page = _opened(browser, yard, "vi", "zh.dark")
    _until(page, "#story-flood-contact")
    assert page.locator("main button").count() == 0
    assert violations(page) == []
    answer = yard.signed_in("vi").ask(
        "POST", "/stories", raw=b"play=flood-contact", Content_Type="application/x-www-form-urlencoded"
    )
    assert answer.status == 403
    page.context.close()


def test_without_the_key_of_the_page_nothing_is_asked(yard: WebPeer) -> None:
    answer = yard.signed_in("bo").ask(
        "POST", "/stories", raw=b"play=flood-contact", Content_Type="application/x-www-form-urlencoded"
    )
    assert answer.status == 403


def test_on_a_site_that_is_not_simulated_there_is_no_page_no_folder_and_no_offer(tmp_path: Path) -> None:
    folder = _yard(tmp_path / "site", "false")
    with _served(folder) as peer:
        bo = peer.signed_in("bo")
        assert bo.get("/stories").status == 404
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        assert bo.ask("POST", "/stories", raw=b"play=flood-contact", **form).status == 404
        assert b"/stories" not in bo.get("/").body
    with pytest.raises(FacilitydError, match="not simulated"):
        StoryFolder(load(folder, secrets=False))
    assert not list(tmp_path.rglob("*.stories"))


def test_a_folder_takes_few_requests_and_whatever_is_none_is_removed(tmp_path: Path) -> None:
    folder = StoryFolder(load(_yard(tmp_path / "site"), secrets=False))
    for _ in range(MOST_WAITING):
        folder.ask(StoryRequest(act="play", story="flood-contact", by="bo"))
    with pytest.raises(FacilitydError):
        folder.ask(StoryRequest(act="end"))
    (folder.folder / "ask-0.json").write_text('{"act": "play", "story": "../x", "fault": "estop"}')
    (folder.folder / "ask-1.json").write_bytes(b"x" * 100_000)
    (folder.folder / "ask-2.json").symlink_to("/etc/hostname")
    assert [one.story for one in folder.take()] == ["flood-contact"] * MOST_WAITING
    assert list(folder.folder.iterdir()) == []


def test_a_board_of_a_simulator_that_has_ended_is_none(tmp_path: Path) -> None:
    folder = StoryFolder(load(_yard(tmp_path / "site"), secrets=False))
    assert folder.board(0) is None
    folder.folder.mkdir()
    (folder.folder / "board.json").write_text('{"at": 1000000000, "stories": []}')
    assert folder.board(2_000_000_000) is not None
    assert folder.board(20_000_000_000) is None
