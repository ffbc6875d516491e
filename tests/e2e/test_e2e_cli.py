"""Every command without a terminal; how the daemon ends; and that there is only one of it."""

from __future__ import annotations

import asyncio
import getpass
import json
import signal
import subprocess
import sys

import pytest
from support.daemon import Command, daemon, facilityd, journal_of, running, until
from support.site import make_contacts

from facilityd.cli.main import COMMANDS
from facilityd.store.reader import JournalReader
from simulators.site import serve

RUN, NO_JSON = (
    {
        *(
            "run",
            "simulate",
            "record",
            "ready",
            "commission",
            "waive",
            "unwaive",
            "mark",
            "unmark",
            "service",
        ),
        *("reset", "realarm", "confirm", "shelve", "unshelve", "out-of-service", "return-to-service"),
        *("maintenance", "state", "take", "done", "note", "cancel", "notify", "restore", "serve", "user"),
        *("doctor", "runs", "backfill"),  # tested on their own: a flag, an InfluxDB
        "profile",  # tested on its own: writes a profile
        "init",  # tested on its own: writes a site
        "scan",  # tested on its own: asks a cupboard
        "install-service",  # tested on its own: writes below the folder of a system
    },
    {"completion"},
)


@pytest.fixture
async def yard(tmp_path):
    """Two contacts, one of them active, and the daemon watching them."""
    made = make_contacts(tmp_path / "yard")
    # Nobody listens for notices here, and that must not matter.
    site, truth = made.site, {("fire", "active"): True, ("water", "active"): False}
    watching = daemon(made.folder, log=tmp_path / "daemon.log")
    async with serve(list(site.units.values()), list(site.links.values()), lambda: truth) as field:
        async with running(watching):
            (await journal_of(made.journal, watching)).close()
            yield made, watching, field
        assert "Traceback" not in watching.text()


def words_of(site):
    """How each command is called."""
    here = str(site)
    return {
        "check": [["check", here]],
        "plan": [["plan", here]],
        "probe": [["probe", here, "contacts"]],
        "status": [["status", here], ["status", here, "-d", "fire"]],
        "tail": [["tail", here, "-n", "3"]],
        "history": [
            ["history", here, "fire", "active", "--since", "1min"],
            ["history", here, "fire", "active", "--since", "10s", "--bucket", "1s"],
        ],
        "baselines": [["baselines", here], ["baselines", here, "fire", "--all"]],
        "rules": [["rules", here], ["rules", here, "fire", "--lang", "zh"]],
        "alarms": [
            ["alarms", here],
            ["alarms", here, "--all"],
            ["alarms", here, "fire", "active"],
            ["alarms", here, "fire", "active", "--lang", "zh"],
        ],
        "ack": [["ack", here, "fire", "active", "-m", "seen"]],
        "reload": [["reload", here], ["reload", here, "--lang", "zh"]],
        "audit": [["audit", here], ["audit", here, "--refused", "--lang", "zh"]],
        "tasks": [["tasks", here], ["tasks", here, "--all", "--lang", "zh"]],
        "notices": [["notices", here], ["notices", here, "--lang", "zh"]],
        "storage": [["storage", here], ["storage", here, "--lang", "zh"]],
        "marks": [["marks", here], ["marks", here, "--all", "--lang", "zh"]],
        "backtest": [["backtest", here, "--rule", "active", "--since", "1min"]],
        "waivers": [["waivers", here], ["waivers", here, "--all", "--lang", "zh"]],
        "forecast": [["forecast", here], ["forecast", here, "--hours", "--lang", "zh"]],
        "hazards": [["hazards", here], ["hazards", here, "--lang", "zh"]],
        "kpi": [["kpi", here], ["kpi", here, "--since", "1h", "--lang", "zh"]],
        "report": [["report", here, "--since", "1h"], ["report", here, "--since", "1h", "--lang", "zh"]],
        "compare": [["compare", here, "fire", "--since", "1h"]],
        "export": [["export", here, "fire", "--since", "1min"]],
        "backup": [["backup", here, f"{here}-copy.db"]],
        "states": [["states", here, "fire", "active", "--since", "1min"]],
        "timeline": [
            ["timeline", here, "--since", "1h"],
            ["timeline", here, "--since", "1h", "--lang", "zh"],
        ],
        "events": [["events", here, "--since", "1h"]],
        "worst": [["worst", here, "--since", "1h"]],
        "hardware": [["hardware"], ["hardware", "show", "eastron_sdm630", "--lang", "zh"]],
        "docs": [["docs"], ["docs", "alarm-life", "--lang", "zh"], ["docs", "limit"]],
        "health": [["health", here], ["health", here, "--lang", "zh"]],
        "upgrade-check": [["upgrade-check", here], ["upgrade-check", here, "--lang", "zh"]],
        "completion": [["completion", shell] for shell in ("bash", "zsh", "fish")],
    }


