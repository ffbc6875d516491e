"""The demo: simulator and daemon as their own processes, and a local sink for their notices."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from importlib import resources
from pathlib import Path
from urllib.parse import urlsplit

import click
from rich.console import ConsoleDimensions, Group
from rich.live import Live
from rich.text import Text

from facilityd.cli.demo_child import DemoChild, DemoRun
from facilityd.cli.demo_page import DemoPage
from facilityd.cli.headline import headline
from facilityd.cli.language import chosen
from facilityd.cli.local_sink import LocalSink
from facilityd.cli.output import PLAIN_WIDTH, console, say, styled, table
from facilityd.cli.ports import lead_to_broker, moved
from facilityd.cli.status import DEVICE_COLUMNS, device_row, urgency
from facilityd.cli.text_table import Column, TextTable, whole
from facilityd.cli.words import sentence, show_priority
from facilityd.cli.wrapping import wrapped
from facilityd.config.load import load
from facilityd.config.site import Site
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.plain import plain
from facilityd.model.sample import NS
from facilityd.model.text import Language
from facilityd.query.site import SiteQuery
from facilityd.query.words import listed
from facilityd.scenario.load import square
from facilityd.store.reader import JournalReader

SITE = Path("config/square")
HOME = Path(".facilityd")
"""Where runs of the demo keep their folders, and where the site's files would put what they write."""
SIMULATED = "page.yaml"
"""A file of the copy alone: a site that is copied for real equipment has nothing to take out."""
FORECAST = """\
forecast:  # the simulator publishes what its own weather is going to be
  simulated: {kind: mqtt, link: broker, topic: weather/forecast, name: {zh: 仿真预报, en: Simulated forecast}}
"""
INFLUX = Path(str(resources.files("simulators"))) / "demo_influxdb.yaml"
# The square lives at this machine's own hour, as the daemon does: what is seen fits the sun at any time.
STORY = (
    "--demand=5s:pole-1:run",
    "--fault=30s:fountain-2:leakage=0.034",
    "--fault=75s:hoist-1:estop",
    "--hazard=2min:pole-3-drive:silent",
)
FAULT_S = 75.0
"""Until then the next fault of the story is still to come, in s."""
PACE = "--at-most=5s"
"""Nobody wants to wait minutes for a value in a demonstration."""
ALARM_COLUMNS = (
    whole("priority", "优先级"), whole("device", "设备"), whole("state", "状态"), Column("what", "内容"),
    Column("do first", "首要措施"),
)  # fmt: skip
NEWS = 6
READY_S = 15.0


Show = Callable[[DemoRun], Awaitable[None]]


def demo(*, broker: str, as_lines: bool, seconds: float, lang: str | None = None) -> None:
    """Run the demo until Ctrl-C, of this folder's own config/square or of the one that ships.

    ``broker`` as HOST:PORT is used in place of an own one. Raises UsageError.
    """
    folder = fresh_folder()
    copy = copy_site(folder)
    sites = [copy, folder / INFLUX.name] if os.environ.get("INFLUXDB_URL") else [copy]
    load(*sites, at_most=5 * NS)  # every mistake is told before anything is moved
    if broker:
        lead_to_broker(copy, broker)
    with moved(copy, brokers=not broker) as ports, DemoPage.chosen() as page:
        lead_to_page(copy, page.url)
        site = load(*sites, at_most=5 * NS)
        language = chosen(lang, site)
        if stood_in := [f"{usual} → {own}" for usual, own in ports.items() if usual != own]:
            say(sentence("ports", language, ports=listed(stood_in, language)))
        as_lines = as_lines or not sys.stdout.isatty()
        show = partial(_lines if as_lines else _screen, site, language, page)
        asyncio.run(_demo(site, sites, folder, show, page, language, own_broker=not broker, seconds=seconds))


