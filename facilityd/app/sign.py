"""A baseline that a person has signed becomes the one a rule judges by, without a restart."""

from __future__ import annotations

from facilityd.app.core import Core
from facilityd.model.baseline import Baseline
from facilityd.store.reader import Reader
from facilityd.supervise.inbox import BaselineRequest


async def sign(core: Core, reader: Reader, ask: BaselineRequest, at: int) -> str:
    """Store the next version and teach it; return why that was refused, or nothing. ``at`` in ns UTC."""
    if ask.device not in core.devices or ask.rule not in core.judge.learned(ask.device):
        return f"{ask.device} has no rule {ask.rule!r} that is learned"
    if not ask.person or not ask.data:
        return "a baseline needs a person and what was learned"
    known = [
        b.version for b in reader.baselines(retired=True) if (b.device, b.rule) == (ask.device, ask.rule)
    ]
    version = max(known, default=0) + 1
    return await core.flow.learn(
        Baseline(ask.device, ask.rule, version, at, ask.since, ask.until, ask.person, ask.data, ask.comment)
    )
