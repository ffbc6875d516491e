"""Warnings as weather services publish them, made of parts."""

from __future__ import annotations

SPACE = "urn:oasis:names:tc:emergency:cap:1.2"
ZH = {"language": "zh-CN", "event": "大风", "headline": "北京市气象台发布大风蓝色预警信号"}
EN = {"language": "en-US", "event": "Gale", "headline": "Blue gale warning for Beijing"}
AREA = "<area><areaDesc>北京市东城区</areaDesc></area>"


def info(
    words: dict[str, str] = EN, *, severity: str = "Minor", onset: str = "2026-06-10T17:00:00+08:00",
    expires: str = "2026-06-11T05:00:00+08:00", area: str = AREA, urgency: str = "Expected",
    certainty: str = "Likely", more: str = "",
) -> str:  # fmt: skip
    """Return an info block; times are left out where they are ""."""
    times = "".join(f"<{n}>{t}</{n}>" for n, t in (("onset", onset), ("expires", expires)) if t)
    return (
        f"<info><language>{words['language']}</language><category>Met</category><event>{words['event']}</event>"
        f"<urgency>{urgency}</urgency><severity>{severity}</severity><certainty>{certainty}</certainty>"
        f"{times}<headline>{words['headline']}</headline>{more}{area}</info>"
    )


def alert(
    identifier: str = "a-1", *infos: str, kind: str = "Alert", references: str = "", status: str = "Actual",
    sent: str = "2026-06-10T16:00:00+08:00", space: str = SPACE, sender: str = "cma@example.cn",
) -> str:  # fmt: skip
    """Return a whole message."""
    named = f"<references>{references}</references>" if references else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{space}"><identifier>{identifier}</identifier>'
        f"<sender>{sender}</sender><sent>{sent}</sent><status>{status}</status><msgType>{kind}</msgType>"
        f"<scope>Public</scope>{named}{''.join(infos)}</alert>"
    )


def reference(identifier: str = "a-1", sent: str = "2026-06-10T16:00:00+08:00") -> str:
    """Return what names an earlier message."""
    return f"cma@example.cn,{identifier},{sent}"
