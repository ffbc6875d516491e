"""facilityd tail: what the journal takes, as it takes it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from facilityd.cli.arguments import Asked, NameParam, site_and_names
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import print_json_line, say, warn
from facilityd.cli.words import sentence, show_quality, word, words
from facilityd.cli.wrapping import padded
from facilityd.model.plain import plain
from facilityd.model.text import Language
from facilityd.query.devices import show_value
from facilityd.query.instants import show_instant
from facilityd.query.words import listed, query_words
from facilityd.store.reader import JournalReader

if TYPE_CHECKING:
    from facilityd.config.site import Device, Site
    from facilityd.model.alarm import Change
    from facilityd.model.sample import Value

LOOK_S, LIVENESS_S = 0.25, 2.0
PAGE = 1000
KIND = 8
"""Cells of a line's kind."""
LONGEST = 4000
"""Characters of a line: a unit with many values has long ones."""


@click.command()
@site_and_names("device", more=True)
@click.option(
    "--device", "-d", "devices", multiple=True, type=NameParam("device"),
    help="Only this device; the same as to name it after SITE.",
)  # fmt: skip
@click.option("--alarms-only", is_flag=True, help="No samples: only alarms and notices.")
@click.option(
    "--count", "-n", type=click.IntRange(0), default=0, help="End after so many lines; 0: Ctrl-C ends it."
)
@lang_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per line.")
def tail(
    asked: Asked, devices: tuple[str, ...], alarms_only: bool, count: int, lang: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Follow samples, alarms and notices as they are stored.

    Ctrl-C ends it.
    """
    from facilityd.app.builtin import all_devices
    from facilityd.config.load import load
    from facilityd.query.site import open_journal

    loaded, devices = load(*asked.site, secrets=False), (*asked.names, *devices)
    language = "en" if as_json else chosen(lang, loaded)
    reader = open_journal(loaded)
    follower = Follower(reader, all_devices(loaded), language, samples=not alarms_only)
    watch = DaemonWatch(loaded, reader, language)
    for number, line in enumerate(_chosen(follower, devices, watch), 1):
        if as_json:
            print_json_line(line)
        else:
            at, text = show_instant(line["at"], loaded.timezone), plain(line["text"], LONGEST)
            say(f"{at}  {padded(word(words().event, line['kind'], language), KIND)} {text}")
        if number == count:
            return


def _chosen(follower: Follower, devices: tuple[str, ...], watch: DaemonWatch) -> Iterator[dict[str, Any]]:
    while True:
        watch.look()
        for line in follower.news():
            if not devices or line["device"] in devices:
                yield line
        time.sleep(LOOK_S)


@dataclass(slots=True)
class DaemonWatch:
    """Says on standard error whenever the daemon has stopped or hangs: no news would look like a calm day."""

    site: Site
    reader: JournalReader
    language: Language
    _state: str = field(init=False, default="running")
    _looked: float = field(init=False, default=-LIVENESS_S)

    def look(self) -> None:
        """Look, if the last look is a while ago."""
        from facilityd.query.liveness import liveness

        if time.monotonic() - self._looked < LIVENESS_S:
            return
        self._looked, found = time.monotonic(), liveness(self.site, self.reader)
        if found.state != self._state:
            self._state = found.state
            warn(found.warning(self.site.timezone, self.language), red=True)


@dataclass(slots=True)
class Follower:
    """Remembers where it was in each table."""

    reader: JournalReader
    devices: Mapping[str, Device]
    language: Language = "en"
    samples: bool = True
    _sample: int = field(init=False)
    _change: int = field(init=False, default=0)
    _notices: dict[int, str] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._sample = self.reader.last_sample()
        self._change = max((row.id for row in self.reader.changes_after(0)), default=0)
        self._notices = {entry.id: str(entry.state) for entry in self.reader.outbox()}

    def news(self) -> Iterator[dict[str, Any]]:
        """Iterate over what is new since the last call."""
        if self.samples:
            yield from self._new_samples()
        for row in self.reader.changes_after(self._change):
            self._change, change = row.id, row.change
            who = self._say("tail-by", who=change.person) if change.person else ""
            kind = word(query_words().change, change.kind, self.language)
            text = self._say(
                "tail-alarm", device=change.device, rule=change.rule, change=kind, who=who,
                number=change.occurrence, title=self._name(change.device), what=self._what(change),
            )  # fmt: skip
            yield {"kind": "alarm", "at": change.at, "device": change.device, "rule": change.rule,
                   "change": str(change.kind), "text": text}  # fmt: skip
        yield from self._new_notices()

    def _say(self, name: str, **fields: object) -> str:
        return sentence(name, self.language, **fields)

    def _name(self, device: str) -> str:
        known = self.devices.get(device)
        return known.name.in_(self.language) if known else device

    def _what(self, change: Change) -> str:
        known = self.devices.get(change.device)
        rule = known.family.rules.get(change.rule) if known else None
        return rule.name.in_(self.language) if rule else change.rule

    def _value(self, device: str, name: str, value: Value | None, bad: Mapping[str, str]) -> str:
        """Return a signal's name and value as people say them; of one that left the site the ids."""
        known = self.devices.get(device)
        signal = known.family.signals.get(name) if known else None
        label = signal.name.in_(self.language) if signal else name
        if name in bad:
            return f"{label} {show_quality(bad[name], self.language)}"
        return f"{label} {show_value(signal, value, self.language) if signal else value}"

    def _new_samples(self) -> Iterator[dict[str, Any]]:
        for row in self.reader.samples_after(self._sample, PAGE):
            self._sample, sample = row.id, self.reader.sample(row)
            stream = sample.stream
            values = dict(zip(stream.signals, sample.values, strict=True))
            bad = {stream.signals[index]: str(reason) for index, reason in sample.reasons.items()}
            said = [self._value(stream.device, name, value, bad) for name, value in values.items()]
            text = self._say(
                "tail-sample", device=stream.device, title=self._name(stream.device), unit=stream.unit,
                values=listed(said, self.language),
            )  # fmt: skip
            yield {"kind": "sample", "at": sample.at, "device": stream.device, "unit": stream.unit,
                   "values": values, "bad": bad, "text": text}  # fmt: skip

    def _new_notices(self) -> Iterator[dict[str, Any]]:
        for entry in self.reader.outbox():
            if self._notices.get(entry.id) == str(entry.state):
                continue
            self._notices[entry.id] = str(entry.state)
            notice = entry.notice
            state = word(query_words().notice, entry.state, self.language)
            text = self._say(
                "tail-notice", recipient=notice.recipient, channel=notice.channel, state=state,
                subject=notice.subject,
            )  # fmt: skip
            yield {"kind": "notice", "at": notice.at, "device": notice.device, "rule": notice.rule,
                   "state": str(entry.state), "text": text}  # fmt: skip
