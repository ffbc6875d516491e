"""facilityd run: the daemon."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from facilityd.cli.output import at_most_option, site_argument


@click.command()
@site_argument
@click.option(
    "--log-level", type=click.Choice(["warning", "info", "debug"]), default="info", show_default=True
)
@at_most_option
@click.option("--json", "as_json", is_flag=True, help="Log one JSON object per line.")
def run(site: tuple[Path, ...], log_level: str, at_most: int, as_json: bool) -> None:
    """Watch a SITE until told to stop (Ctrl-C or SIGTERM)."""
    import uvloop

    from facilityd.app.daemon import watch
    from facilityd.config.load import load

    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(message)s",
    )
    if as_json:
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())
    # Libraries speak when they are asked to; the daemon tells what matters itself.
    for name in ("aiohttp", "paho", "aiomqtt", "mqtt", "influxdb_client", "Rx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    loaded = load(*site, at_most=at_most)
    for warning in (*loaded.warnings, *_left_behind(loaded.store.path)):
        logging.getLogger(__name__).warning("%s", warning)
    uvloop.run(watch(loaded))


def _left_behind(path: str) -> list[str]:
    """Say where earlier versions left the journal of whatever site was started from here."""
    earlier = Path(".facilityd/journal.db")
    if Path(path).exists() or not earlier.exists():
        return []
    return [f"{earlier}: a journal of an earlier version; to go on with it, move it to {path}"]


class JsonLines(logging.Formatter):
    """One log record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said = {
            "time": at,
            "level": record.levelname.lower(),
            "from": record.name,
            "text": record.getMessage(),
        }
        return json.dumps(said, ensure_ascii=False)
