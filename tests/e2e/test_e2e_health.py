"""facilityd health as a container's runtime asks it: a site that is read only, its journal elsewhere, a real daemon."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from support.daemon import daemon, facilityd, journal_of, running, until
from support.site import make_contacts

from facilityd.query.liveness import read_liveness
from simulators.site import serve


async def test_it_says_by_its_status_whether_the_daemon_watches(tmp_path: Path) -> None:
    made = make_contacts(tmp_path / "site")
    journal = tmp_path / "volume" / "journal.db"
    journal.parent.mkdir()
    made.edit(
        "site.yaml", lambda text: f"{text}\nstore: {{path: {journal}}}\n" if "store:" not in text else text
    )
    site = made.site
    where = Path(site.store.path)
    assert "NOT RUNNING" in await facilityd("health", made.folder, "--lang", "en", code=1)
    truth = {("fire", "active"): False, ("water", "active"): False}
    watching = daemon(made.folder, log=tmp_path / "daemon.log")
    async with serve(list(site.units.values()), list(site.links.values()), lambda: truth), running(watching):
        (await journal_of(where, watching)).close()
        await until(lambda: read_liveness(site).state != "starting", 60)
        assert await facilityd("health", made.folder, "--lang", "en") == "The daemon watches.\n"
        assert await facilityd("health", made.folder, "--lang", "zh") == "监测程序在监测。\n"
        assert json.loads(await facilityd("health", made.folder, "--json"))["state"] == "running"
        await watching.end(signal.SIGTERM)
    assert "监测程序未运行" in await facilityd("health", made.folder, "--lang", "zh", code=1)
    assert '"stopped"' in await facilityd("health", made.folder, "--json", code=1)