def fresh_folder() -> Path:
    """Return a new folder for one run. Nothing that was there before is touched, and none is ever removed."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="demo-", dir=HOME))


def called() -> str:
    """Return what a person types for facilityd here: its path where the shell does not know its name."""
    known = shutil.which("facilityd") or sys.argv[0].endswith(".py")
    return "facilityd" if known else os.path.relpath(sys.argv[0])


def copy_site(folder: Path) -> Path:
    """Copy the demo site into ``folder``, writing its journal and serial lines there; return the copy."""
    copy = folder / "square"
    shutil.copytree(SITE if SITE.is_dir() else square(), copy)
    shutil.copy(INFLUX, folder)
    (copy / SIMULATED).write_text(f"page: {{simulated: true}}\n{FORECAST}", encoding="utf-8")
    for file in copy.glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(f"{HOME}/", f"{folder}/"), encoding="utf-8")
    return copy


def lead_to_page(site: Path, url: str) -> None:
    """Let the notices of a copied site carry links to its page."""
    with (site / SIMULATED).open("a", encoding="utf-8") as file:
        file.write(f'web: {{public_url: "{url}"}}\n')


async def _demo(
    site: Site, sites: list[Path], folder: Path, show: Show, page: DemoPage, language: Language, *,
    own_broker: bool, seconds: float,
) -> None:  # fmt: skip
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    say(sentence("demo-starts", language))
    say(sentence("demo-ask", language, command=f"{called()} alarms {site.source}"))
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(LocalSink.open(*_sinks(site)))
        broker = ["--broker"] if own_broker else []
        paths = [str(path) for path in sites]
        running = partial(DemoChild.running, folder)
        simulator = await stack.enter_async_context(
            running("simulator", "simulate", "serve", site.source, *broker, PACE, *STORY)
        )
        await asyncio.sleep(1.5)
        daemon = await stack.enter_async_context(running("daemon", "run", PACE, *paths))
        await _ready(site, daemon, simulator)
        serving = await stack.enter_async_context(running("page", *page.words(paths), env=page.environment()))
        if await page.answers():
            say(sentence("demo-account", language, url=page.account_url))
        run = DemoRun(sink, stop, simulator, daemon, serving)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds or None):
                await show(run)
        by_itself = run.ended
    for child in by_itself:
        child.tell(language)
    say(sentence("demo-ended", language, folder=folder))
    if by_itself:
        raise click.exceptions.Exit(1)


def _sinks(site: Site) -> tuple[set[int], set[int]]:
    """Return the ports that notices go to, by webhook and by mail."""
    channels = [channel for person in site.recipients.values() for channel in person.channels]
    webhooks = {urlsplit(str(c.options["url"])).port or 80 for c in channels if c.kind == "webhook"}
    return webhooks, {int(c.options["port"]) for c in channels if c.kind == "email"}


async def _ready(site: Site, daemon: DemoChild, simulator: DemoChild) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and not (daemon.ended or simulator.ended):
        with contextlib.suppress(UsageError), JournalReader.open(Path(site.store.path), site.id) as reader:
            if reader.last_sample():
                return
        await asyncio.sleep(0.2)
    if not (daemon.ended or simulator.ended):
        raise UsageError(
            Wording("ask.daemon-did-not-start"),
            hint=Wording(
                "ask.see-daemon-log", folder=daemon.log.parent, last="".join(daemon.last_lines()[-1:])
            ),
        )


async def _screen(site: Site, language: Language, page: DemoPage, run: DemoRun) -> None:
    query, begin, out = SiteQuery(site), time.monotonic(), console()
    with Live(console=out, screen=True, auto_refresh=False) as live:
        while run.goes_on:
            seconds, where = time.monotonic() - begin, _where(page, run, language)
            live.update(view(query, language, run.sink, seconds, out.size, where), refresh=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(run.stop.wait(), 0.5)


def view(
    query: SiteQuery,
    language: Language,
    sink: LocalSink,
    seconds: float,
    window: ConsoleDimensions | None,
    page: Sequence[Text] = (),
) -> Group:
    """Return devices, alarms and notices; in a ``window`` no more than it has room for, the rest counted.

    ``page``: where it is.
    """
    devices = [line for line in query.devices() if not line.device.startswith(("link-", "channel-"))]
    if window:
        devices.sort(key=urgency)
    width = window.width if window else PLAIN_WIDTH
    about = sentence("demo" if seconds < FAULT_S else "demo-goes-on", language, seconds=f"{seconds:.0f}")
    ask = sentence("demo-ask", language, command=f"{called()} alarms {query.site.source}")
    top = [Text(line, style="bold") for line in wrapped(about, width)]
    top += page
    if width >= PLAIN_WIDTH:  # a narrow window needs its lines for what is wrong
        top += [Text(line) for line in wrapped(ask, width)]
    narrow = window is not None and width < PLAIN_WIDTH
    news = _news(sink, width)[-NEWS // 2 if narrow else 0 :]
    # Of what is left alarms take what they need, at most half; the devices take the rest.
    left = window.height - len(top) - len(news) - 3 if window else 0
    alarms = _alarms(query, language, max(3, left // 2) if window else 0)
    room = max(3, left - len(alarms.laid_out(width))) if window else 0
    rows = [device_row(line, language) for line in devices]
    columns: tuple[Column, ...] = DEVICE_COLUMNS
    if narrow:  # values would leave room for one device; what is wrong with each comes first
        kept = [n for n, column in enumerate(columns) if column.en != "values"]
        columns, rows = tuple(columns[n] for n in kept), [tuple(row[n] for n in kept) for row in rows]
    title = Text(sentence("demo-notices", language), style="italic")
    return Group(
        *top,
        table(headline(query, language), columns, rows, language=language, lines=room),
        Text(),
        alarms,
        Text(),
        title,
        *news,
    )


def _where(page: DemoPage, run: DemoRun, language: Language) -> list[Text]:
    if run.serving.ended:
        return [Text(sentence("demo-without-page", language), style="bold red")]
    return [
        Text(sentence("demo-page", language, url=page.url), style="bold"),
        Text(sentence("demo-account", language, url=page.account_url)),
    ]


def _alarms(query: SiteQuery, language: Language, room: int) -> TextTable:
    rows = [
        (styled(show_priority(a.priority, language), a.priority), a.device,
         a.state.in_(language), a.what.in_(language), a.first.in_(language))
        for a in query.alarms()
    ]  # fmt: skip
    return table(sentence("demo-alarms", language), ALARM_COLUMNS, rows, language=language, lines=room)


def _news(sink: LocalSink, width: int) -> list[Text]:
    newest = list(sink.told)[-NEWS:]
    longest = min(24, max((len(told.to) for told in newest), default=0)) if width >= PLAIN_WIDTH // 2 else 0
    lines = [Text(plain(f"{told.kind}  {told.to:{longest}}  {told.subject}")) for told in newest]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


async def _lines(site: Site, language: Language, page: DemoPage, run: DemoRun) -> None:
    """Without a terminal: a table now and then, and each alarm and notice as it comes."""
    query, begin, out = SiteQuery(site), time.monotonic(), console()
    shown, known = -1, set[tuple[str, str, str]]()
    while run.goes_on:
        seconds = time.monotonic() - begin
        if int(seconds) // 20 != shown:
            shown = int(seconds) // 20
            out.print(view(query, language, run.sink, seconds, None, _where(page, run, language)))
        for alarm in query.alarms():
            if (key := (alarm.device, alarm.rule, alarm.state_id)) not in known:
                known.add(key)
                say(sentence(
                    "demo-alarm", language, seconds=f"{seconds:5.1f}", device=alarm.device,
                    priority=show_priority(alarm.priority, language),
                    what=alarm.what.in_(language), state=alarm.state.in_(language),
                ))  # fmt: skip
        for message in run.sink.fresh():
            say(sentence(
                "demo-notice", language, seconds=f"{seconds:5.1f}", kind=message.kind, to=message.to,
                subject=message.subject,
            ))  # fmt: skip
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(run.stop.wait(), 0.5)
