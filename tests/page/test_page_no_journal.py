"""Served before its daemon has ever run, or over a journal that cannot be read: what to do is said, and it comes by itself."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect
from support.web import web_server

from facilityd.config.load import load
from facilityd.store.journal import Journal

SITE = """\
site: {id: yard, name: {zh: 大院, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {drive: {link: net, profile: abb_acs380_acs580, device_id: 2, period: 1s}}
devices: {hoist-1: {family: hoist, name: {zh: 升降机, en: Hoist}, signals: {torque: drive.torque}}}
"""


def test_a_page_that_came_before_its_daemon_says_so_and_comes_by_itself(
    tmp_path: Path, browser: Browser
) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    site = load(tmp_path, secrets=False)
    with web_server(site) as peer:
        url = f"http://127.0.0.1:{peer.port}"
        context = browser.new_context(service_workers="block", locale="en")
        page = context.new_page()
        page.clock.install()
        assert page.goto(url + "/square?kiosk").status == 503
        expect(page.locator("[role=alert].lead")).to_contain_text("has never run")
        expect(page.locator("main")).to_contain_text("facilityd run")
        page.clock.fast_forward("00:11")
        expect(page.locator("[role=alert].lead")).to_be_visible()
        path = Path(site.store.path)
        Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id).close()
        page.clock.fast_forward("00:11")
        expect(page.locator(".thing")).to_have_count(1)
        context.close()


def test_the_handbook_is_read_whatever_becomes_of_the_journal(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE, encoding="utf-8")
    (tmp_path / "journal.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with web_server(load(tmp_path, secrets=False)) as peer:
        for path in ("/handbook", "/handbook?q=journal", "/handbook/troubleshooting"):
            assert peer.get(path).status == 200
        answer = peer.get("/", Accept_Language="en")
        assert answer.status == 503
        assert b"the journal cannot be read now" in answer.body
