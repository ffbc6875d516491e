"""Write docs/data-schema.md: what facilityd writes into an InfluxDB, from the families themselves."""

from __future__ import annotations

import sys
from pathlib import Path

from devices.family import Signal
from devices.tables import families
from facilityd.model.alarm import AlarmStateName, ChangeKind
from facilityd.model.quality import Reason
from facilityd.model.sample import SignalType

FILE = Path(__file__).resolve().parent.parent / "docs" / "data-schema.md"
TYPES = {
    SignalType.FLOAT: "float", SignalType.INT: "integer", SignalType.ENUM: "integer (state)",
    SignalType.BOOL: "boolean", SignalType.TEXT: "string",
}  # fmt: skip
HEAD = """# What is in the bucket

Made by `tools/data_schema.py` from `devices/families/`; a test keeps it current. It is what a sink
`kind: influxdb` or `kind: file` writes ([how](forwarding.md)); the dashboards in
[config/grafana](../config/grafana/README.md) stand on it. A field never changes its type. A family of your
own is a measurement of its own, with its signals as fields.

| part | of samples | of alarms |
|---|---|---|
| measurement | the device's family | `alarm` |
| tags | `site`, `device`, `unit` | `site`, `device`, `rule`, `kind`, `priority` |
| fields | signals that are good or uncertain, and `bad` | `occurrence`, `state`, `verdict`, `person` |
| time | ns, when the unit said it | ns, when it changed |

One point of samples is one word of one unit: a device with several units has several series, and each field
is in one of them, as the site binds it. Counters (`energy`, `starts`, `cycles`) are the device's own.

## The field `bad`

Text, only where something is not good: `signal:reason,…`, or `*:reason` for all. A bad value has no field of
its own, so an average over the field never counts one; with the first two reasons the value is there.

"""


def text() -> str:
    """Return the page."""
    parts = [
        HEAD,
        f"Reasons: {_listed(Reason)}, `unknown-code-N` with the code.\n\n## The measurement `alarm`\n\n",
    ]
    parts.append(_alarms())
    for name, family in sorted(families().items()):
        parts.append(f"\n## The measurement `{name}`\n\n{family.name.zh} · {family.name.en}\n\n")
        parts.append("| field | type | unit | is |\n|---|---|---|---|\n")
        parts += [_row(field, signal) for field, signal in family.signals.items()]
    return "".join(parts)


def _listed(names: type[Reason | AlarmStateName | ChangeKind]) -> str:
    return ", ".join(f"`{one.value}`" for one in names)


def _alarms() -> str:
    rows = {
        "tag `kind`": f"what happened: {_listed(ChangeKind)}",
        "tag `priority`": "`low`, `medium`, `high`, `critical`",
        "field `occurrence`": "integer: which of the rule's alarms on the device, from 1; 0 before the first",
        "field `state`": f"string, the state right after it: {_listed(AlarmStateName)}",
        "field `verdict`": "string, what the rule said: `true`, `false`, `unknown`",
        "field `person`": "string, where a person did it",
    }
    return "| | is |\n|---|---|\n" + "".join(f"| {name} | {about} |\n" for name, about in rows.items())


def _row(field: str, signal: Signal) -> str:
    states = "; ".join(f"{code} {named.en}" for code, named in signal.values.items())
    about = f"{signal.name.zh} · {signal.name.en}" + (f" ({states})" if states else "")
    return f"| `{field}` | {TYPES[signal.type]} | {signal.unit} | {about} |\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
