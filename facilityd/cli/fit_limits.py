"""What commissioning proposes for the limits of a machine, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facilityd.cli.output import console, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import sentence
from facilityd.model.finding import Evidence
from facilityd.model.rule import with_settings
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.query.limits import say_limit
from facilityd.query.words import both

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from facilityd.app.limit_proposals import LimitProposal
    from facilityd.config.site import Device
    from facilityd.model.text import Language

COLUMNS = (
    whole("rule", "规则"), Column("assumed", "假定限值"), Column("proposed", "建议限值"),
    Column("seen in healthy data", "正常数据所见"),
)  # fmt: skip


def show_proposals(
    device: Device, proposals: Sequence[LimitProposal], language: Language, zone: ZoneInfo
) -> None:
    """Print the table of limits: what is assumed, what is proposed, and what that follows from."""
    if not proposals:
        return
    rows = [row for one in proposals for row in _rows(device, one, language, zone)]
    console().print(table(sentence("own-limits", language), COLUMNS, rows, language=language))


def _rows(
    device: Device, one: LimitProposal, language: Language, zone: ZoneInfo
) -> list[tuple[str, str, str, str]]:
    rule, signals = device.family.rules[one.rule], device.family.signals
    paths = [path for name, path in device.assumed if name == one.rule]
    assumed = [say_limit(rule.detect, path, signals, language) for path in paths]
    if one.refused:
        why = refusal(device, one, language, zone)
        return [(one.rule, said, "—", why) for said in assumed]
    detect = with_settings(rule, one.values).detect
    return [
        (one.rule, said, say_limit(detect, path, signals, language), _seen(one, path, language))
        for path, said in zip(paths, assumed, strict=True)
    ]


def _seen(one: LimitProposal, path: str, language: Language) -> str:
    seen = one.seen.get(path)
    if seen is None:
        return sentence("limit-kept", language)
    low, high = f"{seen.low:.4g}", f"{seen.high:.4g}"
    return sentence("limit-seen", language, low=low, high=high, count=seen.count)


def refusal(device: Device, one: LimitProposal, language: Language, zone: ZoneInfo) -> str:
    """Return why no limit is proposed."""
    formatter = EvidenceFormatter(device.family.signals, language, zone)
    return formatter.evidence(Evidence(one.refused, dict(one.numbers), ""))


def plain_proposal(device: Device, one: LimitProposal, zone: ZoneInfo) -> dict[str, Any]:
    """Return data for JSON."""
    said = both(lambda language: refusal(device, one, language, zone)) if one.refused else ""
    seen = {path: {"low": s.low, "high": s.high, "readings": s.count} for path, s in one.seen.items()}
    result = "refused" if one.refused else "ready to sign"
    return {
        "rule": one.rule, "limits": dict(one.values), "kept": list(one.kept), "seen": seen,
        "result": result, "said": said,
    }  # fmt: skip
