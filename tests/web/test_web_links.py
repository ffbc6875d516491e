"""The link in a notice: what it shows, whom it lets do what, and that opening it changes nothing."""

from __future__ import annotations

import re
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.web import WebAnswer, WebPeer, web_server

from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.model.alarm_link import AlarmLink, AlarmLinks
from facilityd.model.command_record import CommandRecord
from facilityd.model.notice import Notice, Purpose
from facilityd.model.sample import NS
from facilityd.model.settings import WebSettings
from facilityd.notify.mail_html import html_of
from facilityd.scenario.load import square
from facilityd.scenario.play import runtime_of
from facilityd.scenario.subset import subset
from facilityd.store.reader import JournalReader
from facilityd.supervise.site_key import site_key
from facilityd.testing.site import SimulatedSite
from facilityd.web.pages import page_words

PUBLIC = "https://square.example"
KEY = bytes(range(32))
LINK = AlarmLink("fountain-2", "leakage", 3, "crew", "ack", 1_800_000_000)


def test_a_link_says_what_it_allows_and_is_the_same_whenever_it_is_made() -> None:
    links = AlarmLinks(PUBLIC, KEY, 86_400 * NS)
    url = links.acknowledge("fountain-2", "leakage", 3, "crew", 5 * NS)
    assert url == links.acknowledge("fountain-2", "leakage", 3, "crew", 5 * NS)
    assert url.startswith(f"{PUBLIC}/a/")
    assert len(url) < 200, "a message has room for it"
    found = AlarmLink.read(KEY, url.removeprefix(f"{PUBLIC}/a/"))
    assert found == replace(LINK, until=86_405)


@given(st.data())
def test_a_link_that_was_changed_anywhere_allows_nothing(data: st.DataObject) -> None:
    text = LINK.signed(KEY)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("ABCxyz019-_.=%é\x00").filter(lambda one: one != text[place]))
    changed = data.draw(
        st.sampled_from(
            [text[:place] + letter + text[place + 1 :], text[:place], text + letter, letter + text]
        )
    )
    with pytest.raises(ValueError, match=r"no|not"):
        AlarmLink.read(KEY, changed)
    with pytest.raises(ValueError, match=r"not signed"):
        AlarmLink.read(KEY[::-1], text)


def test_the_sites_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(site_key(journal))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    (path,) = tmp_path.iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(UsageError, match="others may read it"):
        site_key(journal)


def test_a_link_in_a_mail_can_be_tapped_and_hostile_text_stays_text() -> None:
    body = "leaks\n确认：https://square.example/a/abc.def\nAcknowledge: javascript:alert(1)\nx: https://a/<b>"
    page = html_of(Notice("k", "crew", "c", Purpose.RAISED, "zh", "s", body))
    assert page.count("<a href=") == 1
    assert '<a href="https://square.example/a/abc.def"' in page
    assert "<b>" not in page.partition("x:")[2].partition("</b>")[2]


