"""POST: what a person asks of an alarm or a task. It goes into the inbox; what came of it is asked again.

There is no command for a device here, nor anywhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Path, Query, Response
from pydantic import ConfigDict, Field, create_model

from facilityd.model import command as commands
from facilityd.model.command_base import CommandBase
from facilityd.model.message import Wording
from facilityd.model.refusal import read
from facilityd.query.site import SiteQuery
from facilityd.web.access import CREW, Caller, Commander
from facilityd.web.answer_base import Answer, BothTexts
from facilityd.web.problems import HttpProblem
from facilityd.web.service import Service, WebService, described
from facilityd.web.times import read_deadline
from facilityd.web.users import UserRole

LONGEST_WAIT = 30.0
LOOK = 0.1
MOST_LYING = 500
"""Commands in the inbox that nobody takes: more of them help nobody."""
CREWS: tuple[type[CommandBase], ...] = (
    commands.AcknowledgeAlarm, commands.ResetAlarm, commands.RealarmAlarm, commands.ConfirmAlarm,
    commands.ShelveAlarm, commands.UnshelveAlarm, commands.TakeTask, commands.TakeOverTask,
    commands.NoteTask, commands.CompleteTask, commands.CancelTask, commands.WaiveItem,
    commands.RevokeWaiver,
)  # fmt: skip
ENGINEERS: tuple[type[CommandBase], ...] = (
    commands.TakeOutOfService, commands.ReturnToService, commands.StartMaintenance,
    commands.StopMaintenance,
)  # fmt: skip
_INSTANTS = ("until", "due")
Deadline = Annotated[
    str,
    Field(max_length=80, description="until when: 2h, or 2026-06-10T18:00:00+08:00; '' as the class allows"),
]
routes = APIRouter()


def _asked(kind: type[CommandBase]) -> Any:
    """Return what a request says of a command: its own fields, and instants as people write them."""
    fields: dict[str, Any] = {}
    for name, info in kind.model_fields.items():
        if name in CommandBase.model_fields:
            continue
        text = name in _INSTANTS
        annotation = Deadline if text else info.rebuild_annotation()
        fields[name] = (annotation, ... if info.is_required() else "" if text else info.default)
    fields["command"] = (Literal[kind.model_fields["command"].default], ...)
    config = ConfigDict(extra="forbid", strict=True)
    return create_model(f"{kind.__name__}Request", __config__=config, __doc__=kind.__doc__, **fields)


KINDS = {kind.model_fields["command"].default: kind for kind in (*CREWS, *ENGINEERS)}
REQUESTS = {name: _asked(kind) for name, kind in KINDS.items()}
"""What a request says of each command, by its name."""
_union: Any = None
for _model in REQUESTS.values():
    _union = _model if _union is None else _union | _model
CommandRequest = Annotated[_union, Body(discriminator="command")]


class CommandAnswer(Answer):
    """A command by its id, and what has come of it. ``daemon``: a stopped one takes it when it starts."""

    id: str
    state: Literal["waiting", "done", "refused"]
    refused: BothTexts | None = None
    result: str = Field(description="where to ask for the result")
    daemon: str = ""


_CONFLICT = described(401, 403, 404, 409, 415, 422, 429, 503)


@routes.post(
    "/commands", tags=["commands"], status_code=202,
    responses={200: {"model": CommandAnswer, "description": "Carried out, while one waited"}, **_CONFLICT},
)  # fmt: skip
async def send(
    service: Service,
    caller: Commander,
    response: Response,
    asked: CommandRequest,
    wait: Annotated[
        float, Query(ge=0, le=LONGEST_WAIT, description="seconds that one waits for the result")
    ] = 0,
    key: Annotated[
        str, Header(alias="Idempotency-Key", max_length=200, description="the same again is done once")
    ] = "",
) -> CommandAnswer:
    """Ask something of an alarm or a task: 202 with its id, or with ``wait`` what came of it."""
    made = await make_command(service, caller, asked, key)
    await leave(service, made)
    answer = await result(service, made.id, wait)
    response.status_code = 200 if answer.state == "done" else 202
    response.headers["Location"] = answer.result
    return answer


@routes.get(
    "/commands/{number}",
    tags=["commands"],
    dependencies=[CREW],
    responses=described(401, 403, 404, 422, 429, 503),
)
async def what_came_of_it(
    service: Service, number: Annotated[str, Path(pattern=r"^[0-9A-Za-z_.-]{1,80}$")]
) -> CommandAnswer:  # fmt: skip
    """The result of a command, as the journal has it."""
    refusal = await service.pool.ask_quickly(lambda query: query.command_result(number))
    if refusal is None and not await asyncio.to_thread(service.inbox.waiting, number):
        raise HttpProblem(404, Wording("web.no-command", number=number))
    return await _answer(service, number, refusal)


async def leave(service: WebService, command: commands.Command) -> None:
    """Put a command into the inbox. Raises HttpProblem and FacilitydError."""
    lying = await asyncio.to_thread(lambda: sum(1 for _ in service.inbox.folder.glob("*.json")))
    if lying >= MOST_LYING:
        raise HttpProblem(503, Wording("web.inbox-full"), headers={"Retry-After": "60"})
    await asyncio.to_thread(service.inbox.drop, command)


async def result(service: WebService, number: str, wait: float) -> CommandAnswer:
    """Return what came of a command after at most ``wait`` s. Raises HttpProblem where it was refused."""
    end = time.monotonic() + wait
    refusal = await service.pool.ask_quickly(_result_of(number))
    while refusal is None and time.monotonic() < end:  # the journal tells nobody: it is another process's
        await asyncio.sleep(LOOK)
        refusal = await service.pool.ask_quickly(_result_of(number))
    if refusal:
        raise HttpProblem(409, Wording("command.refused", why=read(refusal)), command=number)
    return await _answer(service, number, refusal)


def _result_of(number: str) -> Any:
    return lambda query: query.command_result(number)


async def _answer(service: WebService, number: str, refusal: str | None) -> CommandAnswer:
    state: Literal["waiting", "done", "refused"] = (
        "waiting" if refusal is None else "refused" if refusal else "done"
    )
    text = read(refusal) if refusal else None
    return CommandAnswer(
        id=number, state=state, refused=BothTexts(zh=text.zh, en=text.en) if text else None,
        result=f"/api/v1/commands/{number}", daemon=(await service.liveness()).state,
    )  # fmt: skip


async def make_command(service: WebService, caller: Caller, asked: Any, key: str) -> Any:
    """Return the command that was meant. Raises HttpProblem, and UsageError for what there is not."""
    kind = KINDS[asked.command]
    if kind in ENGINEERS and caller.role < UserRole.ENGINEER:
        raise HttpProblem(403, Wording("web.role-too-low", role=caller.role.name.lower(), needs="engineer"))
    now, zone = service.pool.now(), service.site.timezone
    fields = {name: value for name, value in asked.model_dump().items() if name != "command"}
    for name in _INSTANTS:
        if name in fields:
            fields[name] = read_deadline(fields[name], zone, now)
    if "device" in fields:
        await service.pool.ask_quickly(lambda query: _known(query, fields["device"], fields.get("rule")))
    if "task" in fields:
        await service.pool.ask_quickly(lambda query: query.task(fields["task"]))
    number = {"id": _same(caller.name, key)} if key else {}
    return kind(person=caller.person, origin=caller.origin, at=now, **number, **fields)


def _known(query: SiteQuery, device: str, rule: str | None) -> None:
    """Raise UsageError where neither the site nor the journal knows a device or an alarm."""
    query.require(device, rule)


def _same(user: str, key: str) -> str:
    return hashlib.sha256(f"{user}\0{key}".encode()).hexdigest()[:32]
