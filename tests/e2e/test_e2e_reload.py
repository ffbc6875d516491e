"""The daemon as its users run it, with a real Modbus unit: files changed, SIGHUP and `reload`."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path

from click.testing import CliRunner
from support.daemon import daemon, facilityd, facilityd_json, journal_of, running, until
from support.site import make_contacts

from facilityd.cli.check import check
from facilityd.model.sample import NS
from facilityd.store.reader import JournalReader
from simulators.site import serve

LEAK = "  leak: {family: contact, name: {zh: 漏水, en: Leak}, signals: {active: contacts.input_2}}\n"
STALE = "run facilityd reload"


def _read_at(journal: Path, device: str) -> list[int]:
    with JournalReader.open(journal) as reader:
        return [
            row.at for row in reader.samples_after(0, 100_000) if reader.stream(row.stream).device == device
        ]


async def test_changed_files_are_taken_over_without_a_gap(tmp_path: Path) -> None:
    made = make_contacts(tmp_path / "yard")
    site, truth = made.site, {("fire", "active"): True, ("water", "active"): False}
    watching = daemon(made.folder, log=tmp_path / "daemon.log")
    async with (
        serve(list(site.units.values()), list(site.links.values()), lambda: truth),
        running(watching),
    ):
        (await journal_of(made.journal, watching)).close()
        await until(lambda: len(_read_at(made.journal, "fire")) > 4)
        assert STALE not in await facilityd("status", made.folder, "--once")
        made.edit("site.yaml", lambda text: text.replace("  water:", f"{LEAK}  water:"))
        for name in ("status", "rules"):
            assert STALE in await facilityd(name, made.folder), name
        assert STALE in CliRunner().invoke(check, [str(made.folder)]).output
        assert (await facilityd_json("reload", made.folder))["changed"]["devices"] == {"added": ["leak"]}
        assert STALE not in await facilityd("status", made.folder, "--once")
        await until(lambda: _read_at(made.journal, "leak"))
        made.edit("site.yaml", lambda text: text.replace("  water:", "  water: {famly: contact}\n  wet:"))
        refused = await facilityd("reload", made.folder, code=1)
        assert f"{made.folder}/site.yaml:12:11: unknown key 'famly'; did you mean 'family'?" in refused
        assert "unknown key 'famly'" in watching.text()
        made.edit("site.yaml", lambda text: text.replace("  water: {famly: contact}\n  wet:", "  wet:"))
        watching.process.send_signal(signal.SIGHUP)
        await until(lambda: "devices: added wet; removed water" in watching.text())
        since = len(_read_at(made.journal, "fire"))
        await until(lambda: len(_read_at(made.journal, "fire")) > since + 2)
        audit = await facilityd_json("audit", made.folder)
        assert [bool(one["refused"]) for one in audit] == [False, True, False]
        assert audit[-1]["from"] == "SIGHUP"
        instants = _read_at(made.journal, "fire")
        period = site.units["contacts"].poll_rates.rest
        assert max(b - a for a, b in itertools.pairwise(instants)) < 2 * period
        assert period == NS // 2
        await watching.stop()
    assert "Traceback" not in watching.text()
