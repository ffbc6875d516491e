"""Plots as PNG: drawn from the SVG by the real resvg, with words, or refused where they would be missing."""

from __future__ import annotations

import struct
from functools import partial
from pathlib import Path

import pytest
import resvg_py
from click.testing import CliRunner
from support.query_sites import MeterSite

from facilityd.cli.main import facilityd
from facilityd.errors import UsageError
from facilityd.report.svg_png import SCALE, svg_png

SPAN = ["--since", "2026-09-21T22:14:00", "--until", "2026-09-21T22:16:00"]
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40"><text x="2" y="30">{}</text></svg>'
DRAW = resvg_py.svg_to_bytes


def size(picture: bytes) -> tuple[int, int]:
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", picture[16:24])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_history_is_drawn_as_svg_and_as_the_same_picture(
    yard: MeterSite, tmp_path: Path, language: str
) -> None:
    for n in range(10):
        yard.store(n, 1000.0 + n)
    svg, png = tmp_path / "plot.svg", tmp_path / "plot.png"
    call = ["history", yard.site.source, "gate", "power", *SPAN, "--lang", language]
    done = CliRunner().invoke(facilityd, [*call, "--svg", str(svg), "--png", str(png)])
    assert done.exit_code == 0, done.output
    assert png.read_bytes() == svg_png(svg.read_text(encoding="utf-8"))
    assert size(png.read_bytes())[0] == 1000 * SCALE


def test_what_is_there_and_no_picture_is_not_written_over(yard: MeterSite, tmp_path: Path) -> None:
    yard.store(0, 1.0)
    kept = tmp_path / "kept.db"
    kept.write_text("mine")
    call = ["history", yard.site.source, "gate", "power", *SPAN, "--png", str(kept)]
    assert isinstance(CliRunner().invoke(facilityd, call).exception, UsageError)
    assert kept.read_text() == "mine"


def test_words_are_in_the_picture() -> None:
    pictures = {svg_png(DRAWING.format(word)) for word in ("", "国旗", "升旗", "hoist")}
    assert len(pictures) == 4


def test_a_machine_without_fonts_draws_no_picture_without_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resvg_py, "svg_to_bytes", partial(DRAW, skip_system_fonts=True))
    for word, said in (("hoist", "no font"), ("国旗", "no Chinese font")):
        with pytest.raises(UsageError, match=said):
            svg_png(DRAWING.format(word))


def test_a_machine_without_a_chinese_font_draws_english_only(monkeypatch: pytest.MonkeyPatch) -> None:
    latin = next((str(one) for one in Path("/usr/share/fonts").rglob("DejaVuSans.ttf")), "")
    if not latin:
        pytest.skip("no DejaVu Sans here")
    monkeypatch.setattr(
        resvg_py,
        "svg_to_bytes",
        partial(DRAW, skip_system_fonts=True, font_files=[latin], sans_serif_family="DejaVu Sans"),
    )
    assert svg_png(DRAWING.format("hoist"))
    with pytest.raises(UsageError, match="no Chinese font"):
        svg_png(DRAWING.format("国旗"))
