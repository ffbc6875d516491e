"""From checked sections to links, units, streams and bindings, with every cross-check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from devices.family import REST, Family, Signal
from devices.profile import ModbusProfile, MqttProfile, Point, TopicPoint
from devices.unit import Binding, PollRates, Unit
from facilityd.config import schema
from facilityd.config.fits import PROTOCOL, check_source, check_strange, check_unit, unlike_units
from facilityd.config.kinds import codes_of, kind_of, suits, unknown_words, words_of
from facilityd.config.sections import SectionEntry, Sections
from facilityd.model.measure import conversion, spell_duration
from facilityd.model.message import Wording
from facilityd.model.sample import SignalType, Stream
from facilityd.yaml_source import SourceLocation, suggestion

Profiles = Mapping[str, ModbusProfile | MqttProfile]


class UnitCompiler:
    """Compiles units, collecting the bindings that devices add to them."""

    def __init__(
        self,
        sections: Sections,
        profiles: Profiles,
        families: Mapping[str, Family],
        broken: frozenset[tuple[str, str]] = frozenset(),
    ) -> None:
        self._sections, self._profiles, self._families = sections, profiles, families
        self._broken = broken
        """Tables beside the site that are wrong themselves, and reported there."""
        self._bindings: dict[str, list[Binding]] = {}
        self._streams: dict[str, list[Stream]] = {}
        self._poll_rates: dict[str, PollRates] = {}

    def device(self, entry: SectionEntry) -> tuple[Family, tuple[Stream, ...]] | None:
        """Bind a device's signals to its units; return its family and streams."""
        family = self._families.get(entry.value.family)
        if family is None and ("family", entry.value.family) in self._broken:
            return None
        if family is None:
            hint = suggestion(entry.value.family, self._families)
            self._sections.report(
                entry.location("family"),
                Wording("config.family-not-known", family=entry.value.family),
                hint,
            )
            return None
        by_unit: dict[str, list[tuple[str, schema.SourceConfig, str]]] = {}
        for name, raw in entry.value.signals.items():
            source = (
                raw
                if isinstance(raw, schema.SourceConfig)
                else schema.SourceConfig.model_validate({"from": raw})
            )
            if found := self._locate(entry, family, name, source):
                by_unit.setdefault(found[0], []).append((name, source, found[1]))
        streams = tuple(self._stream(entry, family, unit, rows) for unit, rows in by_unit.items())
        return family, streams

    def _locate(
        self, entry: SectionEntry, family: Family, name: str, source: schema.SourceConfig
    ) -> tuple[str, str] | None:
        """Return (unit, point) of a signal, or report why there is none."""
        where = entry.location("signals", name)
        if name not in family.signals:
            what = Wording("config.family-has-no-signal", family=family.family, name=name)
            hint = suggestion(name, family.signals)
            self._sections.report(entry.location("signals", name, key=True), what, hint)
            return None
        unit, dot, point = source.from_.partition(".")
        if not dot:
            hint = Wording("config.write-as-drive-motor-current")
            self._sections.report(where, Wording("config.not-unit-point", from_=source.from_), hint)
            return None
        if not self._sections.knows("units", unit):
            hint = suggestion(unit, self._sections.known_ids("units"))
            self._sections.report(where, Wording("config.unit-not-known", unit=unit), hint)
            return None
        profile = self._profile_of(unit)
        if profile is None:
            return None  # the unit is broken or its profile unknown: reported there
        if point not in profile.expanded:
            hint = suggestion(point, profile.expanded)
            self._sections.report(
                where,
                Wording("config.profile-has-no-point", profile=profile.profile, point=point),
                hint,
            )
            return None
        return unit, point

    def _profile_of(self, unit: str) -> ModbusProfile | MqttProfile | None:
        entry = self._sections.entries["units"].get(unit)
        return self._profiles.get(entry.value.profile) if entry else None

    def _stream(
        self, entry: SectionEntry, family: Family, unit: str, rows: list[tuple[str, schema.SourceConfig, str]]
    ) -> Stream:
        signals = tuple(name for name, _, _ in rows)
        types = tuple(family.signals[name].type for name in signals)
        link = self._sections.entries["units"][unit].value.link
        poll_rates = self._rates_of(unit, entry.id, family)
        stream = Stream(entry.id, family.family, unit, link, signals, types, poll_rates.rest)
        self._streams.setdefault(unit, []).append(stream)
        profile = self._profile_of(unit)
        for slot, (name, source, point) in enumerate(rows):
            if profile:
                binding = self._bind(entry, family.signals[name], name, source, point, profile)
                self._bindings.setdefault(unit, []).append(replace(binding, stream=stream, slot=slot))
        return stream

    def _bind(
        self, entry: SectionEntry, signal: Signal, name: str, source: schema.SourceConfig, point_name: str,
        profile: ModbusProfile | MqttProfile,
    ) -> Binding:  # fmt: skip
        point: Point | TopicPoint = profile.expanded[point_name]
        scale, offset = self._scaling(entry.location("signals", name), name, signal, source, point)
        if suits(signal, point):
            check_source(self._sections, entry, name, source, signal, point, (scale, offset))
        else:
            kinds = Wording(
                "config.kinds-differ", name=name, type=signal.type, point=point_name, kind=kind_of(point)
            )
            self._sections.report(
                entry.location("signals", name), kinds, Wording("config.bind-point-same-kind")
            )
        for word in unknown_words(signal, point):
            what = Wording("config.point-may-say-which-signal", point_name=point_name, word=word, name=name)
            self._sections.report(entry.location("signals", name), what, suggestion(word, words_of(signal)))
        if source.invert and signal.type is not SignalType.BOOL:
            self._sections.report(
                entry.location("signals", name, "invert"), Wording("config.only-switch-can-inverted")
            )
        low, high = signal.range or (None, None)
        empty = Stream("", "", "", "", (), ())
        codes = codes_of(signal, point)
        return Binding(
            point_name, point, empty, 0, signal.type, scale, offset, source.invert, low, high, codes
        )

    def _scaling(
        self,
        location: SourceLocation,
        name: str,
        signal: Signal,
        source: schema.SourceConfig,
        point: Point | TopicPoint,
    ) -> tuple[float, float]:
        """Convert units of measure, unless the site says itself how the number is to be read."""
        if source.scale is not None or (source.tare is not None and not point.unit):
            return source.scale if source.scale is not None else 1.0, source.tare or 0.0
        try:
            scale, offset = conversion(point.unit, signal.unit) if point.unit or signal.unit else (1.0, 0.0)
        except ValueError:
            scale, offset = 1.0, 0.0
            self._sections.report(location, *unlike_units(name, signal, point))
        return scale, offset + (source.tare or 0.0)

    def _rates_of(self, unit: str, device: str, family: Family) -> PollRates:
        """The first device with operating modes that a unit serves sets its pace."""
        entry = self._sections.entries["units"][unit]
        period = entry.value.period
        if isinstance(period, int):
            return self._poll_rates.setdefault(unit, PollRates(period))
        if unit not in self._poll_rates:
            self._check_states(entry, period, family)
            rest = period.get(REST) or max(period.values())
            self._poll_rates[unit] = PollRates(rest, device, {s: p for s, p in period.items() if s != REST})
        return self._poll_rates[unit]

    def _check_states(self, entry: SectionEntry, period: dict[str, int], family: Family) -> None:
        for state in period:
            if state not in family.operating_modes:
                location = entry.location("period", state, key=True)
                what = Wording("config.family-has-no-operating-mode", family=family.family, state=state)
                self._sections.report(location, what, suggestion(state, family.operating_modes))

    def unit(self, entry: SectionEntry) -> Unit | None:
        """Return the unit with everything that was bound to it."""
        profile = self._profiles.get(entry.value.profile)
        link = self._sections.entries["links"].get(entry.value.link)
        if not self._sound(entry, profile, link) or profile is None:
            return None
        period = entry.value.period
        rest = period if isinstance(period, int) else period.get(REST) or max(period.values())
        device_id = entry.value.device_id if entry.value.device_id is not None else 1
        unit = Unit(
            entry.id, entry.value.link, profile, tuple(self._streams.get(entry.id, ())),
            tuple(self._bindings.get(entry.id, ())), self._poll_rates.get(entry.id, PollRates(rest)),
            device_id, entry.value.base, entry.value.topic or "",
        )  # fmt: skip
        check_unit(self._sections, entry, unit)
        return unit

    def _sound(
        self, entry: SectionEntry, profile: ModbusProfile | MqttProfile | None, link: SectionEntry | None
    ) -> bool:
        if profile is None and ("profile", entry.value.profile) not in self._broken:
            hint = suggestion(entry.value.profile, self._profiles)
            self._sections.report(
                entry.location("profile"),
                Wording("config.profile-not-known", profile=entry.value.profile),
                hint,
            )
        if not self._sections.knows("links", entry.value.link):
            hint = suggestion(entry.value.link, self._sections.known_ids("links"))
            self._sections.report(
                entry.location("link"), Wording("config.link-not-known", link=entry.value.link), hint
            )
        if profile is None or link is None:
            return False
        return self._fits(entry, profile, link)

    def _fits(self, entry: SectionEntry, profile: ModbusProfile | MqttProfile, link: SectionEntry) -> bool:
        over = "mqtt" if link.value.protocol == "mqtt" else "modbus"
        if profile.protocol != over:
            speaks = Wording("config.profile-speaks", profile=profile.profile, protocol=profile.protocol)
            what = Wording("config.link", speaks=speaks, link=link.id, protocol=link.value.protocol)
            self._sections.report(entry.location("profile"), what)
            return False
        needed = "topic" if over == "mqtt" else "device_id"
        if getattr(entry.value, needed) is None:
            self._sections.report(
                entry.location(),
                Wording("config.missing", needed=needed),
                Wording("config.unit-on-link-has-one", protocol=PROTOCOL[over]),
            )
            return False
        check_strange(self._sections, entry, over)
        if isinstance(profile, ModbusProfile):
            self._check_interval(entry, profile)
        return True

    def _check_interval(self, entry: SectionEntry, profile: ModbusProfile) -> None:
        period = entry.value.period
        shortest = period if isinstance(period, int) else min(period.values())
        if shortest < profile.min_interval:
            what = Wording(
                "config.period-too-short-for", shortest=spell_duration(shortest), profile=profile.profile
            )
            hint = Wording("config.its-maker-asks-for-at", min_interval=spell_duration(profile.min_interval))
            self._sections.report(entry.location("period"), what, hint)