async def test_every_command_without_a_terminal_with_and_without_json(yard):
    made, watching, _ = yard
    assert words_of(made.folder).keys() | RUN == COMMANDS.keys()
    await until(lambda: _raised(made), 15)
    calls = [
        (name, words, n == 0) for name, ways in words_of(made.folder).items() for n, words in enumerate(ways)
    ]
    few = asyncio.Semaphore(4)
    async with asyncio.TaskGroup() as group:  # where one fails the others end before the test does
        for name, words, plain in calls:
            group.create_task(_both_ways(few, name, words, plain=plain))
    plot = await facilityd("history", made.folder, "fire", "active", "--since", "10s", "--plot")
    assert "Fire panel  Active" in plot
    assert (await facilityd("history", made.folder, "fire", "active", "--csv")).startswith("at,time,value")
    alarms = json.loads(await facilityd("alarms", made.folder, "--json"))
    assert [one["state"] for one in alarms if one["device"] == "fire"] == ["acknowledged"]
    audit = json.loads(await facilityd("audit", made.folder, "--json"))
    people = [one for one in audit if one["command"] != "reload"]
    assert [(one["command"], one["account"], one["refused"]) for one in people] == [
        ("ack", getpass.getuser(), "")
    ]
    assert watching.alive


async def _both_ways(few, name, words, *, plain):
    if name not in NO_JSON:
        async with few:
            said = await facilityd(*words, "--json")
        lines = said.splitlines() if name in {"tail", "export"} else [said]
        assert all(json.loads(line) is not None for line in lines), words
        assert name != "tail" or len(lines) == 3
    if plain and name not in {"ack", "backup"}:  # once is enough
        async with few:
            said = await facilityd(*words)
        assert said.strip(), words
        assert "\x1b" not in said, "no colours without a terminal"


async def test_mistakes_are_one_line_and_a_status(yard, tmp_path):
    made, _, _ = yard
    for words, said in (
        (("ack", made.folder, "water", "active"), "no alarm to acknowledge"),
        (("history", made.folder, "fires", "active"), "did you mean 'fire'"),
        (("probe", made.folder, "contact"), "no unit 'contact'"),
        (("run", made.folder), "another facilityd"),
    ):
        shown = await facilityd(*words, code=1)
        assert len(shown.strip().splitlines()) == 1, shown
        assert said.lower() in shown.lower(), shown
    assert "Did you mean 'status'?" in await facilityd("statsu", code=2)
    (tmp_path / "broken.yaml").write_text("site: {id: Broken, nme: 1}\n")
    assert "broken.yaml:1:" in await facilityd("run", tmp_path / "broken.yaml", code=1)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_when_told_and_loses_nothing(yard, how):
    made, watching, field = yard
    with JournalReader.open(made.journal) as reader:
        seen = reader.last_sample()
        await until(lambda: reader.last_sample() > seen + 10)
    assert await watching.end(how) == 0
    assert watching.text().rstrip().endswith("yard: stopped")
    assert not made.journal.with_name("journal.db-wal").exists(), "closed in order"
    open_to_others = [p for p in made.journal.parent.rglob("*") if p.stat().st_mode & 0o077]
    assert not open_to_others, "journal, inbox and lock are their user's alone"
    asked = field.witness.total()
    with JournalReader.open(made.journal) as reader:
        samples = [reader.sample(row) for row in reader.samples_after(0, 10**6)]
        assert reader.last_judged() == reader.last_sample()
    polls = {device: sum(s.stream.device == device for s in samples) for device in ("fire", "water")}
    # One request may have been on its way, and one is the identity probe.
    assert asked - 2 <= polls["fire"] == polls["water"] <= asked


async def test_followers_and_the_simulator_end_with_ctrl_c(yard, tmp_path):
    made, _, _ = yard
    follower = Command(["tail", str(made.folder)], tmp_path / "tail.log")
    async with running(follower):
        await until(lambda: "fire" in follower.text())
        assert await follower.end(signal.SIGINT) == 130
    assert "Traceback" not in follower.text()
    head = f"{sys.executable} -m facilityd tail {made.folder} --json | head -n 2"
    piped = await asyncio.to_thread(
        subprocess.run, ["bash", "-c", head], capture_output=True, timeout=30, text=True
    )
    assert len(piped.stdout.splitlines()) == 2
    assert "Traceback" not in piped.stderr


def _raised(made):
    with JournalReader.open(made.journal) as reader:
        return any(state.active for state in reader.alarms())
