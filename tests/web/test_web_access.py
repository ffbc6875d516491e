"""Who gets in, who may what, and that nobody is kept out by a stranger."""

from __future__ import annotations

import json
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.query_sites import MeterSite
from support.site_mistakes import FILES, write_site
from support.web import PASSWORD, WebPeer, add_token, add_user, web_server

from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.store.journal import Journal
from facilityd.web.lockout import MOST_FAILURES, WINDOW, LoginThrottle
from facilityd.web.sessions import LASTS, SessionStore
from facilityd.web.users import UserEntry, UserFile, UserTable

ROLES = ("viewer", "crew", "engineer", "admin")


@pytest.fixture(scope="module")
def yard_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The yard with an empty journal."""
    folder = tmp_path_factory.mktemp("guarded")
    write_site(folder, {"site.yaml": FILES["site.yaml"] + "store: {path: journal.db}\n"})
    site = load(folder, secrets=False)
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        MeterSite(site, journal).store(0, 1.0)
    return site


@pytest.fixture(scope="module")
def guarded(yard_site: Site) -> Iterator[WebPeer]:
    """Served with a user of each role."""
    for role in ROLES:
        add_user(yard_site, f"{role}-1", role)
    with web_server(yard_site) as peer:
        yield peer


def test_who_has_not_signed_in_reads_nothing_but_health(guarded: WebPeer) -> None:
    for path in ("/api/v1/devices", "/api/v1/alarms", "/api/v1/session", "/metrics", "/api/v1/commands/x"):
        answer = guarded.get(path)
        assert (answer.status, answer.json["title"]) == (401, "Sign in"), path
    assert guarded.get("/api/v1/health").status == 503


def test_each_role_may_what_the_one_before_may_and_more(guarded: WebPeer) -> None:
    reached = {}
    for role in ROLES:
        peer = guarded.signed_in(f"{role}-1")
        reached[role] = [peer.get(f"/api/v1{path}").status for path in ("/devices", "/notices", "/audit")]
    assert reached == {
        "viewer": [200, 403, 403],
        "crew": [200, 200, 403],
        "engineer": [200] * 3,
        "admin": [200] * 3,
    }


def test_a_viewer_acknowledges_nothing_and_a_crew_takes_nothing_out_of_service(guarded: WebPeer) -> None:
    ack = {"command": "ack", "device": "gate", "rule": "silent"}
    removed = {"command": "out-of-service", "device": "gate", "rule": "silent", "ticket": "T1"}
    assert guarded.signed_in("viewer-1").ask("POST", "/api/v1/commands", ack).status == 403
    assert guarded.signed_in("crew-1").ask("POST", "/api/v1/commands", removed).status == 403
    assert not list(guarded.service.inbox.folder.glob("*.json"))


def test_the_cookie_is_for_this_site_only_and_no_page_reads_it(guarded: WebPeer) -> None:
    answer = guarded.ask("POST", "/api/v1/session", {"user": "crew-1", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert PASSWORD not in answer.body.decode() + cookie
    again = guarded.ask("GET", "/api/v1/session", Cookie=answer.cookies)
    assert again.json == answer.json, "who asks later is told the same, until when it lasts too"


def test_a_request_that_another_page_sends_is_refused(guarded: WebPeer) -> None:
    peer = guarded.signed_in("crew-1")
    body = {"command": "ack", "device": "gate", "rule": "silent"}
    assert peer.ask("POST", "/api/v1/commands", body, Origin="https://evil.example").status == 403
    assert peer.ask("POST", "/api/v1/commands", body, Sec_Fetch_Site="cross-site").status == 403
    without = replace(peer, headers={"Cookie": peer.headers["Cookie"]})
    assert without.ask("POST", "/api/v1/commands", body).status == 403
    assert without.ask("DELETE", "/api/v1/session").status == 403
    signing_in = {"user": "crew-1", "password": PASSWORD}
    assert guarded.ask("POST", "/api/v1/session", signing_in, Origin="https://evil.example").status == 403


def test_who_signs_out_is_out(guarded: WebPeer) -> None:
    peer = guarded.signed_in("viewer-1")
    assert peer.api("/session")["role"] == "viewer"
    assert peer.ask("DELETE", "/api/v1/session").status == 204
    assert peer.get("/api/v1/devices").status == 401


def test_a_token_does_what_its_scopes_and_its_user_may_until_it_ends(
    guarded: WebPeer, yard_site: Site
) -> None:
    reading, metrics = add_token(yard_site, "crew-1", "read"), add_token(yard_site, "crew-1", "metrics")
    ended = add_token(yard_site, "crew-1", "read", until=int(time.time()) - 1)
    body = {"command": "ack", "device": "gate", "rule": "silent"}
    assert guarded.with_token(reading).get("/api/v1/devices").status == 200
    assert guarded.with_token(reading).ask("POST", "/api/v1/commands", body).status == 403
    assert guarded.with_token(metrics).get("/metrics").status == 200
    assert guarded.with_token(metrics).get("/api/v1/devices").status == 403
    for token in (ended, reading[:-1], "facilityd_x_y", "", reading.replace("facilityd", "other")):
        assert guarded.with_token(token).get("/api/v1/devices").status == 401
    viewer = add_token(yard_site, "viewer-1", "command")
    assert guarded.with_token(viewer).ask("POST", "/api/v1/commands", body).status == 403


def test_the_files_hold_no_password_no_token_and_no_session_and_only_their_owner_reads_them(
    guarded: WebPeer, yard_site: Site
) -> None:
    token = add_token(yard_site, "crew-1", "read")
    peer = guarded.signed_in("crew-1")
    journal = Path(yard_site.store.path)
    secrets = (PASSWORD, token.rsplit("_", 1)[1], peer.headers["Cookie"].partition("=")[2])
    for suffix in (".users.json", ".sessions.json", ".key"):
        path = journal.with_name(f"{journal.name}{suffix}")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, suffix
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content]


def test_wrong_passwords_lock_strangers_out_and_not_the_browser_that_was_in_before(
    yard_site: Site,
) -> None:
    add_user(yard_site, "night", "crew")
    with web_server(yard_site) as peer:
        first = peer.ask("POST", "/api/v1/session", {"user": "night", "password": PASSWORD})
        assert first.status == 201
        tries = [
            peer.ask("POST", "/api/v1/session", {"user": "night", "password": f"wrong {n}"})
            for n in range(MOST_FAILURES["stranger"] + 1)
        ]
        assert [answer.status for answer in tries] == [401] * MOST_FAILURES["stranger"] + [429]
        assert int(tries[-1].headers["retry-after"]) > 0
        right = {"user": "night", "password": PASSWORD}
        assert peer.ask("POST", "/api/v1/session", right).status == 429, "also with the right one"
        assert peer.ask("POST", "/api/v1/session", right, Cookie=first.cookies).status == 201
        nobody = peer.ask("POST", "/api/v1/session", {"user": "nobody", "password": "wrong"})
        assert (nobody.status, nobody.json["detail"]) == (401, tries[0].json["detail"])


def test_who_signs_in_often_has_failed_at_nothing() -> None:
    throttle = LoginThrottle()
    for n in range(2 * MOST_FAILURES["address"]):
        buckets = LoginThrottle.buckets(f"user-{n}", "10.0.0.1", "")
        assert throttle.wait(buckets) == 0
        throttle.failed(buckets)  # counted before it is checked
        throttle.succeeded(buckets)
    for n in range(MOST_FAILURES["address"]):
        throttle.failed(LoginThrottle.buckets(f"guess-{n}", "10.0.0.1", ""))
    throttle.succeeded(LoginThrottle.buckets("user-1", "10.0.0.2", ""))
    assert throttle.wait(LoginThrottle.buckets("anybody", "10.0.0.1", "")) > 0, (
        "another address clears nothing"
    )


def test_failures_are_forgotten_after_the_window_so_nobody_is_locked_out_for_ever() -> None:
    now = [0.0]
    throttle = LoginThrottle(lambda: now[0])
    buckets = throttle.buckets("bo", "10.0.0.1", "")
    for _ in range(MOST_FAILURES["stranger"]):
        assert throttle.wait(buckets) == 0
        throttle.failed(buckets)
    assert throttle.wait(buckets) == WINDOW
    now[0] += WINDOW
    assert throttle.wait(buckets) == 0


def test_sessions_outlive_a_restart_and_end_with_time_password_or_user(tmp_path: Path) -> None:
    now = [1000.0]
    journal = tmp_path / "journal.db"
    bo = UserEntry(role="crew", password="x", serial="1")
    table = UserTable(users={"bo": bo})
    name, _ = SessionStore(journal, lambda: now[0]).begin("bo", "1")
    again = SessionStore(journal, lambda: now[0])
    assert again.find(name, table)
    assert again.find("other", table) is None
    assert again.find(name, UserTable()) is None
    assert again.find(name, UserTable(users={"bo": bo.model_copy(update={"serial": "2"})})) is None
    now[0] += LASTS
    assert again.find(name, table) is None


def test_a_file_of_users_that_cannot_be_trusted_lets_nobody_in(yard_site: Site) -> None:
    users = UserFile(Path(yard_site.store.path))
    add_user(yard_site, "own-1", "admin")  # of its own: this test may be the first that a worker runs
    with web_server(yard_site) as stranger:
        peer = stranger.signed_in("own-1")
        content = users.path.read_bytes()
        try:
            users.path.chmod(0o644)
            assert peer.get("/api/v1/devices").status == 503
            users.path.chmod(0o600)
            users.path.write_bytes(b"{")
            assert peer.get("/api/v1/devices").status == 503
            users.path.unlink()
            assert peer.get("/api/v1/devices").status == 401, "users that are gone open nothing"
        finally:
            users.path.write_bytes(content)
            users.path.chmod(0o600)
        assert peer.get("/api/v1/devices").status == 200


def test_a_person_is_added_listed_and_removed_by_commands(yard_site: Site) -> None:
    def run(*words: str, given: str = "", code: int = 0) -> str:
        done = CliRunner().invoke(facilityd, ["user", *words], input=given)
        assert done.exit_code == code, done.output
        return done.output

    site = yard_site.source
    run("add", site, "ann", "--role", "crew", given=f"{PASSWORD}\n")
    run("add", site, "ann", "--role", "crew", given="short\n", code=1)
    run("add", site, "Ann!", "--role", "crew", given=f"{PASSWORD}\n", code=1)
    run("add", site, "ann", "--role", "crew", "--person", "nobody-here", given=f"{PASSWORD}\n", code=1)
    token = json.loads(run("token", "add", site, "ann", "--scope", "command", "--json"))
    assert json.loads(run("list", site, "--json"))["ann"] == {"role": "crew", "person": "", "tokens": 1}
    assert token["token"] not in run("token", "list", site)
    with web_server(yard_site) as peer:
        assert peer.signed_in("ann").api("/session")["user"] == "ann"
        with_token = peer.with_token(token["token"])
        assert with_token.get("/api/v1/devices").status == 403, "it may command and not read"
        run("token", "remove", site, token["number"])
        assert with_token.get("/api/v1/devices").status == 401
        signed_in = peer.signed_in("ann")
        run("remove", site, "ann")
        assert signed_in.get("/api/v1/devices").status == 401
    run("remove", site, "ann", code=1)


def test_system_shows_the_accounts_to_an_admin_alone(yard_site: Site) -> None:
    for role in ("admin", "engineer"):
        add_user(yard_site, f"seen-{role}", role)
    with web_server(yard_site) as peer:
        shown = {
            role: peer.signed_in(f"seen-{role}").get("/system").body.decode()
            for role in ("admin", "engineer")
        }
    assert "seen-engineer" in shown["admin"]
    assert "seen-admin" not in shown["engineer"]
    assert "$argon2" not in shown["admin"]


def test_without_users_it_serves_this_machine_only(tmp_path: Path) -> None:
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"] + "store: {path: journal.db}\n"})
    done = CliRunner().invoke(facilityd, ["serve", str(tmp_path), "--host", "0.0.0.0", "--lang", "en"])
    assert done.exit_code == 1
    assert isinstance(done.exception, UsageError)
    assert "user add" in done.exception.hint


@pytest.mark.parametrize(
    ("url", "reads"),
    [
        ("", True),
        ("http://127.0.0.1:8780", True),
        ("http://localhost:8780", True),
        ("http://[::1]:8780", True),
        ("http://10.0.0.9:8780", False),
        ("https://square.example", False),
    ],
)
def test_before_there_are_users_this_machine_reads_unless_others_reach_the_page_too(
    yard_site: Site, tmp_path: Path, url: str, reads: bool
) -> None:
    store = replace(yard_site.store, path=str(tmp_path / "journal.db"))
    shutil.copy(yard_site.store.path, tmp_path / "journal.db")
    with web_server(replace(yard_site, store=store), public_url=url) as peer:
        assert (peer.get("/api/v1/devices").status == 200) == reads
        assert (peer.get("/").status == 200) == reads
        assert bool(peer.service.setup_code) == reads
