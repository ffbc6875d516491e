"""Line protocol out of stored rows: one sample or change, one line, the same bytes at every replay."""

from __future__ import annotations

import re
from collections.abc import Mapping

from facilityd.model.quality import Reason
from facilityd.model.reserved import ALARM, BAD, RESERVED_SIGNALS
from facilityd.model.sample import SignalType, Stream, Value
from facilityd.store.packing import Values, layout
from facilityd.store.rows import StoredChange, StoredSample

_FORMATS = {
    SignalType.FLOAT: "%r",
    SignalType.INT: "%di",
    SignalType.ENUM: "%di",
    SignalType.BOOL: "%s",
    SignalType.TEXT: '"%s"',
}
# A backslash at the end of a name eats what follows it, and there is no escape for it.
_IMPOSSIBLE = re.compile(r"[\\\x00-\x1f\x7f]|^#|^$")


_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""None is in a text of ours; one that came in by a flipped bit must not end the line."""


def _escaped(name: str, special: str) -> str:
    if _IMPOSSIBLE.search(name):
        raise ValueError(f"{name!r} cannot be a name in line protocol")
    return re.sub(f"([{special}])", r"\\\1", name)


def _text(value: Value) -> Value | str:
    if isinstance(value, str):
        return _CONTROL.sub(" ", value).replace("\\", "\\\\").replace('"', '\\"')
    return ("true" if value else "false") if isinstance(value, bool) else value


def change_line(row: StoredChange, site: str) -> bytes:
    """Return the line of an alarm's change, without a line feed. Raises ValueError for an impossible name."""
    change = row.change
    tags = {"device": change.device, "kind": change.kind, "priority": row.priority, "rule": change.rule}
    tags["site"] = site
    series = ",".join(f"{key}={_escaped(value, ',= ')}" for key, value in tags.items() if value)
    texts = {"state": row.state, "verdict": row.condition, "person": change.person}
    fields = [f"occurrence={change.occurrence}i"]
    fields += [f'{key}="{_text(value)}"' for key, value in texts.items() if value]
    return f"{ALARM},{series} {','.join(fields)} {change.at}".encode()


def series_key(family: str, device: str, site: str, unit: str) -> str:
    """Return what a sample's line begins with: its measurement and tags. Raises ValueError."""
    tags = {"device": device, "site": site, "unit": unit}
    series = ",".join(f"{key}={_escaped(value, ',= ')}" for key, value in tags.items())
    return f"{_escaped(family, ', ')},{series}"


class LineFormat:
    """Lines of one stream: measurement is the family; tags are device, site and unit."""

    def __init__(self, stream: Stream, site: str) -> None:
        if taken := RESERVED_SIGNALS.intersection(stream.signals):
            raise ValueError(f"a signal cannot be called {', '.join(sorted(taken))}")
        self._series = series_key(stream.family, stream.device, site, stream.unit) + " "
        self._names = stream.signals
        self._layout = layout(stream.types)
        keys = (_escaped(name, ",= ").replace("%", "%%") for name in stream.signals)
        self._fields = [f"{key}={_FORMATS[kind]}" for key, kind in zip(keys, stream.types, strict=True)]
        self._whole = self._series.replace("%", "%%") + ",".join(self._fields) + " %d"
        self._plain = not {SignalType.BOOL, SignalType.TEXT}.intersection(stream.types)

    def line(self, row: StoredSample) -> bytes:
        """Return the row's line, without a line feed."""
        values, reasons = self._layout.unpack(row.data, row.reasons)
        if reasons:
            return f"{self._series}{self._partial(values, reasons)} {row.at}".encode()
        if self._plain:
            return (self._whole % (*values, row.at)).encode()
        return (self._whole % (*map(_text, values), row.at)).encode()  # type: ignore[arg-type]

    def _partial(self, values: Values, reasons: Mapping[int, Reason]) -> str:
        present = (
            (form, value) for form, value in zip(self._fields, values, strict=True) if value is not None
        )
        fields = [form % _text(value) for form, value in present]
        return ",".join([*fields, f'{BAD}="{self._bad(reasons)}"'])

    def _bad(self, reasons: Mapping[int, Reason]) -> str:
        first = next(iter(reasons.values()))
        if len(reasons) == len(self._names) and all(reason is first for reason in reasons.values()):
            return f"*:{first.value}"
        listed = ",".join(f"{self._names[i]}:{reason.value}" for i, reason in sorted(reasons.items()))
        return listed.replace('"', '\\"')
