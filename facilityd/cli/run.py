"""facilityd run: the daemon."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from facilityd.cli.output import site_argument


@click.command()
@site_argument
@click.option(
    "--log-level", type=click.Choice(["warning", "info", "debug"]), default="info", show_default=True
)
def run(site: tuple[Path, ...], log_level: str) -> None:
    """Watch a SITE until told to stop (Ctrl-C or SIGTERM)."""
    import uvloop

    from facilityd.app.daemon import watch
    from facilityd.config.load import load

    logging.basicConfig(
        level=log_level.upper(),
        stream=sys.stderr,
        format="%(asctime)s %(levelname)-7s %(message)s",
    )
    # Libraries speak when they are asked to; the daemon tells what matters itself.
    for name in ("aiohttp", "paho", "aiomqtt", "mqtt", "influxdb_client", "Rx"):
        logging.getLogger(name).setLevel(logging.ERROR)
    uvloop.run(watch(load(*site)))
