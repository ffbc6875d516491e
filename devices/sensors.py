"""Rules about sensors, made from a family's short table ``sensors``: a line for each analogue signal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from facilityd.model.text import SHORTEST

RESPOND = {"safety": "4h", "ceremony": "4h", "asset": "12h", "appearance": "1d"}
"""Within which somebody must look at a sensor that blinds rules of this class."""
OWN = frozenset({"fault", "short", "respond", "at_stake", "consequence_of", "doubts"})
"""What a line says of the rule; all else is of its detector."""
SUFFIX = "-sensor"
EITHER = ("cause", "confirm")
"""What a rule says of both, where its sensor may as well be what is wrong (``may_be_sensor``)."""


def with_sensor_rules(told: dict[str, Any]) -> dict[str, Any]:
    """Return a family's table with a rule for each line of ``sensors``; what is malformed is left alone."""
    lines, signals = told.get("sensors"), told.get("signals")
    if not isinstance(lines, Mapping) or not isinstance(signals, Mapping):
        return told
    rules = {name: _either(one, signals) for name, one in (told.get("rules") or {}).items()}
    made = {
        f"{signal.replace('_', '-')}{SUFFIX}": _rule(signal, line, signals[signal], rules)
        for signal, line in lines.items()
        if isinstance(line, Mapping) and isinstance(signals.get(signal), Mapping)
    }
    return {**told, "rules": rules | {name: one for name, one in made.items() if name not in rules}}


def _rule(
    signal: str, line: Mapping[str, Any], known: Mapping[str, Any], rules: Mapping[str, Any]
) -> dict[str, Any]:
    names = known.get("name")
    stake = line.get("at_stake") or _gravest(signal, rules)
    plain = {name: one for name, one in _record().items() if not name.startswith("or_")}
    record = _filled(deepcopy(plain), names if isinstance(names, Mapping) else {})
    shorter = record.pop("shorter")
    record["short"] = {
        language: text if len(text) <= SHORTEST else shorter[language]
        for language, text in record["short"].items()
    }
    detect = {"off_delay": "10min", **{name: value for name, value in line.items() if name not in OWN}}
    own = {name: value for name, value in line.items() if name in OWN}
    return {
        **record,
        "respond": RESPOND.get(str(stake), "12h"),
        "at_stake": stake,
        "doubts": [signal],
        **own,
        "detect": {"kind": "sensor", "signal": signal, **detect},
    }


def _either(rule: Any, signals: Mapping[str, Any]) -> Any:
    """Return a rule whose cause and confirmation name sensors that may be wrong instead, in the end."""
    wanted = rule.get("may_be_sensor") if isinstance(rule, Mapping) else None
    if not isinstance(wanted, list) or not all(isinstance(rule.get(part), Mapping) for part in EITHER):
        return rule
    known = [names for one in wanted if isinstance(names := (signals.get(one) or {}).get("name"), Mapping)]
    if not known:
        return rule
    more = {part: _filled(_record()[f"or_{part}"], _joined(known)) for part in EITHER}
    return {**rule, **{part: _appended(rule[part], more[part]) for part in EITHER}}


def _joined(names: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return names of signals as one, in each language."""
    zh = "、".join(str(one.get("zh", "")) for one in names)
    return {"zh": zh, "en": ", ".join(str(one.get("en", "")) for one in names)}


def _appended(text: Mapping[str, Any], more: Mapping[str, str]) -> dict[str, Any]:
    return {language: f"{said}{more.get(str(language), '')}" for language, said in text.items()}


@cache
def _record() -> dict[str, Any]:
    return dict(yaml.safe_load(Path(__file__).with_name("sensor_rule.yaml").read_text(encoding="utf-8")))


def _filled(value: Any, names: Mapping[str, Any], language: str = "") -> Any:
    """Return the record with the signal's name in each language."""
    if isinstance(value, str):
        return value.replace("{signal}", str(names.get(language, "")))
    if isinstance(value, list):
        return [_filled(one, names, language) for one in value]
    return {key: _filled(one, names, str(key)) for key, one in value.items()}


def _gravest(signal: str, rules: Mapping[str, Any]) -> str:
    """Return the gravest class among the rules that read a signal."""
    found = {
        str(one.get("at_stake"))
        for one in rules.values()
        if isinstance(one, Mapping) and signal in set(_words(one.get("detect")))
    }
    return next((stake for stake in RESPOND if stake in found), "asset")


def _words(value: Any) -> Iterator[str]:
    """Iterate over every text in a detector's table."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _words(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _words(one)
