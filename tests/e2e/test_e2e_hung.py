"""A daemon that stops dead is seen by whoever asks, and the service manager hears of the whole life."""

from __future__ import annotations

import json
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

from click.testing import CliRunner
from support.daemon import Command, daemon, facilityd_json, journal_of, running, until
from support.service_manager import service_manager
from support.site import make_contacts

from facilityd.cli.main import facilityd
from facilityd.scenario.real_runtime import free_ports
from simulators.site import serve

SEEN_S = 15.0
GATE = """\
family: gate
name: {zh: 大门, en: Gate}
signals:
  open: {type: bool, name: {zh: 打开, en: Open}, active: {zh: 门开着, en: it is open}, inactive: {zh: 门关着, en: it is shut}}
rules:
  left-open:
    detect: {kind: limit, signal: open, is: true}
    name: {zh: 大门未关, en: The gate is open}
    cause: {zh: 忘记关门, en: Somebody left it}
    consequence: {zh: 外人可进入, en: Anybody may come in}
    action: [{zh: 关门, en: Shut it}]
    confirm: {zh: 到现场查看, en: Go and look}
    respond: 2h
    at_stake: asset
readiness:
  closed: {name: {zh: 大门关好, en: Gate shut}, any_of: [[{signal: open, is: false}]], first: {zh: 关门, en: Shut it}}
  calm: {name: {zh: 大门无报警, en: No alarm}, rules: [left-open], first: {zh: 关门, en: Shut it}}
"""


def health(port: int) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def checklist(folder: Path) -> dict[str, str]:
    """Return what each item of the gate's checklist says."""
    told = json.loads(CliRunner().invoke(facilityd, ["ready", str(folder), "--json"]).stdout)
    return {one["item"]: one["result"] for one in told["items"]}


async def test_a_daemon_that_stops_dead_is_seen_within_fifteen_seconds(tmp_path: Path) -> None:
    made = make_contacts(tmp_path / "yard")
    (made.folder / "families").mkdir()
    (made.folder / "families" / "gate.yaml").write_text(GATE, encoding="utf-8")
    gate = "  gate: {family: gate, name: {zh: 大门, en: Gate}, signals: {open: contacts.input_2}}\n"
    made.edit("site.yaml", lambda text: text.replace("recipients:", f"{gate}recipients:"))
    site, truth = made.site, {("fire", "active"): False, ("water", "active"): False}
    (port,) = free_ports(1)
    with service_manager(str(tmp_path / "notify")) as heard:
        told = {"NOTIFY_SOCKET": heard.name, "WATCHDOG_USEC": "1500000"}
        watching = daemon(made.folder, log=tmp_path / "daemon.log", **told)
        web = Command(["serve", str(made.folder), "--port", str(port)], tmp_path / "web.log", told)
        async with (
            serve(list(site.units.values()), list(site.links.values()), lambda: truth),
            running(watching),
        ):
            (await journal_of(made.journal, watching)).close()
            await until(lambda: heard.listen().count("READY=1") == 1)
            async with running(web):
                await until(lambda: heard.listen().count("READY=1") == 2)
                assert health(port)[0] == 200
                await until(lambda: heard.listen().count("WATCHDOG=1") > 3)
                await until(lambda: checklist(made.folder) == {"closed": "pass", "calm": "pass"})
                watching.process.send_signal(signal.SIGSTOP)
                stopped = time.monotonic()
                await until(lambda: health(port)[1]["state"] == "hung", every=0.5)
                seen = time.monotonic() - stopped
                assert 5 < seen < SEEN_S
                for words in (
                    ["status", "--once"],
                    ["alarms"],
                    ["rules"],
                    ["tasks"],
                    ["history", "fire", "active"],
                    ["ready"],
                    ["compare", "--since", "1h"],
                    ["export", "fire"],
                ):
                    asked = [words[0], str(made.folder), *words[1:], "--lang", "en"]
                    first = " ".join(CliRunner().invoke(facilityd, asked).output.splitlines()[:2])
                    assert "NOT RESPONDING" in first, words
                    assert " s ago)" in first, words
                items = checklist(made.folder)
                assert set(items.values()) == {"unknown"}, "nothing is judged, and nothing stays as it was"
                status, answer = health(port)
                assert (status, answer["watching"]) == (503, False)
                assert isinstance(answer["age_s"], float)
                assert 5 < answer["age_s"] < 60
                watching.process.send_signal(signal.SIGCONT)
                await until(lambda: health(port)[0] == 200)
                await until(lambda: set(checklist(made.folder).values()) == {"pass"})
                await web.end(signal.SIGTERM)
            before = len(heard.listen())
            await facilityd_json("reload", made.folder)
            words = heard.listen()[before:]
            assert words.index("RELOADING=1") < words.index("READY=1")
            assert "STATUS=stopping" not in heard.heard[before:]
            await watching.stop()
            words = heard.listen()[before:]
            assert words[words.index("STOPPING=1") + 1] == "STATUS=stopping"
            assert set(words[words.index("STOPPING=1") + 2 :]) <= {"WATCHDOG=1"}, (
                "it lives until it has ended"
            )
            assert "STATUS=watching yard: 3 devices on 1 links" in heard.heard
        assert not made.journal.with_name("journal.db.heartbeat").exists()
