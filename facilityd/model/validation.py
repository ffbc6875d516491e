"""What pydantic finds, in the words of people who write configuration files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from facilityd.model.message import Wording, reason

Context = Mapping[str, Any]


def _entries(context: Context) -> str:
    count = context.get("min_length", 1)
    return Wording("yaml.at-least-one-needed") if count == 1 else Wording("yaml.at-least-needed", count=count)


def _characters(context: Context) -> str:
    least = context.get("min_length", 1)
    return (
        Wording("yaml.text-needed-here")
        if least == 1
        else Wording("yaml.at-least-characters-needed", least=least)
    )


def _settings(context: Context) -> str:
    if context.get("class_name") == "Text":
        return Wording("yaml.write-in-both-languages")
    return Wording("yaml.settings-as-key-value-expected")


_WORDS: dict[str, Callable[[Context], str]] = {
    "too_short": _entries,
    "too_long": lambda context: Wording("yaml.at-most-entries-allowed", value=context.get("max_length")),
    "string_too_short": _characters,
    "string_type": lambda _: Wording("yaml.text-expected"),
    "dict_type": lambda _: Wording("yaml.settings-as-key-value-expected"),
    "model_type": _settings,
    "model_attributes_type": _settings,
    "int_type": lambda _: Wording("yaml.whole-number-expected"),
    "int_parsing": lambda _: Wording("yaml.whole-number-expected"),
    "int_from_float": lambda _: Wording("yaml.whole-number-expected"),
    "float_type": lambda _: Wording("yaml.number-expected"),
    "float_parsing": lambda _: Wording("yaml.number-expected"),
    "list_type": lambda _: Wording("yaml.list-expected"),
    "tuple_type": lambda _: Wording("yaml.list-expected"),
    "bool_type": lambda _: Wording("yaml.true-or-false-expected"),
    "bool_parsing": lambda _: Wording("yaml.true-or-false-expected"),
    "string_pattern_mismatch": lambda context: Wording(
        "yaml.does-not-have-expected-form", value=context.get("pattern")
    ),
    "string_too_long": lambda context: Wording("yaml.too-long", most=context.get("max_length")),
    "greater_than_equal": lambda context: Wording("yaml.too-small", least=context.get("ge")),
    "greater_than": lambda context: Wording("yaml.not-above", least=context.get("gt")),
    "less_than_equal": lambda context: Wording("yaml.too-great", most=context.get("le")),
    "less_than": lambda context: Wording("yaml.not-below", most=context.get("lt")),
    "finite_number": lambda _: Wording("yaml.not-finite"),
    "union_tag_not_found": lambda context: Wording("yaml.missing", value=context.get("discriminator")),
}


def said_of(line: Mapping[str, Any]) -> str:
    """Return one sentence for one of pydantic's errors; its own English where the table has none."""
    kind, context = line["type"], line.get("ctx", {})
    if kind == "value_error":
        return reason(context["error"])
    words, text = _WORDS.get(kind), line["msg"].removeprefix("Input ")
    return words(context) if words else text[:1].lower() + text[1:]
