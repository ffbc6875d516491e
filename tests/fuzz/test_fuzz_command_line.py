"""Any value of any option of any command: exit status 0, 1 or 2, in words, and soon; never a bug report."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.fuzz import fuzzed

from facilityd.cli import command as waiting
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.errors import FacilitydError
from facilityd.model.sample import NS, Sample
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

SITE = """\
site: {id: yard, name: {zh: 院子, en: Yard}, latitude: 39.9, longitude: 116.4, timezone: Asia/Shanghai}
links: {net: {protocol: modbus-tcp, host: 127.0.0.1, port: 9, timeout: 100ms}}
units: {contacts: {link: net, profile: moxa_iologik_e1212, device_id: 1, period: 30s}}
devices:
  fire: {family: contact, name: {zh: 火灾报警, en: Fire panel}, signals: {active: contacts.input_0}}
"""
ENDLESS = {
    ("run",), ("tail",), ("record",), ("probe",), ("completion",), ("simulate", "serve"), ("simulate", "demo"),
    ("simulate", "console"), ("simulate", "replay"), ("simulate", "run"), ("serve",),
}  # fmt: skip
"""Commands that work until they are ended, or start others: here their values are only read."""
SOON_S = 20.0
HOSTILE = (
    "", " ", "-", "--", "-1", "0", "1", "1e999", "nan", "-inf", "²", "٣", "99999999999999999999", "-9" * 40, "0x10", "1_000",
    "1s", "0s", "-1s", "1ms", "10m", "1w", "9999w", "99999999999999999999d", "1e9d", "yesterday", "25:61", "21:30",
    "0001-01-01", "9999-12-31T23:59:59", "2026-02-30", "2026-11-23T06:10+99:99", "2262-04-12", "1969-12-31",
    "\x1b[31m", "\udcff", "\u202e", "火灾", "a" * 5000, "/dev/null", "/nonexistent/x", "~",
    "fire", "fires", "active", "en", "zh", "x:1:y", "1s:fire:x=", "1s:fire:x=1e", "%s%n", "{0}", "${HOME}", "[bold]", "*", "\n",
)  # fmt: skip


@pytest.fixture(scope="module")
def yard() -> Iterator[Path]:
    """A site with a little in its journal, in a folder that the commands run in."""
    here, folder = Path.cwd(), Path(tempfile.mkdtemp(prefix="facilityd-fuzz-"))
    (folder / "yard.yaml").write_text(SITE, encoding="utf-8")
    site, now = load(folder / "yard.yaml"), time.time_ns()
    stream = site.devices["fire"].streams[0]
    Path(site.store.path).parent.mkdir(parents=True)
    with Journal.open(Path(site.store.path), max_bytes=2**26, max_age=10**18, site=site.id) as journal:
        journal.commit(
            [SampleWrite([Sample(stream, now - n * NS, now, (n % 2 == 0,)) for n in range(50, 0, -1)])]
        )
    os.chdir(folder)
    yield folder / "yard.yaml"
    os.chdir(here)
    shutil.rmtree(folder)


def _commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*path, name))
        elif command:
            yield (*path, name), command


COMMANDS = dict(_commands(facilityd))  # type: ignore[arg-type]
PLACES = st.sampled_from(
    ("", ".", "-", "no/such/folder/x", "yard.yaml/x", "/dev/full", "out.json", "a" * 5000, "\udcff")
)
"""What may be written to: nothing outside of the yard's own folder, whatever is drawn elsewhere."""
ANY = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
"""What a system hands over; it ends a word at NUL."""
VALUES = st.sampled_from(HOSTILE) | st.text(ANY, max_size=40) | st.integers().map(str) | st.floats().map(str)


@st.composite
def command_lines(draw: st.DrawFn) -> tuple[tuple[str, ...], list[str]]:
    """Draw a command and words for its arguments and some of its options; SITE stands for the yard."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    words: list[str] = []
    arguments = [p for p in COMMANDS[path].params if isinstance(p, click.Argument)]
    options = [p for p in COMMANDS[path].params if isinstance(p, click.Option)]
    for option in draw(st.lists(st.sampled_from(options), max_size=5)) if options else ():
        words.append(draw(st.sampled_from([*option.opts, *option.secondary_opts])))
        if not option.is_flag:
            words += [draw(PLACES if _is_written(option) else VALUES) for _ in range(option.nargs)]
    for argument in arguments:
        if argument.name == "site" and draw(st.integers(0, 9)):
            words.append("SITE")
        elif _is_written(argument):
            words.append(draw(PLACES))
        elif argument.required or draw(st.booleans()):
            words.append(draw(VALUES | st.sampled_from(["fire", "active", "net", "contacts"])))
    return path, words


def _is_written(option: click.Parameter) -> bool:
    return isinstance(option.type, click.Path) and not option.type.exists


@fuzzed
@given(line=command_lines())
def test_whatever_is_typed_is_answered_in_words(
    yard: Path, line: tuple[tuple[str, ...], list[str]], monkeypatch
) -> None:
    path, words = line
    monkeypatch.setattr(waiting, "WAIT_S", 0.05)
    words = [str(yard) if word == "SITE" else word for word in words]
    begin = time.monotonic()
    if path in ENDLESS:
        _read_only(path, words)
    else:
        done = CliRunner().invoke(facilityd, [*path, *words], input="")
        known = isinstance(done.exception, FacilitydError | SystemExit | type(None))
        assert known, (path, words, done.exception)
        assert done.exit_code in (0, 1, 2), (path, words, done.output)
        assert "Traceback" not in done.output
    assert time.monotonic() - begin < SOON_S, (path, words)


def _read_only(path: tuple[str, ...], words: list[str]) -> None:
    """Read the words as the command would, without letting it begin."""
    with suppress(click.ClickException, click.exceptions.Exit, FacilitydError):
        COMMANDS[path].make_context(path[-1], list(words))
