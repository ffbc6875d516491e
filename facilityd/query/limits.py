"""Limits as a person would set them: the quantity, the value and its unit, not the place in a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from facilityd.model.measure import duration
from facilityd.model.rule_parameters import dump, parameter
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.notify.value_text import SignalWords, format_span, scaled, small
from facilityd.query.words import query_words, sentence

AT = 1000.0
"""A limit that follows another signal is told at this value of that one: 1.1e-07 W/rpm³ says nothing."""


def say_limit(model: BaseModel, path: str, signals: Mapping[str, SignalWords], language: Language) -> str:
    """Return one parameter of a rule or an item, by its dotted name such as ``all.0.below``."""
    *outer, key = path.split(".")
    told: Any = parameter(model, ".".join(outer)) if outer else dump(model)
    value = told[key]
    signal = signals.get(str(told.get("signal", "")))
    per = signals.get(told.get("per") or "") if isinstance(told.get("per"), str) else None
    exponent = float(told.get("exponent", 1))
    if per is not None and isinstance(value, int | float):
        value *= AT**exponent
    fields = {"name": _name(signal, language), "value": _value(value, signal, language), "key": key}
    form = query_words().limit.get(key, query_words().limit["other"])
    said = form.in_(language).format(**fields).strip()
    return said + _scale(per, exponent, language) if per is not None else said


def _name(signal: SignalWords | None, language: Language) -> str:
    if signal is None:
        return ""
    return small(signal.name.en) if language == "en" else signal.name.zh


def _value(value: Any, signal: SignalWords | None, language: Language) -> str:
    """Return a value with its unit; a limit is never rounded to the digits of its signal."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        try:
            return format_span(duration(value) / NS, language)
        except ValueError:
            return str(value)
    number, _, unit = scaled(float(value), signal, signal.unit if signal else "")
    return f"{number:.6g} {unit}".rstrip()


def _scale(per: SignalWords, exponent: float, language: Language) -> str:
    known = query_words().law
    law = known.get(f"{exponent:g}", known["other"]).in_(language).format(exponent=f"{exponent:g}")
    size = f"{AT:g} {per.unit}".rstrip()
    return sentence("scaled", language, per=_name(per, language), size=size, law=law)
