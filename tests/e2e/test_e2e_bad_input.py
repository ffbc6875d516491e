"""Bad input to a running site: quality and reason are right, and nothing wrong is ever stored as good."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from support.daemon import daemon, journal_of, running, until
from support.site import make_square, square_of

from facilityd.model.quality import Reason
from simulators.broker import broker
from simulators.hazards import garbage
from simulators.site import serve

BOGUS = {("weather", "temperature"): 500.0, ("weather", "wind"): 80.0}
"""The first is beyond what air can be; the second is a hurricane, which is news and no mistake."""
STRUCK = {
    "monument-meter": "no-value",  # floats without a sentinel: NaN
    "fountain-1-pump": "no-value",  # the maker's 0xFFFF
    "safety-contacts": "device-failure",
    "fountain-rcm-1": "gateway-target",
    "gate-base-meter": garbage(),
    "lighting-contacts": garbage(),
    "pole-3-drive": garbage(),
    "dali-gateway": "fewer-registers",
}
SWAPPED = "museum-west-meter"
"""Wired up with the wrong word order from the start."""
SPARED = {"pole-3-drive", "gate-base-meter", "fountain-rcm-1"}
"""Silent among others on a bus: asked again only now and then."""
SPEECHLESS = {Reason.MALFORMED, Reason.TIMEOUT, Reason.SKIPPED, Reason.LINK_DOWN}
NUMBERS = {Reason.NO_VALUE, Reason.NOT_A_NUMBER, Reason.IDENTITY}
EXPECTED = {
    "monument-meter": NUMBERS, "fountain-1-pump": NUMBERS, SWAPPED: {Reason.IDENTITY},
    "safety-contacts": {Reason.DEVICE_FAILURE}, "fountain-rcm-1": {Reason.GATEWAY_TARGET, Reason.SKIPPED},
    "gate-base-meter": SPEECHLESS, "lighting-contacts": SPEECHLESS, "pole-3-drive": SPEECHLESS,
    "dali-gateway": SPEECHLESS,
}  # fmt: skip


@dataclass
class SeenErrors:
    """What the journal holds of a site that stands still, by unit and by signal."""

    reasons: dict[str, set[Reason]] = field(default_factory=lambda: defaultdict(set))
    values: dict[tuple[str, str], set[object]] = field(default_factory=lambda: defaultdict(set))
    last: int = 0

    def read(self, reader):
        for row in reader.samples_after(self.last, 10**6):
            self.last, sample = row.id, reader.sample(row)
            stream = sample.stream
            if stream.family in ("link", "daemon"):
                continue
            for index, (name, value) in enumerate(zip(stream.signals, sample.values, strict=True)):
                if reason := sample.reasons.get(index):
                    self.reasons[stream.unit].add(reason)
                    assert (value is not None) == reason.keeps_value
                else:
                    self.values[stream.device, name].add(value)
        return self


@pytest.mark.timeout(300)
async def test_whatever_units_say_nothing_wrong_is_stored_as_good(tmp_path):
    made = make_square(tmp_path / "site")
    made.quicken()
    site, square = made.site, square_of(made.site)
    truth = square.signals()
    feeds = {(s.device, n): s.unit for d in site.devices.values() for s in d.streams for n in s.signals}
    # The weather is lent to other devices: what is bogus there is bogus with them.
    bogus = {
        *BOGUS,
        *(key for key, unit in feeds.items() if unit == "weather-station" and key[0] != "weather"),
    }
    wanted = {key for key, unit in feeds.items() if unit != SWAPPED}
    async with (
        serve(list(site.units.values()), list(site.links.values()), lambda: truth, wire_time=False) as there,
        running(daemon(made.folder, log=tmp_path / "daemon.log")) as watching,
    ):
        there.inject(SWAPPED, "word-order")
        right = SeenErrors()
        async with broker(made.ports[18830]):
            reader = await journal_of(made.journal, watching)
            await until(lambda: wanted <= right.read(reader).values.keys(), 40)
            struck = SeenErrors(last=right.last)
        known = {key: set(values) for key, values in right.values.items()}
        assert all(len(values) == 1 for values in known.values()), "the square stands still"
        truth |= BOGUS
        for unit, hazard in STRUCK.items():
            there.inject(unit, hazard)
        await asyncio.sleep(7)
        async with broker(made.ports[18830]):
            await until(lambda: _lantern_again(struck.read(reader), known), 20)
            for unit in (*STRUCK, SWAPPED):
                there.inject(unit, None)
            again = SeenErrors(last=struck.read(reader).last)
            back = {key for key, unit in feeds.items() if key not in bogus and unit not in SPARED}
            await until(lambda: back <= again.read(reader).values.keys(), 40)
        assert watching.alive
        reader.close()
        await watching.stop()
    told = struck.reasons
    wrong = {k: v for k, v in struck.values.items() if k not in bogus and v - known.get(k, set())}
    assert wrong == {}
    assert struck.values["weather", "wind"] - known["weather", "wind"] == {80.0}
    assert struck.values["weather", "temperature"] <= known["weather", "temperature"]
    assert told["weather-station"] == {Reason.OUT_OF_RANGE}
    assert {u: told[u] for u, reasons in EXPECTED.items() if not told[u] or told[u] - reasons} == {}
    assert right.reasons[SWAPPED] == {Reason.IDENTITY}
    assert Reason.LINK_DOWN in told["lantern-1-plug"]
    assert "Traceback" not in watching.text()


def _lantern_again(seen, known):
    return all(seen.values[k] & known[k] for k in known if k[0].startswith("lantern"))
