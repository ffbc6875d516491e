"""facilityd run: the daemon."""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from facilityd.cli.language import spoken_lang_option
from facilityd.cli.output import at_most_option, site_argument
from facilityd.model.plain import masked, plain

FORMAT = "%(asctime)s %(levelname)-7s %(message)s"
LONGEST = 2000
"""Characters of one message in the log."""


@click.command()
@site_argument
@click.option(
    "--log-level", type=click.Choice(["warning", "info", "debug"]), default="info", show_default=True
)
@at_most_option
@spoken_lang_option
@click.option("--json", "as_json", is_flag=True, help="Log one JSON object per line.")
def run(site: tuple[Path, ...], log_level: str, at_most: int, as_json: bool) -> None:
    """Watch a SITE until told to stop (Ctrl-C or SIGTERM).

    After a change of its files, facilityd reload, or the signal SIGHUP, lets the daemon go on with the new
    ones.
    """
    from facilityd.supervise.stop import end_while_starting

    end_while_starting()
    import uvloop

    from facilityd.app.daemon import watch
    from facilityd.app.site_files import SiteFiles

    # A terminal that is closed while this starts ends nothing; the daemon says so once it runs.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
    )
    lines = JsonLines() if as_json else PlainLines(FORMAT)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(lines)
    # Libraries speak when they are asked to; the daemon tells what matters itself.
    for name in ("aiohttp", "paho", "aiomqtt", "mqtt", "influxdb_client", "Rx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    files = SiteFiles(site, at_most)
    loaded, configuration = files.load(time.time_ns())
    lines.secrets, lines.zone = loaded.secrets, ZoneInfo(loaded.timezone)
    for warning in (*loaded.warnings, *_left_behind(loaded.store.path)):
        logging.getLogger(__name__).warning("%s", warning)
    uvloop.run(watch(loaded, source=files, configuration=configuration))


def _left_behind(path: str) -> list[str]:
    """Say where earlier versions left the journal of whatever site was started from here."""
    earlier = Path(".facilityd/journal.db")
    if Path(path).exists() or not earlier.exists():
        return []
    return [f"{earlier}: a journal of an earlier version; to go on with it, move it to {path}"]


class PlainLines(logging.Formatter):
    """One log record as a line (a failure's report below it) that holds nothing a terminal would obey."""

    zone: tzinfo | None = None
    """The site's zone once it is known, before it the machine's: each time says its distance from UTC."""
    secrets: frozenset[str] = frozenset()
    """Masked wherever they stand: a library's error may repeat a header or a URL."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802
        """Return the time as the tables show it, to the ms, and its zone."""
        at = datetime.fromtimestamp(record.created, UTC).astimezone(self.zone)
        return at.isoformat(sep=" ", timespec="milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's own name
        """Return the line."""
        record.message = self._shown(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the library's own name
        """Return a failure's report."""
        return plain(masked(super().formatException(ei), self.secrets), 20 * LONGEST, lines=True)

    def _shown(self, text: str) -> str:
        return plain(masked(text, self.secrets), LONGEST)


class JsonLines(PlainLines):
    """One log record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "time": at,
            "level": record.levelname.lower(),
            "from": record.name,
            "text": self._shown(record.getMessage()),
        }
        if record.exc_info:
            said["report"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)
