"""One sink with its secret, to read from it or to backfill it: the secrets of others are not asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from facilityd.config.hosts import UNSET
from facilityd.config.people import compile_sink
from facilityd.config.sections import SectionEntry, Sections, read_sections
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.settings import InfluxSettings
from facilityd.yaml_source import raise_problems, suggestion


def load_influx(paths: Sequence[Path], name: str = InfluxSettings.kind) -> InfluxSettings:
    """Return an InfluxDB of a site by the sink's id, or the only one where ``name`` is its kind.

    Raises UsageError where there is none, or several; ConfigError where its secret cannot be read.
    """
    sections = read_sections(list(paths), secrets=False)
    known = {e.id: e for e in sections.values("sinks") if e.value.kind == InfluxSettings.kind}
    entry = _chosen(known, name)
    sections.problems.clear()  # problems of the other sections: they were reported when the site was read
    sections.secrets = True
    _set(entry, sections)
    found = compile_sink(entry, sections)
    raise_problems(sections.problems, sections.language)
    assert isinstance(found, InfluxSettings)  # noqa: S101 - it is of that kind
    return found


def _chosen(known: dict[str, SectionEntry], name: str) -> SectionEntry:
    if name in known:
        return known[name]
    if not known:
        raise UsageError(Wording("ask.no-influxdb"), hint=Wording("ask.write-influxdb"))
    if name != InfluxSettings.kind:
        raise UsageError(Wording("ask.no-such-influxdb", name=name), hint=suggestion(name, known))
    if len(known) > 1:
        raise UsageError(Wording("ask.several-influxdb", names=", ".join(known)))
    return next(iter(known.values()))


def _set(entry: SectionEntry, sections: Sections) -> None:
    """Report what is written as a variable that is not set."""
    for key in ("url", "org", "bucket"):
        text = getattr(entry.value, key)
        if UNSET in text:
            variable = text.partition(UNSET)[2].partition("}")[0]
            sections.report(
                entry.location(key),
                Wording("config.environment-variable-not-set", name=variable),
                Wording("config.export-before-starting", name=variable),
            )
