"""Behind TLS every cookie of the page goes over TLS alone, and no script reads it; without TLS the page works too."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from support.hoist_yard import HOIST_YARD
from support.web import PASSWORD, WebPeer, add_user, web_server

from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.store.journal import Journal

PUBLIC = "https://square.example"


@pytest.fixture(scope="module")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("yard")
    (folder / "site.yaml").write_text(HOIST_YARD, encoding="utf-8")
    site = load(folder, secrets=False)
    Journal.open(
        Path(site.store.path), max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id
    ).close()
    add_user(site, "bo", "crew")
    return site


@pytest.fixture(params=[PUBLIC, ""], ids=["tls", "plain"])
def peer(request: pytest.FixtureRequest, yard: Site) -> Iterator[tuple[WebPeer, bool]]:
    with web_server(yard, public_url=request.param) as found:
        yield found, bool(request.param)


def _cookies(peer: WebPeer, path: str, **fields: str) -> list[str]:
    """Send a form and return what it sets, each with its attributes."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=30)
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", path, urlencode(fields), head)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 303
    return answer.msg.get_all("set-cookie") or []


def test_signing_in_and_choosing_a_view_set_cookies_that_stay_where_they_belong(
    peer: tuple[WebPeer, bool],
) -> None:
    found, secure = peer
    signed = _cookies(found, "/sign-in", user="bo", password=PASSWORD, next="/")
    chosen = _cookies(found, "/view", language="en", back="/")
    assert len(signed) == 2
    assert len(chosen) == 1
    for one in (*signed, *chosen):
        attributes = {part.strip().lower() for part in one.split(";")[1:]}
        assert {"httponly", "samesite=strict", "path=/"} <= attributes
        assert ("secure" in attributes) is secure
        assert not any(part.startswith("domain") for part in attributes)
    assert signed[0].startswith("__Host-facilityd-session=" if secure else "facilityd-session=")


def test_only_behind_tls_a_browser_is_told_to_come_over_tls_ever_after(peer: tuple[WebPeer, bool]) -> None:
    found, secure = peer
    assert ("strict-transport-security" in found.get("/sign-in").headers) is secure