@dataclass
class ToldSite:
    """A site of which people were told, over links; ``links`` by person, and what is said of the site."""

    running: SimulatedSite
    peer: WebPeer
    links: dict[str, str]

    def open(self, person: str, **headers: str) -> WebAnswer:
        return self.peer.get(self.links[person], **headers)

    def tap(self, person: str, comment: str = "") -> WebAnswer:
        """POST the form while the daemon works; return what the page shows then."""
        answers: list[WebAnswer] = []
        asking = threading.Thread(
            target=lambda: answers.append(
                self.peer.ask(
                    "POST", self.links[person], raw=f"comment={comment}".encode(),
                    Content_Type="application/x-www-form-urlencoded",
                )
            )
        )  # fmt: skip
        asking.start()
        while asking.is_alive():
            self.running.advance("10s")
            asking.join(0.05)
        assert (answers[0].status, answers[0].headers["location"]) == (303, self.links[person])
        return self.open(person)

    def commands(self) -> list[CommandRecord]:
        with JournalReader.open(self.running.journal) as reader:
            return reader.commands()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToldSite]:
    site = replace(subset(load(square()), ("fountain-2", "weather")), web=WebSettings(PUBLIC))
    start = datetime(2026, 6, 10, 9, 20, tzinfo=ZoneInfo(site.timezone))
    make = runtime_of(real=False)
    with make(site, tmp_path_factory.mktemp("told"), start=round(start.timestamp()) * NS, seed=1) as runtime:
        running = SimulatedSite(runtime)
        running.advance("2min")
        running.fault("fountain-2", "leakage")
        running.wait_for_alarm("leakage", on="fountain-2", within="2h")
        running.advance("1min")
        with JournalReader.open(running.journal) as reader:
            notices = [one.notice for one in reader.outbox() if one.notice.rule == "leakage"]
        found = {one.recipient: re.findall(r"https://square\.example(/a/\S+)", one.body) for one in notices}
        clock = lambda: round(running.now.timestamp()) * NS  # noqa: E731
        with web_server(running.site, clock=clock, public_url=PUBLIC) as peer:
            yield ToldSite(running, peer, {person: links[0] for person, links in found.items()})


def test_everybody_has_a_link_of_their_own(told: ToldSite) -> None:
    assert {"crew", "engineer"} <= told.links.keys()
    assert len(set(told.links.values())) == len(told.links)


def test_opening_a_link_changes_nothing_however_often(told: ToldSite) -> None:
    before = told.commands()
    for _ in range(5):
        for person in told.links:
            assert told.open(person).status == 200
        assert told.peer.ask("HEAD", told.links["crew"]).status in (200, 405)
    told.running.advance("70s")
    assert told.commands() == before
    assert not list(told.peer.service.inbox.folder.glob("*.json"))


CRAWLERS = (
    {"User_Agent": "WeComBot/1.0 (link preview)"},
    {"Purpose": "prefetch"},
    {"Sec_Purpose": "prefetch;prerender"},
    {"X_Moz": "prefetch"},
)
"""How a chat's preview, a mail's virus scanner and a browser that looks ahead ask."""


def people_did(reader: JournalReader) -> object:
    """Return all that a journal knows of people's doing; what time and readings change is not theirs."""
    return reader.commands(), {
        (one.device, one.rule): (
            one.acked_at,
            one.acked_by,
            one.confirmed_at,
            one.confirmed_by,
            one.suppressors,
        )
        for one in reader.alarms()
        if one.acked_by or one.confirmed_by or one.suppressors
    }


def test_a_crawler_that_opens_every_link_of_every_notice_changes_nothing(told: ToldSite) -> None:
    """Also what stands on the pages behind them is opened, and a form sent by the wrong method."""
    with JournalReader.open(told.running.journal) as reader:
        bodies = [one.notice.body for one in reader.outbox()]
        before = people_did(reader)
    links = {link for body in bodies for link in re.findall(r"https://square\.example(/\S+)", body)}
    assert links >= set(told.links.values())
    opened, waiting = set[str](), sorted(links)
    while waiting:
        link = waiting.pop()
        opened.add(link)
        for headers in CRAWLERS:
            for method in ("GET", "HEAD", "OPTIONS"):
                assert told.peer.ask(method, link, **headers).status < 500, (method, link)
        page = told.peer.get(link).body.decode(errors="replace")
        told.peer.get(f"{link}?comment=seen&acknowledge=1")
        found = re.findall(r"""(?:href|src|action)=["'](/[^"']*)""", page)
        waiting += [one for one in found if one not in opened and one not in waiting and len(opened) < 50]
    told.running.advance("70s")
    with JournalReader.open(told.running.journal) as reader:
        assert people_did(reader) == before
    assert not list(told.peer.service.inbox.folder.glob("*.json"))


