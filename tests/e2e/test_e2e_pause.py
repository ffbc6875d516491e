"""A real process that stands still: on record afterwards, and no unit is blamed for it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest
from support.daemon import daemon, journal_of, running, until
from support.site import make_square

from facilityd.model.downtime import Pause


@pytest.mark.timeout(90)
async def test_a_daemon_that_was_stopped_by_a_signal_says_how_long(tmp_path):
    made = make_square(tmp_path / "square")
    async with running(daemon(made.folder, log=tmp_path / "daemon.log")) as watching:
        with await journal_of(made.journal, watching) as reader:
            await until(lambda: len(reader.latest()) > 3, 60)
            os.kill(watching.process.pid, signal.SIGSTOP)
            await asyncio.sleep(8)
            os.kill(watching.process.pid, signal.SIGCONT)
            await until(lambda: reader.downtimes(0, 2**62), 30)
            (one,) = reader.downtimes(0, 2**62)
            assert one.why is Pause.STOOD_STILL
            assert one.seconds >= 7.0
            assert not [c for c in reader.changes() if (c.change.rule, c.change.kind) == ("silent", "raise")]
