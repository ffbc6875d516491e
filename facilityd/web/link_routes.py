"""The page behind a link in a notice: GET shows the alarm and changes nothing, POST acknowledges it.

Whoever has the link is whom it was sent to: nobody signs in at night with wet gloves. It allows one thing,
for a day, to a person who is still told of this site's alarms.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape
from typing import Annotated
from urllib.parse import parse_qs, quote

from fastapi import APIRouter, Path, Request, Response
from starlette.responses import RedirectResponse

from facilityd.errors import FacilitydError
from facilityd.model.alarm_link import LONGEST, PATH, AlarmLink
from facilityd.model.command import AcknowledgeAlarm
from facilityd.model.plain import plain
from facilityd.model.refusal import read
from facilityd.model.sample import NS
from facilityd.model.settings import RecipientSettings
from facilityd.model.text import Language
from facilityd.query.alarms import AlarmRecord
from facilityd.query.instants import show_second
from facilityd.query.liveness import Liveness
from facilityd.query.site import SiteQuery
from facilityd.query.words import priority_text, span_text
from facilityd.web.access import address_of
from facilityd.web.command_routes import leave, result
from facilityd.web.pages import entry, page, phrase
from facilityd.web.problems import HttpProblem, language_of, of_error
from facilityd.web.service import Service, WebService

MOST_COMMENT = 1000
UNAVAILABLE = 503
WAIT = 5.0
"""Seconds that a request waits for the daemon to carry out a command."""
Token = Annotated[str, Path(max_length=LONGEST + 10)]
routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A link that is valid, and what the journal has of it; ``refusal`` None: not asked yet."""

    link: AlarmLink
    person: RecipientSettings
    record: AlarmRecord
    refusal: str | None
    waiting: bool
    dead: str
    now: int

    @property
    def language(self) -> Language:
        return self.person.language


