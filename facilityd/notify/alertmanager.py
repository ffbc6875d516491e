"""Alarms to an Alertmanager (API v2): again and again while they stand, and for a while that they are over.

It remembers nothing over a restart and takes silence for the end: so whoever posts goes on posting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from facilityd.model.alarm import AlarmState
from facilityd.model.rule import Priority
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.headline import headline, named
from facilityd.notify.render import AlarmContext

RESOLVED_FOR = 15 * 60 * NS
"""That an alarm is over is repeated for so long (ns): the first post of it may be lost."""
_SUMMARIES: tuple[tuple[str, Language], ...] = (("summary", "en"), ("summary_zh", "zh"))
OUTLIVES = 4
"""Posts that may be lost in a row before a standing alarm is taken for over."""


def alerts(
    states: Iterable[AlarmState], contexts: Mapping[tuple[str, str], AlarmContext], site: str, now: int,
    every: int,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return what is to be posted at an instant (ns UTC), as the API takes it; ``every`` ns between posts.

    What is shelved, out of service, a mere consequence or advice is left out: people are not notified of it
    either.
    """
    posted = []
    for state in states:
        context = contexts.get((state.device, state.rule))
        if context is None or state.raised_at is None or state.suppressors:
            continue
        if context.rule.priority is Priority.INFO:
            continue
        if state.active or state.latched:
            posted.append(_alert(state, context, site, now + OUTLIVES * every))
        elif state.cleared_at is not None and now - state.cleared_at < RESOLVED_FOR:
            posted.append(_alert(state, context, site, max(state.cleared_at, state.raised_at + NS)))
    return posted


def _alert(state: AlarmState, context: AlarmContext, site: str, ends_at: int) -> dict[str, Any]:
    rule = context.rule
    return {
        "labels": {
            "alertname": state.rule, "device": state.device, "site": site,
            "severity": rule.priority.name.lower(), "at_stake": rule.at_stake,
        },
        "annotations": {
            **{name: _summary(state, context, language) for name, language in _SUMMARIES},
            "what": rule.name.en, "what_zh": rule.name.zh,
            "action": rule.action[0].en, "action_zh": rule.action[0].zh,
            "acknowledged_by": state.acked_by if state.acked else "",
            "occurrence": str(state.occurrence),
        },
        "startsAt": _stamp(state.raised_at or 0), "endsAt": _stamp(ends_at),
    }  # fmt: skip


def _summary(state: AlarmState, context: AlarmContext, language: Language) -> str:
    """Return the first line of the notice of its raise."""
    return headline("raised", named(context.device, state.device, context.rule, language), language)


def _stamp(at: int) -> str:
    """Return an instant (ns UTC) as RFC 3339."""
    return datetime.fromtimestamp(at // NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
