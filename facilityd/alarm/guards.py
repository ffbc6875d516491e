"""What a person may not do with an alarm, beyond what its state forbids: in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from facilityd.alarm.events import AlarmEvent
from facilityd.alarm.table import REFUSALS, leaves
from facilityd.model.alarm import AlarmCondition, AlarmState
from facilityd.model.command import AlarmCommand, ShelveAlarm, TakeOutOfService
from facilityd.model.sample import NS
from facilityd.model.suppression import SuppressionLimits, Suppressor

Refusal = tuple[str, str]
_NOTHING_REPAIRED = ("there was no alarm whose repair could be confirmed", "没有可以确认修复的报警")
_UNITS = ((86_400, "d", "天"), (3600, "h", "小时"), (60, "min", "分钟"))


def refusal(
    state: AlarmState, event: AlarmEvent, command: AlarmCommand, limits: SuppressionLimits, at: int
) -> Refusal | None:
    """Return why an alarm in this state refuses a command at an instant in ns UTC, or None."""
    if command.occurrence and command.occurrence != state.occurrence:
        return _other_occurrence(state, command.occurrence)
    if why := _guarded(state, event, command, limits, at):
        return why
    # Whether the rule latches makes no difference to what a person may do.
    if leaves(state, event, latching=False):
        return None
    by = state.acked_by if state.acked and (state.active or state.latched) else ""
    en, zh = REFUSALS[state.unsuppressed, event]
    return (f"{en} ({by})", f"{zh}（{by}）") if by else (en, zh)


def _guarded(
    state: AlarmState, event: AlarmEvent, command: AlarmCommand, limits: SuppressionLimits, at: int
) -> Refusal | None:
    """Return why more than the state forbids it, or None."""
    if event is AlarmEvent.SHELVE:
        return _unshelvable(state, command, limits, at)
    if event is AlarmEvent.OUT_OF_SERVICE:
        return _unremovable(command, limits, at)
    guard = _GUARDS.get(event)
    return guard(state) if guard else None


def until(command: AlarmCommand, limits: SuppressionLimits, at: int) -> int:
    """Return until when a command suppresses, in ns UTC: as asked, else as long as the class allows."""
    if isinstance(command, ShelveAlarm):
        return command.until or at + limits.shelf
    return command.until or at + limits.review if isinstance(command, TakeOutOfService) else 0


def details(command: AlarmCommand, end: int) -> dict[str, Any]:
    """Return what else a change by a command says: all that the next state needs."""
    photo = getattr(command, "photo", "")
    details: dict[str, Any] = {"command": command.id} | ({"photo": photo} if photo else {})
    if isinstance(command, ShelveAlarm):
        return details | {"until": end, "once": command.once}
    if isinstance(command, TakeOutOfService):
        return details | {"until": end, "ticket": command.ticket.strip()}
    return details


def _known(state: AlarmState) -> Refusal | None:
    if state.acked and state.acked_by and not (state.active or state.latched):
        return (
            f"it is over, and was acknowledged before ({state.acked_by})",
            f"报警已结束，此前已被确认（{state.acked_by}）",
        )
    return None


def _unsure(state: AlarmState) -> Refusal | None:
    if state.latched and state.acked and state.condition is not AlarmCondition.FALSE:
        return "its condition cannot be judged now", "当前无法判断故障是否消失"
    return None


def _unshelved(state: AlarmState) -> Refusal | None:
    shelved = state.suppressed_by(Suppressor.SHELVED)
    return None if shelved else ("it is not shelved", "报警没有搁置")


def _in_service(state: AlarmState) -> Refusal | None:
    removed = state.suppressed_by(Suppressor.OUT_OF_SERVICE)
    return None if removed else ("it is not out of service", "报警没有停用")


def _unrepaired(state: AlarmState) -> Refusal | None:
    if not state.acked:
        return None  # the table says why
    if not state.occurrence or state.unwatched:
        return _NOTHING_REPAIRED
    if state.confirmed_at is not None:
        by = state.confirmed_by
        return f"its repair is confirmed already ({by})", f"修复已被确认（{by}）"
    return None


_GUARDS: dict[AlarmEvent, Callable[[AlarmState], Refusal | None]] = {
    AlarmEvent.ACKNOWLEDGE: _known,
    AlarmEvent.RESET: _unsure,
    AlarmEvent.CONFIRM: _unrepaired,
    AlarmEvent.UNSHELVE: _unshelved,
    AlarmEvent.RETURN_TO_SERVICE: _in_service,
}


def _unshelvable(
    state: AlarmState, command: AlarmCommand, limits: SuppressionLimits, at: int
) -> Refusal | None:
    if state.suppressed_by(Suppressor.SHELVED):
        return "it is shelved already: unshelve it first", "报警已搁置，请先取消搁置"
    if not limits.shelf:
        return "alarms of this class may not be shelved", "此类报警不允许搁置"
    return _unexplained(command, "a shelf", "搁置") or _too_long(
        until(command, limits, at) - at, limits.shelf
    )


def _unremovable(command: AlarmCommand, limits: SuppressionLimits, at: int) -> Refusal | None:
    if not limits.review:
        return "alarms of this class may not be out of service", "此类报警不允许停用"
    if not isinstance(command, TakeOutOfService) or not command.ticket.strip():
        return "what is out of service bears the number of a ticket", "停用须有工作票号"
    return _unexplained(command, "out of service", "停用") or _too_long(
        until(command, limits, at) - at, limits.review
    )


def _unexplained(command: AlarmCommand, what: str, zh: str) -> Refusal | None:
    if command.person.strip() and command.comment.strip():
        return None
    return f"{what} needs a name and a reason", f"{zh}须有姓名和原因"


def _too_long(lasts: int, longest: int) -> Refusal | None:
    if 0 < lasts <= longest:
        return None
    size, en, zh = next((one for one in _UNITS if longest % (one[0] * NS) == 0), (1, "s", "秒"))
    most = longest // (size * NS)
    if lasts <= 0:
        return "the end that was asked for is over already", "所要求的截止时间已过"
    return (
        f"alarms of this class may be off for {most} {en} at most (section 'alarms' of the site)",
        f"此类报警最长 {most} {zh}（站点文件的 alarms 部分）",
    )


def _other_occurrence(state: AlarmState, asked: int) -> Refusal:
    if asked > state.occurrence:
        return f"occurrence {asked} has not happened", f"第 {asked} 次报警尚未发生"
    newest = state.occurrence
    return (
        f"occurrence {asked} is over, the newest is {newest}: look at that one",
        f"第 {asked} 次报警已结束，最新为第 {newest} 次，请查看最新一次",
    )
