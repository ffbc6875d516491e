"""A plot has no line over a gap, says where there is nothing, and is as wide as the window."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from support.query_sites import T0, MeterSite
from support.site_mistakes import FILES, write_site

from facilityd.cli.history_many import ROWS, WIDTHS, fitting_bucket
from facilityd.cli.main import facilityd
from facilityd.cli.text_plot import text_plot
from facilityd.config.load import load
from facilityd.errors import UsageError
from facilityd.model.sample import NS
from facilityd.query.instants import show_second
from facilityd.query.plot_legend import BAND, GAP, MARK, legend
from facilityd.query.plot_series import PlotMark, PlotPanel, PlotPoint
from facilityd.report.line_svg import panels_svg
from facilityd.store.journal import Journal

NOTHING = "there is nothing in this time"
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '<script>alert(1)</script>" onload="x'


def panel(*points: PlotPoint, **more: object) -> PlotPanel:
    return PlotPanel("title", "W", 100.0, points, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("gaps", "stretches"),
    [
        ([], [[10, 20, 30, 40]]),
        ([25], [[10, 20], [30, 40]]),
        ([10, 12], [[10], [20, 30, 40]]),
        ([0, 40, 50], [[10, 20, 30, 40]]),
        ([15, 35], [[10], [20, 30], [40]]),
    ],
)
def test_a_gap_interrupts_the_line(gaps: list[float], stretches: list[list[float]]) -> None:
    points = [PlotPoint(float(at), 1.0) for at in (10, 20, 30, 40)]
    one = panel(*points, gaps=tuple((at, at + 1, "") for at in gaps))
    assert [[point.x for point in part] for part in one.segments()] == stretches


def test_a_point_without_a_value_interrupts_it_too() -> None:
    one = panel(PlotPoint(0.0, 1.0), PlotPoint(1.0, None), PlotPoint(2.0, 1.0))
    assert [len(part) for part in one.segments()] == [1, 1]


def test_nothing_stored_draws_nothing_and_says_so() -> None:
    assert text_plot(panel(), 80, NOTHING) == ["title (W)", f"  {NOTHING}"]
    assert NOTHING in panels_svg("t", [panel(PlotPoint(1.0, None))], NOTHING)
    assert panel().segments() == []


@given(
    st.lists(
        st.tuples(st.floats(0, 100), st.floats(-1e6, 1e6), st.floats(0, 10)), min_size=1, max_size=30
    ),
    st.integers(30, 200),
)  # fmt: skip
def test_a_plot_fits_its_window_whatever_is_drawn(rows: list[tuple[float, float, float]], width: int) -> None:
    points = [PlotPoint(x, y, y - more, y + more) for x, y, more in sorted(rows)]
    one = panel(*points, gaps=((20.0, 30.0, "why"),), marks=(PlotMark(99.0, "alarm"),))
    lines = text_plot(one, width, NOTHING)
    assert max(map(cell_len, lines)) <= max(width, 60)
    assert all(sign in "\n".join(lines) for sign in (GAP, MARK))
    low, high = one.limits()
    assert low < high
    ET.fromstring(panels_svg("t", [one], NOTHING))


def test_what_stands_in_an_svg_is_text() -> None:
    one = panel(PlotPoint(1.0, 1.0), gaps=((1.0, 2.0, HOSTILE),), marks=(PlotMark(1.0, HOSTILE),))
    tree = ET.fromstring(panels_svg(HOSTILE, [one], NOTHING, HOSTILE))
    assert [node for node in tree.iter() if "script" in node.tag] == []
    assert {name for node in tree.iter() for name in node.attrib if name.startswith("on")} == set()


def test_the_legend_tells_only_of_signs_that_are_there() -> None:
    assert legend([panel(PlotPoint(1.0, 1.0))], "en") == ""
    assert legend([panel(PlotPoint(1.0, 1.0, 0.0, 2.0))], "en") == f"{BAND} least to greatest"


def test_a_bucket_that_nobody_named_fills_about_a_screen() -> None:
    for hours in (1, 12, 24, 24 * 7):
        length = hours * 3600 * NS
        assert ROWS / 3 <= length / fitting_bucket(length) <= ROWS
    assert fitting_bucket(400 * 86_400 * NS) == WIDTHS[-1] * NS


# --- the command -----------------------------------------------------------------------------------


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """The yard with 90 values of its meter at the gate, one a second; twenty of them are missing."""
    write_site(tmp_path, {"site.yaml": FILES["site.yaml"] + "store: {path: journal.db}\n"})
    site = load(tmp_path, secrets=False)
    path = Path(site.store.path)
    with Journal.open(path, max_bytes=2**28, max_age=10**18, ballast_bytes=65536, site=site.id) as journal:
        yard = MeterSite(site, journal)
        assert yard.stream.expected >= NS
        for n in range(90):
            if not 40 <= n < 60:
                yard.store(n, 100.0 + n)
    return tmp_path


def ask(site: Path, *words: str) -> str:
    edges = (show_second(T0 + at * NS, "Asia/Shanghai").replace(" ", "T") for at in (0, 90))
    span = [word for pair in zip(("--since", "--until"), edges, strict=True) for word in pair]
    done = CliRunner().invoke(facilityd, ["history", str(site), *words, *span, "--lang", "en"])
    if done.exception:
        raise done.exception
    return done.stdout


def test_patterns_put_signals_beside_each_other(told: Path) -> None:
    names = re.findall(r"gate\.(\w+)", ask(told, "gate", "--csv").splitlines()[0])
    assert "power" in names
    data = json.loads(ask(told, "g*.power", "gate", "--json"))
    assert {one["signal"] for one in data} == set(names)
    rows = list(csv.reader(io.StringIO(ask(told, "gate.*", "--bucket", "10s", "--csv"))))
    assert len(rows) == 1 + 9
    assert "gate.power" in ask(told, "gate.*")


def test_device_and_signal_still_mean_one_signal(told: Path) -> None:
    assert json.loads(ask(told, "gate", "power", "--json"))["signal"] == "power"
    with pytest.raises(UsageError, match="which signal"):
        ask(told)
    with pytest.raises(UsageError, match=r"has no signal|means no signal"):
        ask(told, "gate", "powr")


def test_a_plot_in_the_terminal_says_its_gap_and_an_svg_is_a_file(told: Path) -> None:
    text = ask(told, "gate", "power", "--plot")
    assert GAP in text
    assert f"  {GAP} nothing was stored" in text
    out = told / "plot.svg"
    ask(told, "gate", "power", "--svg", str(out))
    tree = ET.fromstring(out.read_text(encoding="utf-8"))
    lines = [node for node in tree.iter(f"{SVG}polyline") if node.get("class") == "line"]
    assert len(lines) == 2, "before the gap and after it"


def test_the_plot_of_a_young_journal_begins_where_the_journal_does(told: Path) -> None:
    """Asked for a day of a journal of a minute and a half: no box that is empty but for its right edge."""
    out = told / "young.svg"
    done = CliRunner().invoke(
        facilityd,
        [
            "history",
            str(told),
            "gate",
            "power",
            "--since",
            _at(-86_400),
            "--until",
            _at(90),
            "--svg",
            str(out),
        ],
    )
    assert done.exception is None, done.output
    tree = ET.fromstring(out.read_text(encoding="utf-8"))
    lines = [node for node in tree.iter(f"{SVG}polyline") if node.get("class") == "line"]
    at = [float(pair.split(",")[0]) for line in lines for pair in line.get("points", "").split()]
    width = float(str(tree.get("viewBox")).split()[2])
    assert min(at) < width / 4


def _at(seconds: float) -> str:
    return show_second(T0 + round(seconds * NS), "Asia/Shanghai").replace(" ", "T")
