"""What a check found, and in which words: the table ``checks.yaml``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from facilityd.model.message import spoken
from facilityd.model.text import Language, Strict, Text
from facilityd.model.word_table import shipped_table


class Verdict(StrEnum):
    """How grave it is; the order is that of gravity."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    FAIL = "fail"


class FindingWords(Strict):
    """What it is, and what to do about it; nothing is to be done where all is well."""

    text: Text
    remedy: Text | None = None


class CheckWords(Strict):
    """What ``checks.yaml`` holds."""

    checks: dict[str, Text]
    outcome: dict[str, Text]
    findings: dict[str, FindingWords]


@cache
def check_words() -> CheckWords:
    """Return the table that is shipped."""
    return shipped_table("facilityd.doctor", "checks.yaml", CheckWords)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one check found on one ``subject``: a link, a sink, a channel, or "" for the whole.

    ``code`` is a finding of the table, ``fields`` what fills its words.
    """

    check: str
    subject: str
    verdict: Verdict
    code: str
    fields: tuple[tuple[str, object], ...]

    def text(self, language: Language) -> str:
        """Return what it is."""
        return self._filled(check_words().findings[self.code].text, language)

    def remedy(self, language: Language) -> str:
        """Return what to do; "" where nothing is to be done."""
        known = check_words().findings[self.code].remedy
        return "" if known is None or self.verdict is Verdict.OK else self._filled(known, language)

    def name(self, language: Language) -> str:
        """Return what the check is called."""
        return check_words().checks[self.check].in_(language)

    def plain(self) -> dict[str, Any]:
        """Return data for JSON, the same in every language."""
        both = {
            key: {"zh": said("zh"), "en": said("en")}
            for key, said in (("name", self.name), ("text", self.text), ("remedy", self.remedy))
        }
        found = {"check": self.check, "subject": self.subject, "outcome": self.verdict.value}
        return {**found, "code": self.code, **both}

    def _filled(self, words: Text, language: Language) -> str:
        fields = {
            key: value.in_(language) if isinstance(value, Text) else spoken(value, language)
            for key, value in self.fields
        }
        return words.in_(language).format(**fields)


@dataclass(frozen=True, slots=True)
class Probe:
    """One look at one subject; ``look`` returns results, and raises what it did not foresee."""

    check: str
    subject: str
    look: Callable[[], Iterable[ProbeResult]]


@dataclass(frozen=True, slots=True)
class Findings:
    """Results for one check and subject, in short."""

    check: str
    subject: str = ""

    def ok(self, code: str, **fields: object) -> ProbeResult:
        """All is well."""
        return self._made(Verdict.OK, code, fields)

    def warn(self, code: str, **fields: object) -> ProbeResult:
        """It works, and may not go on working."""
        return self._made(Verdict.WARN, code, fields)

    def fail(self, code: str, **fields: object) -> ProbeResult:
        """It does not work."""
        return self._made(Verdict.FAIL, code, fields)

    def unknown(self, code: str, **fields: object) -> ProbeResult:
        """It cannot be said."""
        return self._made(Verdict.UNKNOWN, code, fields)

    def _made(self, verdict: Verdict, code: str, fields: dict[str, object]) -> ProbeResult:
        return ProbeResult(self.check, self.subject, verdict, code, tuple(fields.items()))
