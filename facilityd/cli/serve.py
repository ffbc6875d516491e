"""facilityd serve: the HTTP API, in a process of its own."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import say, site_argument
from facilityd.cli.run import FORMAT, PlainLines
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.model.settings import WebSettings

MIB = 2**20


@click.command()
@site_argument
@click.option(
    "--host", default=None, help="Where to listen.  [default: web.host of the site, else 127.0.0.1]"
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=None, help="The port.  [default: web.port, else 8780]"
)
@click.option("--memory", type=click.IntRange(256, 65536), default=1024, show_default=True,
              help="The most memory that it takes, in MiB.")  # fmt: skip
@lang_option
def serve(site: tuple[Path, ...], host: str | None, port: int | None, memory: int, lang: str | None) -> None:
    """Serve a SITE over HTTP until told to stop.

    It reads the journal and leaves requests for the daemon, which knows nothing of it. Only this machine
    reaches it unless the site says otherwise and has users.
    """
    from facilityd.supervise.stop import end_while_starting

    end_while_starting()
    import uvloop

    from facilityd.config.hosts import is_this_machine
    from facilityd.config.load import load
    from facilityd.supervise.service_manager import ServiceManager
    from facilityd.web.app import WebOptions, make_app, make_service
    from facilityd.web.managed import serve_managed
    from facilityd.web.server import listen, make_server, step_back

    loaded = load(*site, secrets=False)
    web = _listening(loaded.web, host, port)
    _log(loaded)
    options = WebOptions(web.public_url, web.host, bool(web.certificate))
    service = make_service(loaded, options)
    has_users = bool(service.users.read().users)
    if not has_users and not is_this_machine(web.host):
        raise UsageError(
            Wording("web.no-users", host=web.host), hint=Wording("web.add-user", site=loaded.source)
        )
    server = make_server(
        make_app(service, options),
        service.events.close,
        certificate=web.certificate,
        key=web.key,
        behind_proxy=web.behind_proxy,
    )
    with listen(web.host, web.port) as listening:
        language = chosen(lang, loaded)
        scheme = "https" if web.certificate else "http"
        url = f"{scheme}://{_shown(web.host)}:{web.port}"
        say(sentence("serves", language, url=f"{url}/", api=f"{url}/api/v1/"), err=True)
        if not has_users:
            say(sentence("serves-without-users", language, url=url, code=service.setup_code), err=True)
        step_back(memory * MIB)  # after everything that may refuse: it cannot be undone in this process
        uvloop.run(serve_managed(server, listening, service, ServiceManager()))


def _listening(web: WebSettings, host: str | None, port: int | None) -> WebSettings:
    return replace(web, host=host or web.host, port=port or web.port)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _log(site: Site) -> None:
    lines = PlainLines(FORMAT)
    lines.secrets, lines.zone = site.secrets, ZoneInfo(site.timezone)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
