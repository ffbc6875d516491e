"""A site with two contacts, a journal that the test writes, and what `status` prints of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from click.testing import CliRunner

from facilityd.app.builtin import all_devices
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.model.quality import Reason
from facilityd.model.sample import NS, Sample, Stream, Value, void
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

YARD = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
store: {path: journal.db}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 1}}
units: {contacts: {link: net, profile: moxa_iologik_e1212, device_id: 1, period: 30s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
  water: {family: contact, name: {zh: 水浸, en: Water sensor}, signals: {active: contacts.input_1}}
"""


def contacts_site(folder: Path) -> Site:
    (folder / "site.yaml").write_text(YARD, encoding="utf-8")
    return load(folder)


@contextmanager
def journal_of(yard: Site) -> Iterator[Journal]:
    with Journal.open(Path(yard.store.path), max_bytes=2**26, max_age=10**18, site="yard") as opened:
        yield opened


def stream_of(site: Site, device: str) -> Stream:
    return all_devices(site)[device].streams[0]


def store(
    journal: Journal,
    stream: Stream,
    value: Value | dict[str, Value] | None,
    ago: float = 1.0,
    *reasons: Reason,
) -> None:
    """Store one sample: a value for every signal, or values by signal."""
    at = time.time_ns() - round(ago * NS)
    values = tuple(value.get(one) if isinstance(value, dict) else value for one in stream.signals)
    made = void(stream, at, at, reasons[0]) if reasons else Sample(stream, at, at, values)
    journal.commit([SampleWrite([made])])


def status(site: Site, *more: str) -> list[dict]:
    done = CliRunner().invoke(facilityd, ["status", site.source, "--json", *more])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def device(site: Site, name: str) -> dict:
    return next(one for one in status(site) if one["device"] == name)