def test_the_page_says_what_where_how_bad_since_when_why_and_what_first_in_the_persons_language(
    told: ToldSite,
) -> None:
    chinese, english = (
        told.open("crew").body.decode(),
        told.open("engineer", Accept_Language="zh").body.decode(),
    )
    for text in (
        "二号喷泉泵",
        "水下设备漏电",
        "紧急",
        "剩余电流",
        "停运该组并断电挂牌",
        "2026-06-10 09:2",
        "确认报警",
    ):
        assert text in chinese, text
    for text in (
        "Fountain pump 2",
        "leaks to earth",
        "critical",
        "Residual current is",
        "Stop and lock out",
        "Acknowledge",
    ):
        assert text in english, text
    assert '<html lang="zh">' in chinese
    assert '<html lang="en">' in english, "the language is the person's, whatever the browser says"


def test_the_page_holds_no_script_fetches_nothing_and_is_shown_in_no_frame(told: ToldSite) -> None:
    answer = told.open("crew")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy
    assert not re.search(rb"<script|http://|https://|<img|<link", answer.body)
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: t[:3] + "A" + t[4:], lambda t: t + "x", lambda _: "/a/x"]
)
def test_an_altered_link_is_told_plainly_and_does_nothing(told: ToldSite, spoil: object) -> None:
    assert callable(spoil)
    path = spoil(told.links["crew"])
    for method in ("GET", "POST"):
        answer = told.peer.ask(method, path, Accept_Language="zh")
        assert answer.status == 404
        assert page_words().page["altered"].zh in answer.body.decode()


def test_a_link_ends_and_one_of_who_has_left_allows_nothing(told: ToldSite) -> None:
    key, now = told.peer.service.key, round(told.running.now.timestamp())
    ended = AlarmLink("fountain-2", "leakage", 1, "engineer", "ack", now - 1).signed(key)
    answer = told.peer.get(f"/a/{ended}")
    assert answer.status == 410
    assert "This link has ended (2026-06-10 09:" in answer.body.decode()
    left = AlarmLink("fountain-2", "leakage", 1, "nobody", "ack", now + 60).signed(key)
    assert told.peer.ask("POST", f"/a/{left}").status == 410
    gone = AlarmLink("fountain-9", "leakage", 1, "engineer", "ack", now + 60).signed(key)
    assert told.peer.get(f"/a/{gone}").status == 410


def test_a_tap_acknowledges_as_that_person_once_and_the_others_see_who(told: ToldSite) -> None:
    page = told.tap("crew", "%E6%88%91%E5%8E%BB%20%3Cb%3E")
    assert page_words().page["done"].zh in page.body.decode()
    (record,) = [one for one in told.commands() if one.kind == "ack"]
    assert (record.person, record.origin, record.payload["comment"]) == ("crew", "link 127.0.0.1", "我去 <b>")
    assert record.refusal == ""
    assert page_words().page["done"].zh in told.tap("crew").body.decode()
    assert len([one for one in told.commands() if one.kind == "ack"]) == 1, "tapped twice, done once"
    other = told.open("engineer").body.decode()
    assert escape("Duty crew has acknowledged it (2026-06-10 09:2")[:29] in other
    assert "<button>" not in other
    late = told.tap("engineer").body.decode()
    assert escape("Duty crew has acknowledged it (2026-06-10 09:2")[:29] in late
    assert "<button>" not in late
    first, second = (one for one in told.commands() if one.kind == "ack")
    assert (first.refusal, second.person) == ("", "engineer")
    assert "it is already acknowledged (Duty crew)" in second.refusal, "who comes second is on record"


def test_once_the_daemon_hangs_the_page_says_so_before_all_else(told: ToldSite) -> None:
    assert b'class="dead"' not in told.open("crew").body
    later = round(told.running.now.timestamp() + 600) * NS
    with web_server(told.running.site, clock=lambda: later, public_url=PUBLIC) as peer:
        page = peer.get(told.links["engineer"]).body.decode()
    assert page.index('<p class="dead" role="alert">') < page.index("<header")
