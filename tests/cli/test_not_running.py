"""Whatever is read from a journal that nobody writes any more says so: stored figures look the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.site import SQUARE

from facilityd.app.builtin import DAEMON, all_devices
from facilityd.cli.main import facilityd
from facilityd.config.load import load
from facilityd.model.sample import NS, Sample, SignalType
from facilityd.store.journal import Journal
from facilityd.store.samples import SampleWrite

ASKED = [
    ["alarms"], ["audit"], ["baselines"], ["hazards"], ["history", "hoist-1", "tension"], ["kpi"], ["marks"],
    ["notices"], ["forecast"], ["ready"], ["rules", "hoist-1"], ["status", "--once"], ["storage"], ["tasks"], ["waivers"],
]  # fmt: skip
WORDS = {"en": "NOT RUNNING", "zh": "监测程序未运行"}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = shutil.copytree(SQUARE, tmp_path_factory.mktemp("stopped") / "square")
    site = load(folder)
    Path(site.store.path).parent.mkdir(parents=True)
    (stream,) = all_devices(site)[DAEMON].streams
    values = tuple({SignalType.TEXT: "", SignalType.BOOL: False}.get(kind, 0) for kind in stream.types)
    with Journal.open(Path(site.store.path), max_bytes=2**28, max_age=10**18, site=site.id) as journal:
        journal.commit([SampleWrite([Sample(stream, 1_780_000_000 * NS, NS, values)])])
    return folder


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("words", ASKED, ids=lambda words: words[0])
def test_it_is_said_first(stopped: Path, words: list[str], language: str) -> None:
    done = CliRunner().invoke(
        facilityd, [words[0], str(stopped), *words[1:], "--lang", language], standalone_mode=False
    )
    assert WORDS[language] in done.output.splitlines()[0], done.output
    assert "2026-05-29" in done.output.splitlines()[0], "and since when"


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "facilityd was not running from 2026-05-29"), ("zh", "监测程序未运行：2026-05-29")],
)
def test_the_history_of_the_present_downtime_gives_it_as_the_reason(
    stopped: Path, language: str, said: str
) -> None:
    words = ["history", str(stopped), "hoist-1", "tension", "--lang", language]
    done = CliRunner().invoke(facilityd, words, standalone_mode=False)
    assert said in " ".join(done.output.splitlines()[1:]), done.output
