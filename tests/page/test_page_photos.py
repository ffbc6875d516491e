"""Photos: from a phone to the journal, with and without a script; and what somebody may try with them."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, Page, expect
from support.browser import NewPage, WatchedSite, violations
from support.page_square import cookies_of, morning
from support.photos import GPS, JPEG, camera_jpeg, form, png
from support.site import SQUARE
from support.web import WebAnswer, web_server

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.model.photo import MOST_PHOTOS
from facilityd.model.sample import NS
from facilityd.model.text import Text
from facilityd.query.report_tables import report_page
from facilityd.query.site import SiteQuery
from facilityd.report.html import html_page
from facilityd.supervise.inbox import Inbox
from facilityd.supervise.photos import PhotoFolder

LEAK, LAMP, STOP = "/alarm/fountain-2/leakage", "/alarm/bridges/lamp-failed", "/alarm/hoist-1/emergency-stop"
MIB = 1 << 20


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[WatchedSite]:
    with morning(tmp_path_factory.mktemp("photos")) as site:
        yield site


@pytest.fixture(scope="module")
def sessions(square: WatchedSite, browser: Browser) -> dict[str, list[dict[str, object]]]:
    return cookies_of(square, browser)


def _folder(site: WatchedSite) -> PhotoFolder:
    return site.peer.service.photos


def _names(site: WatchedSite) -> set[str]:
    return {one.name for one in _folder(site).folder.glob("*")}


def _leak_task(site: WatchedSite) -> int:
    """Return the repair of the leak, which the crew takes where nobody has."""
    crew = site.signed_in("bo")
    own = [one["id"] for one in crew.api("/tasks?all=true") if one["rule"] == "leakage"]
    if not own:
        ask = {"command": "take", "device": "fountain-2", "rule": "leakage"}
        assert crew.ask("POST", "/api/v1/commands?wait=20", ask).status == 200
        own = [one["id"] for one in crew.api("/tasks?all=true") if one["rule"] == "leakage"]
    return own[0]


def _attach(page: Page, content: bytes, name: str = "IMG_2001.jpg", media: str = "image/jpeg") -> None:
    page.set_input_files("#photo", {"name": name, "mimeType": media, "buffer": content})


def _shown(page: Page) -> tuple[int, int]:
    """Return the pixels of the newest photo on a page, as the browser decodes it."""
    shown = """() => {
        const one = document.querySelector("a.photo img");
        one?.scrollIntoView();
        return one?.complete && one.naturalWidth && [one.naturalWidth, one.naturalHeight];
    }"""
    width, height = page.wait_for_function(shown).json_value()  # news may put another in its place meanwhile
    return width, height


def test_a_photo_goes_with_taking_and_finishing_a_repair_and_is_seen_everywhere(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page(LAMP, size=(390, 844))
    _attach(page, camera_jpeg())
    page.click("#act-take")
    expect(page.locator("#came")).to_have_class("fine")
    assert tuple(_shown(page)) == (16, 24), "it was held upright, and is shown so"
    page.get_by_role("link", name="The repair").click()
    _attach(page, png(40, 30), "after.png", "image/png")
    page.fill("#parts", "driver 24 V")
    page.click("#act-done")
    expect(page.locator("#came")).to_have_class("fine")
    assert tuple(_shown(page)) == (40, 30)
    assert page.locator("a.photo img").count() == 2
    assert violations(page) == []
    assert page.problems == []
    (task,) = [one for one in square.signed_in("vi").api("/tasks?all=true") if one["rule"] == "lamp-failed"]
    names = [note["photo"] for note in task["notes"]]
    assert len(names) == 2
    assert set(names) <= _names(square)
    assert all(GPS not in _folder(square).read(name) for name in names)
    _in_the_report(square, names)


def _in_the_report(square: WatchedSite, names: list[str]) -> None:
    site, now = square.running.site, square.now()
    with SiteQuery(site, lambda: now) as query:
        report = query.report(Text(zh="今天", en="today"), now - 86_400 * NS, now + NS)
    page = html_page(report, report_page(report, all_devices(site), "en"), "en", _folder(square))
    assert page.count('src="data:image/') == len(names)
    bare = html_page(report, report_page(report, all_devices(site), "en"), "en")
    assert "2 more photos are not in this report" in bare


def test_without_a_script_a_photo_goes_with_an_acknowledgement(
    open_page: NewPage, square: WatchedSite
) -> None:
    page = open_page(STOP, view="zh.dark", java_script_enabled=False)
    assert page.locator("#photo").get_attribute("capture") == "environment"
    _attach(page, camera_jpeg(3))
    page.click("#act-ack")
    assert page.locator("#came").get_attribute("class") == "fine"
    address = page.locator("a.photo").first.get_attribute("href") or ""
    assert square.signed_in("vi").get(address).status == 200


def test_a_large_photo_is_made_smaller_on_the_phone(open_page: NewPage, square: WatchedSite) -> None:
    page = open_page(f"/tasks/{_leak_task(square)}")
    large = png(3000, 2000)
    _attach(page, large, "large.png", "image/png")
    page.wait_for_function("most => document.getElementById('photo').files[0].size < most", arg=len(large))
    page.click("#act-task-note")
    expect(page.locator("#came")).to_have_class("fine")
    assert tuple(_shown(page)) == (1600, 1067)


def test_a_picture_is_answered_as_what_it_is_and_to_whom_may_see(square: WatchedSite) -> None:
    name, _ = _folder(square).add(JPEG)
    viewer = square.signed_in("vi")
    answer = viewer.get(f"/photo/{name}")
    assert (answer.status, answer.body) == (200, JPEG)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "private" in answer.headers["cache-control"]
    assert viewer.get(f"/photo/{name}", If_None_Match=answer.headers["etag"]).status == 304
    stranger = square.peer.get(f"/photo/{name}", If_None_Match=answer.headers["etag"])
    assert (stranger.status, JPEG in stranger.body) == (303, False)


@pytest.mark.parametrize("name", ["..%2Fjournal.db", "%2e%2e%2fjournal.db", "../journal.db", "%2Fetc%2Fpasswd", "x.svg", "a" * 99])  # fmt: skip
def test_no_address_leads_to_another_file(square: WatchedSite, name: str) -> None:
    assert square.signed_in("vi").get(f"/photo/{name}").status == 404


def _post(site: WatchedSite, photo: bytes | None, command: str = "realarm", user: str = "bo", name: str = "photo.jpg",
          **fields: str) -> WebAnswer:  # fmt: skip
    peer = site.signed_in(user)
    occurrence = next(one["occurrence"] for one in peer.api("/alarms?device=fountain-2&all=true") if one["rule"] == "leakage")  # fmt: skip
    sent = {
        "csrf": peer.headers["X-CSRF-Token"],
        "command": command,
        "key": "k",
        "occurrence": str(occurrence),
    }
    body, kind = form(sent | fields, photo, name)
    return peer.ask("POST", LEAK, raw=body, Content_Type=kind, Accept_Language="en")


@pytest.mark.parametrize(
    ("content", "name", "status", "said"),
    [
        (b"<html><script>alert(1)</script>", "photo.jpg", 422, "is no photo"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo.svg", 422, "is no photo"),
        (png(60_000, 60_000, data=b"x"), "photo.png", 422, "60000 × 60000 pixels"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 99, "IMG.HEIC", 422, "HEIC"),
        (JPEG[:400], "photo.jpg", 422, "not whole"),
        (b"", "photo.jpg", 422, "is no photo"),
        (JPEG + b"\0" * (30 * MIB), "photo.jpg", 413, "larger than 12 MiB"),
    ],
    ids=["html", "svg", "bomb", "heic", "cut", "empty", "30 MiB"],
)  # fmt: skip
def test_what_is_no_photo_is_refused_on_a_page_and_leaves_nothing(
    square: WatchedSite, content: bytes, name: str, status: int, said: str
) -> None:
    before, asked = _names(square), len(list(square.peer.service.inbox.folder.glob("*")))
    answer = _post(square, content, command="ack", name=name, comment="wet & cold")
    assert answer.status == status
    assert said in answer.body.decode()
    assert "wet &amp; cold" in answer.body.decode(), "what was written is given back"
    assert (_names(square), len(list(square.peer.service.inbox.folder.glob("*")))) == (before, asked)


def test_what_is_far_too_large_is_refused_before_it_is_sent(square: WatchedSite) -> None:
    peer = square.signed_in("bo")
    head = f"POST {LEAK} HTTP/1.1\r\nHost: localhost\r\nCookie: {peer.headers['Cookie']}\r\nContent-Type: multipart/form-data; boundary=a\r\n"
    with socket.create_connection(("127.0.0.1", peer.port), 10) as line:
        line.sendall(f"{head}Content-Length: {10**11}\r\n\r\n".encode())
        assert line.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_page_hidden_behind_a_photo_is_cut_off(square: WatchedSite) -> None:
    kept, _ = _folder(square).add(JPEG + b"<script>alert(1)</script>")
    assert b"script" not in _folder(square).read(kept)


@pytest.mark.parametrize("name", ["../../journal.db", 'a"b.jpg', "%00.jpg", "x" * 1500])
def test_what_a_file_was_called_means_nothing(square: WatchedSite, name: str) -> None:
    before = _names(square)
    assert _post(square, png(7, 7), command="shelve", name=name).status == 422
    assert _names(square) == before


def test_a_photo_of_a_request_that_is_refused_is_not_kept(square: WatchedSite) -> None:
    before = _names(square)
    answer = _post(square, png(9, 9), command="ack", occurrence="7")
    assert answer.status == 303
    assert _names(square) == before


def test_a_viewer_and_a_stranger_leave_no_photo(square: WatchedSite) -> None:
    before = _names(square)
    assert _post(square, png(11, 11), command="ack", user="vi").status == 403
    body, kind = form({"command": "ack"}, png(11, 11))
    assert square.peer.ask("POST", LEAK, raw=body, Content_Type=kind).status == 401
    assert _post(square, png(11, 11), command="ack", csrf="0" * 32).status == 403
    assert _names(square) == before


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=other"])  # fmt: skip
def test_a_form_without_its_boundary_is_none(square: WatchedSite, kind: str) -> None:
    body, _ = form({"command": "ack"}, JPEG)
    assert square.signed_in("bo").ask("POST", LEAK, raw=body, Content_Type=kind).status == 422


def test_a_line_that_breaks_in_the_middle_of_a_photo_leaves_nothing(square: WatchedSite) -> None:
    before, peer = _names(square), square.signed_in("bo")
    body, kind = form({"csrf": peer.headers["X-CSRF-Token"], "command": "ack"}, JPEG + b"\0" * MIB)
    head = f"POST {LEAK} HTTP/1.1\r\nHost: localhost\r\nCookie: {peer.headers['Cookie']}\r\nContent-Type: {kind}\r\n"
    for length in (len(body), 5 * len(body), len(body) // 2):
        with socket.create_connection(("127.0.0.1", peer.port), 10) as line:
            line.sendall(f"{head}Content-Length: {length}\r\n\r\n".encode() + body[: len(body) // 2])
    assert peer.get(LEAK).status == 200
    assert _names(square) == before


def test_a_photo_comes_from_the_command_line_too(tmp_path: Path) -> None:
    site = shutil.copytree(SQUARE, tmp_path / "square")
    fine, none = tmp_path / "gland.jpg", tmp_path / "gland.heic"
    fine.write_bytes(camera_jpeg())
    none.write_bytes(b"\0\0\0\x18ftypheic")
    words = ["note", str(site), "1", "--by", "crew", "--photo"]
    refused = CliRunner().invoke(facilityd, [*words, str(none)])
    assert isinstance(refused.exception, UsageError)
    waits = CliRunner().invoke(facilityd, [*words, str(fine)])
    assert waits.exception.what.slug == "ask.daemon-has-not-taken-request"
    journal = Path(load(site).store.path)
    (asked,) = Inbox(journal).take()
    assert GPS not in PhotoFolder(journal).read(asked.command.photo)


def test_a_task_has_so_many_photos_and_no_more(square: WatchedSite, open_page: NewPage) -> None:
    crew, task = square.signed_in("bo"), _leak_task(square)
    before = sum("photo" in one["details"] for one in crew.api(f"/tasks/{task}")["events"])
    for n in range(MOST_PHOTOS - before + 1):
        fields = {"csrf": crew.headers["X-CSRF-Token"], "command": "task-note", "key": f"n{n}"}
        body, kind = form(fields, png(20 + n, 20))
        answer = crew.ask("POST", f"/tasks/{task}", raw=body, Content_Type=kind)
        assert answer.status == 303
    page = open_page(answer.headers["location"])
    expect(page.locator("#came")).to_have_text(re.compile(f"{MOST_PHOTOS} photos"))
    assert page.locator("a.photo").count() == MOST_PHOTOS


def test_photos_are_forgotten_with_what_happened_to_the_alarms(square: WatchedSite) -> None:
    site = square.running.site
    store = replace(site.store, retention=replace(site.store.retention, alarms=0), keep=0)
    name, _ = _folder(square).add(png(3, 3))
    old = Path(_folder(square).folder / name)
    other = replace(site, store=replace(store, path=site.store.path))
    with web_server(other, clock=square.now) as peer:
        for _ in range(200):
            if not old.exists():
                break
            peer.get("/api/v1/health")
    assert not old.exists()
