"""facilityd scan: which units answer on a bus or in a network, and which models they are. It only reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import click
from click.core import ParameterSource

from devices.profile import ModbusProfile, MqttProfile
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say, warn, write_file, writing
from facilityd.cli.scan_brokers import broker_links, listen_to, show_brokers, to_their_end
from facilityd.cli.scan_run import Scanner
from facilityd.cli.scan_table import show_scan, together
from facilityd.cli.scan_targets import (
    AUTO,
    PORT,
    BaudParam,
    EndpointParam,
    IdsParam,
    TargetParam,
    serial_links,
    settings,
    tcp_links,
)
from facilityd.cli.scan_watched import ask_daemons, refuse_other_settings, show_proposed, site_lines
from facilityd.cli.when import DurationParam
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.model.scan_result import ScannedBroker, ScanResult

T = TypeVar("T")


@click.command()
@click.argument("targets", nargs=-1, type=TargetParam(), metavar="[HOST[:PORT] | NETWORK | LINK]...")
@click.option("--serial", "ports", multiple=True, metavar="PORT", help="A serial port, such as /dev/ttyUSB0.")
@click.option(
    "--baud", type=BaudParam(), default=AUTO, show_default=True, metavar="SPEEDS",
    help="Of serial ports: 9600, or 9600,19200; auto tries the usual ones.",
)  # fmt: skip
@click.option(
    "--parity", type=click.Choice((AUTO, "N", "E", "O")), default=AUTO, show_default=True,
    help="Of serial ports: none, even or odd.",
)  # fmt: skip
@click.option(
    "--ids", type=IdsParam(), default="1-32,255", show_default=True, metavar="IDS",
    help="Device ids to ask, such as 1-247.",
)  # fmt: skip
@click.option(
    "--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Where a host says none."
)
@click.option("--rtu-over-tcp", is_flag=True, help="The hosts pass serial frames on as they are.")
@click.option(
    "--timeout", type=DurationParam(), default=None, metavar="SPAN",
    help="How long an id may take to answer.  [default: 1s; serial 300ms]",
)  # fmt: skip
@click.option(
    "--within", type=DurationParam(), default="15min", show_default=True, metavar="SPAN",
    help="Stop after this time.",
)  # fmt: skip
@click.option(
    "--broker", "brokers", type=EndpointParam(), multiple=True, metavar="HOST[:PORT]",
    help="Listen to an MQTT broker: who speaks there, and like which models.",
)  # fmt: skip
@click.option("--username", default="", help="Of brokers; the password stands in FACILITYD_MQTT_PASSWORD.")
@click.option(
    "--listen", type=DurationParam(), default="30s", show_default=True, metavar="SPAN",
    help="How long to listen to brokers.",
)  # fmt: skip
@click.option(
    "--site", type=click.Path(exists=True, path_type=Path), default=None,
    help="The site that a LINK is of; know the models beside it too.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), default=None,
    help="Write what was found as JSON, for 'init --from-scan'.",
)  # fmt: skip
@lang_option
@json_option
@click.pass_context
def scan(
    ctx: click.Context, *, targets: tuple[tuple[tuple[str, int], ...], ...], ports: tuple[str, ...],
    baud: tuple[int, ...], parity: str, ids: tuple[int, ...], port: int, rtu_over_tcp: bool,
    timeout: int | None, within: int, brokers: tuple[tuple[str, int], ...], username: str, listen: int,
    site: Path | None, output: Path | None, lang: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Find the units that answer or speak, and their models.

    Asks a Modbus TCP device or gateway, each address of a small network (192.168.1.0/28), or a serial port
    for each device id, one question at a time, and only reads. A broker is listened to. A LINK is one of the
    site that --site says; where a daemon watches it, the daemon looks, between its polls, at the line's own
    speed, and leaves out the ids of the site. Ctrl-C ends it and shows what was found. Exit status 1 where
    nothing new answers or speaks.
    """
    from devices.tables import profiles

    language = chosen(lang)
    models = profiles(site if site is None or site.is_dir() else site.parent)
    known = {name: one for name, one in models.items() if isinstance(one, ModbusProfile)}
    spoken = {name: one for name, one in models.items() if isinstance(one, MqttProfile)}
    endpoints = [one for target in targets for one in target]
    if not endpoints and not ports and not brokers:
        raise UsageError(Wording("ask.scan-what"), hint=Wording("ask.scan-example", ports=_ports()))
    lines = site_lines(site, endpoints, ports, port, language)
    links = tcp_links(iter(lines.endpoints), port, rtu=rtu_over_tcp)
    links += [link for path in lines.ports for link in serial_links(path, settings(baud, parity))]
    links += [line.link for line in lines.idle]
    for line in lines.watched:
        refuse_other_settings(line, _said(ctx, "baud", baud), _said(ctx, "parity", parity))
        known |= line.models()
    network = any(len(target) > 1 for target in targets)
    work = Scanner(links, ids, known, timeout, knock=network, language=language)
    if output:
        with writing(output), output.open("a", encoding="utf-8"):
            pass  # what cannot be written is told before minutes are spent
    asked = ask_daemons(lines.watched, ids, timeout, within, language)
    if links or brokers:
        at_brokers = listen_to(broker_links(brokers, username), spoken, listen / NS, language)
        asked.append(asyncio.run(_both(work, within / NS, at_brokers)))
    result = together(asked)
    if not result.complete:
        warn(sentence("scan-ended-early", language), red=True)
    if as_json:
        print_json(result.model_dump(mode="json"))
    else:
        show_scan(result, known, language)
        show_brokers(result.brokers, spoken, language)
        show_proposed(lines.watched, result, known, language)
    if output:
        text = json.dumps(result.model_dump(mode="json"), ensure_ascii=False, indent=2)
        write_file(output, f"{text}\n".encode())
        if not as_json and result.anybody:
            say(sentence("scan-kept", language, file=output))
    ctx.exit(0 if result.anybody else 1)


async def _both(
    work: Scanner, within_s: float, brokers: Coroutine[None, None, tuple[ScannedBroker, ...]]
) -> ScanResult:
    """Ask the links and listen to the brokers at the same time."""
    asked, heard = asyncio.create_task(work.run(within_s)), asyncio.create_task(brokers)
    await to_their_end([asked, heard])
    return (await asked).model_copy(update={"brokers": await heard})


def _said(ctx: click.Context, name: str, value: T) -> T | None:
    """Return an option's value; None where nobody gave it."""
    return None if ctx.get_parameter_source(name) is ParameterSource.DEFAULT else value


def _ports() -> str:
    from facilityd.doctor.ports import known_ports

    return ", ".join(known_ports()) or "-"