class _Invalid(Exception):
    """A link that allows nothing; carries the page that says why."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


@routes.get(f"{PATH}{{token}}")
async def show(service: Service, request: Request, token: Token) -> Response:
    """Show an alarm to the person of the link. Changes nothing: mail programs open every link."""
    try:
        return _shown(await _open(service, request, token), service)
    except _Invalid as error:
        return error.response


@routes.post(f"{PATH}{{token}}")
async def act(service: Service, request: Request, token: Token) -> Response:
    """Acknowledge as the link allows, and show what came of it."""
    try:
        opened = await _open(service, request, token)
    except _Invalid as error:
        return error.response
    asks = _state(opened) in ("open", "acknowledged")  # who comes second is on record, and told who was first
    if opened.refusal is None and not opened.waiting and asks:
        link, comment = opened.link, _comment(await request.body())
        command = AcknowledgeAlarm(
            id=_command(token), at=opened.now, device=link.device, rule=link.rule, occurrence=link.occurrence,
            person=link.person, origin=f"link {address_of(request)}", comment=comment,
        )  # fmt: skip
        try:
            await leave(service, command)
            await result(service, command.id, WAIT)
        except HttpProblem:
            pass  # the page says what came of it
        except FacilitydError:
            return _closed(opened.language)
    return RedirectResponse(request.url.path, 303)


async def _open(service: WebService, request: Request, token: str) -> _Opened:
    """Return what a link is of. Raises _Invalid."""
    reader = language_of(request.headers.get("accept-language", ""), service.site.language or "zh")
    try:
        link = AlarmLink.read(service.key, token)
    except ValueError:
        raise _Invalid(_message("altered", reader, 404)) from None
    person = service.site.recipients.get(link.person)
    if person is None:
        raise _Invalid(_message("stranger", reader, 410))
    language, now = person.language, service.pool.now()
    if now >= link.until * NS:
        raise _Invalid(_message("expired", language, 410, at=_local(link.until * NS, service)))
    number = _command(token)
    try:
        record, refusal, health = await service.pool.ask_quickly(lambda query: _ask(query, link, number))
    except (HttpProblem, FacilitydError) as error:
        found = of_error(error) if isinstance(error, FacilitydError) else error
        raise _Invalid(
            _closed(language) if found.status == UNAVAILABLE else _message("gone", language, 410)
        ) from error
    dead = health.warning(service.site.timezone, language) if health.state != "running" else ""
    return _Opened(link, person, record, refusal, service.inbox.waiting(number), dead, now)


def _ask(query: SiteQuery, link: AlarmLink, number: str) -> tuple[AlarmRecord, str | None, Liveness]:
    return query.alarm(link.device, link.rule), query.command_result(number), query.liveness()


def _state(opened: _Opened) -> str:
    """Return how the alarm of a link is now: open (it waits for somebody), acknowledged, over, newer."""
    state = opened.record.state
    if state is None or state.occurrence < opened.link.occurrence:
        return "over"
    if state.occurrence > opened.link.occurrence:
        return "newer"
    if not state.acked:
        return "open"
    return "acknowledged" if state.active or state.latched else "over"


def _shown(opened: _Opened, service: WebService) -> Response:
    """Return the page of an alarm."""
    record, language = opened.record, opened.language
    row, device = record.row, _device(opened)
    what = row.what.in_(language) if row else opened.link.rule
    title = phrase("heading", language, device=device, what=what)
    priority = row.priority if row else ""
    head = f"{priority_text(priority, language)} · {service.site.name.in_(language)}"
    alone = phrase("for-person", language, person=opened.person.name.in_(language))
    first = record.about.action[0].in_(language) if record.about else ""
    body = (
        f'<header class="{escape(priority)}"><p>{escape(head)}</p><h1>{escape(title)}</h1></header>'
        f'<main><p class="lead">{escape(record.evidence(language))}</p>'
        f"<dl>{entry(phrase('first', language), first)}</dl>{_answer(opened, service)}"
        f'<dl>{_entries(opened, service)}</dl>{_whole(opened)}<p class="small">{escape(alone)}</p></main>'
    )
    return page(title, body, language, dead=opened.dead)


def _whole(opened: _Opened) -> str:
    """Return the way to the page of the alarm, where who signs in takes the repair."""
    address = f"/alarm/{quote(opened.link.device, safe='')}/{quote(opened.link.rule, safe='')}"
    return f'<p><a class="whole" href="{escape(address)}">{escape(phrase("whole", opened.language))}</a></p>'


def _device(opened: _Opened) -> str:
    device = opened.record.device
    return device.name.in_(opened.language) if device else opened.link.device


def _entries(opened: _Opened, service: WebService) -> str:
    """Return what a technician wants to know, as markup."""
    language, about, row = opened.language, opened.record.about, opened.record.row
    found = {"device": phrase("named", language, name=_device(opened), id=opened.link.device)}
    if row and row.since:
        span = span_text(opened.now - row.since, language)
        found |= {"since": phrase("ago", language, at=_local(row.since, service), span=span)}
    if about:
        found |= {"confirm": about.confirm.in_(language), "consequence": about.consequence.in_(language)}
    order = ("since", "confirm", "consequence", "device")
    return "".join(entry(phrase(name, language), found.get(name, "")) for name in order)


def _answer(opened: _Opened, service: WebService) -> str:
    """Return what there is to do, or what came of it, as markup."""
    language, state = opened.language, _state(opened)
    if opened.refusal and state != "acknowledged":
        return _note(phrase("refused", language, why=read(opened.refusal).in_(language)))
    if opened.refusal == "":
        return _note(phrase("done", language))
    if opened.waiting:
        return _note(phrase("waiting", language))
    if state == "open":
        return _form(language)
    found = opened.record.state
    by, at = (found.acked_by, found.acked_at or 0) if found else ("", 0)
    return _note(phrase(state, language, person=_person(by, service, language), at=_local(at, service)))


def _form(language: Language) -> str:
    comment = escape(phrase("comment", language))
    return (
        f'<form method="post"><button>{escape(phrase("acknowledge", language))}</button>'
        f'<p class="small">{escape(phrase("acknowledge-hint", language))}</p>'
        f'<label for="comment">{comment}</label>'
        f'<textarea id="comment" name="comment" maxlength="1000"></textarea></form>'
    )


def _note(text: str) -> str:
    return f'<p class="note" role="status">{escape(text)}</p>'


def _message(name: str, language: Language, status: int, **fields: object) -> Response:
    """Return a page that says why a link allows nothing."""
    title = phrase("title", language)
    body = f"<header><h1>{escape(title)}</h1></header><main>{_note(phrase(name, language, **fields))}</main>"
    return page(title, body, language, status)


def _closed(language: Language) -> Response:
    return _message("closed", language, UNAVAILABLE)


def _comment(body: bytes) -> str:
    """Return the comment of a form; nothing for what is no form."""
    try:
        found = parse_qs(body.decode(), max_num_fields=5).get("comment", [""])
    except ValueError:
        return ""
    return plain(found[0].strip(), MOST_COMMENT)


def _command(token: str) -> str:
    """Return the id of the command of a link: tapped twice it is one command."""
    return hashlib.sha256(f"link {token}".encode()).hexdigest()[:32]


def _person(name: str, service: WebService, language: Language) -> str:
    known = service.site.recipients.get(name)
    return known.name.in_(language) if known else name


def _local(at: int, service: WebService) -> str:
    return show_second(at, service.site.timezone) if at else "—"
