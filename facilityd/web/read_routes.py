"""GET: what is and what happened. One route for each question of the read model."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from facilityd.query.changes import ChangeFilter
from facilityd.web import answers
from facilityd.web.access import CREW, READ
from facilityd.web.service import Service, described
from facilityd.web.times import read_instant

Name = Annotated[str, Path(max_length=200)]
Device = Annotated[str, Query(max_length=200, description="only of this device")]
Everything = Annotated[bool, Query(alias="all", description="also what is over")]
Since = Annotated[
    str, Query(max_length=80, description="from when on: 7d, yesterday, 21:30, 2026-06-10T04:20:00+08:00")
]
Until = Annotated[str, Query(max_length=80, description="to before when; if not given, now")]
MOST_CHANGES = 10_000
routes = APIRouter(responses=described(401, 403, 404, 422, 429, 503))


@routes.get("/devices", tags=["now"], dependencies=[READ])
async def devices(service: Service) -> list[answers.DeviceAnswer]:
    """Every device with its values, their ages and quality."""
    found: Any = await service.plain(lambda query: [row.plain() for row in query.devices()])
    return list(found)


@routes.get("/devices/{device}", tags=["now"], dependencies=[READ])
async def one_device(service: Service, device: Name) -> answers.DeviceAnswer:
    """One device."""
    (found,) = await service.plain(lambda query: [row.plain() for row in query.devices((device,))])
    return answers.DeviceAnswer.model_validate(found)


@routes.get("/values", tags=["now"], dependencies=[READ])
async def values(service: Service, device: Device = "") -> list[answers.ValueAnswer]:
    """The newest value of every signal, as a flat list."""
    only = (device,) if device else ()
    found = await service.plain(lambda query: [row.plain() for row in query.devices(only)])
    return [
        answers.ValueAnswer(device=one["device"], **{k: signal[k] for k in _FLAT})
        for one in found
        for signal in one["signals"]
    ]


_FLAT = ("signal", "value", "shown", "age_s", "quality")


@routes.get("/alarms", tags=["alarms"], dependencies=[READ])
async def alarms(
    service: Service, device: Device = "", everything: Everything = False
) -> list[answers.AlarmAnswer]:  # fmt: skip
    """Alarms that are not normal, or all that ever were; the most urgent first."""
    found: Any = await service.plain(
        lambda query: [row.plain() for row in query.alarms(everything=everything, device=device)]
    )
    return list(found)


@routes.get("/alarms/{device}/{rule}", tags=["alarms"], dependencies=[READ])
async def one_alarm(service: Service, device: Name, rule: Name) -> answers.AlarmRecordAnswer:
    """One alarm whole: its record, its evidence and its life."""
    found = await service.plain(lambda query: query.alarm(device, rule).plain())
    return answers.AlarmRecordAnswer.model_validate(found)


@routes.get("/changes", tags=["alarms"], dependencies=[READ])
async def changes(
    service: Service,
    since: Since = "1d",
    until: Until = "",
    device: Device = "",
    family: Annotated[str, Query(max_length=200, description="only of devices of this family")] = "",
    kind: Annotated[str, Query(max_length=40, description="raise, clear, acknowledge …")] = "",
    most: Annotated[int, Query(ge=1, le=MOST_CHANGES)] = 1000,
) -> answers.ChangesAnswer:
    """What happened to alarms in a span, one change after the other."""
    now, zone = service.pool.now(), service.site.timezone
    begin, end = read_instant(since, zone, now), read_instant(until, zone, now)
    asked = ChangeFilter(end, device, family, kind)
    found = await service.plain(lambda query: [row.plain() for row in query.changes(begin, asked, most + 1)])
    told = await service.plain(lambda _: {"since": begin, "until": end})
    return answers.ChangesAnswer(**told, changes=found[:most], more=len(found) > most)


@routes.get("/rules", tags=["alarms"], dependencies=[READ])
async def rules(service: Service, device: Device = "") -> list[answers.RuleAnswer]:
    """Every rule of a device, or of all: what it says now and what it rests on."""
    only = (device,) if device else ()
    found: Any = await service.plain(lambda query: [row.plain() for row in query.rules(*only)])
    return list(found)


@routes.get("/readiness", tags=["readiness"], dependencies=[READ])
async def readiness(service: Service, device: Device = "") -> answers.ReadinessReport:
    """The next ceremony and the checklist of a device, or of all that have one."""
    found = await service.plain(lambda query: query.readiness(device).plain())
    return answers.ReadinessReport.model_validate(found)


@routes.get("/readiness/records", tags=["readiness"], dependencies=[READ])
async def readiness_records(
    service: Service, since: Since = "30d", device: Device = ""
) -> list[answers.RecordedCheckAnswer]:
    """The checks that the daemon recorded before ceremonies."""
    begin = read_instant(since, service.site.timezone, service.pool.now())
    found: Any = await service.plain(
        lambda query: [one.plain() for one in query.recorded_checks(begin, device)]
    )
    return list(found)


@routes.get("/tasks", tags=["tasks"], dependencies=[READ])
async def tasks(service: Service, everything: Everything = False) -> list[answers.TaskAnswer]:
    """The open repairs and inspections, or all there ever were."""
    found: Any = await service.plain(
        lambda query: [row.plain() for row in query.tasks(everything=everything)]
    )
    return list(found)


@routes.get("/tasks/{number}", tags=["tasks"], dependencies=[READ])
async def one_task(
    service: Service, number: Annotated[int, Path(ge=0, le=2**53)]
) -> answers.TaskRecordAnswer:  # fmt: skip
    """One task whole, with everything that happened to it."""
    found = await service.plain(lambda query: query.task(number).plain())
    return answers.TaskRecordAnswer.model_validate(found)


@routes.get("/notices", tags=["people"], dependencies=[CREW])
async def notices(
    service: Service,
    since: Since = "1d",
    person: Annotated[str, Query(max_length=200, description="only to this recipient")] = "",
    waiting: Annotated[bool, Query(description="only what has not left")] = False,
) -> list[answers.NoticeAnswer]:
    """Who was told what, and what came of it."""
    begin = read_instant(since, service.site.timezone, service.pool.now())
    found: Any = await service.plain(
        lambda query: [row.plain() for row in query.notices(begin, person, waiting=waiting)]
    )
    return list(found)


@routes.get("/storage", tags=["system"], dependencies=[READ])
async def storage(service: Service) -> answers.StorageReport:
    """What takes the room in the journal, and on which day it will be full."""
    found = await service.plain(lambda query: query.storage().plain())
    return answers.StorageReport.model_validate(found)
