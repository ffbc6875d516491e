"""The square into a real InfluxDB, with kills: every sample arrives once, and what is missing shows as a gap."""

import pytest
from support.crash_recovery import story
from support.influxd import binary

SECONDS = 32.0


@pytest.mark.timeout(150)
async def test_kills_lose_and_double_nothing(tmp_path):
    binary()
    figures = await story(tmp_path, SECONDS)
    assert figures.samples > 300, figures
    assert figures.points == figures.samples
    assert (figures.missing, figures.foreign, figures.wrong, figures.doubled) == (0, 0, 0, 0), figures
    assert figures.changes_there == figures.changes, figures
    assert (figures.disordered, figures.dead_letter_lines, figures.tracebacks) == (0, 0, 0), figures
    # A busy machine reads a second late now and then, and history says that too: it is no absence.
    absences = [gap for gap in figures.gaps if gap >= min(figures.down)]
    assert len(absences) == len(figures.down) == 2, figures
    # How long a start takes is the machine's matter; the gap is as long as nothing was stored, and no longer.
    for gap, down, absence in zip(absences, figures.down, figures.absences, strict=True):
        assert down <= gap <= absence + 0.001, figures
