"""facilityd install-service: the daemon and its page as services of systemd, confined."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.service_files import service_files
from facilityd.cli.words import sentence
from facilityd.errors import UsageError, system_reason
from facilityd.model.message import Wording
from facilityd.model.whole_file import write_whole

HIDDEN = (Path("/home"), Path("/root"), Path("/run/user"))
"""What ProtectHome= hides from a service."""
NEXT = (
    "systemd-sysusers", "systemd-tmpfiles --create", "udevadm control --reload", "systemctl daemon-reload",
)  # fmt: skip


@click.command("install-service")
@one_site
@click.option(
    "--root", type=click.Path(file_okay=False, path_type=Path), default=Path("/"),
    help="Write below this folder, for an image or a package.  [default: /]",
)  # fmt: skip
@click.option("--no-page", is_flag=True, help="Only the daemon, not the page and the HTTP API.")
@click.option("--dry-run", is_flag=True, help="Only show the files, write nothing.")
@lang_option
@json_option
def install_service(
    site: Path, root: Path, no_page: bool, dry_run: bool, lang: str | None, as_json: bool
) -> None:
    """Write what systemd needs to run a SITE for good.

    A confined unit for the daemon and one for the page, a user of its own, its folder, and names for serial
    adapters by the socket they are plugged into. Starts nothing: it says what to type next.
    """
    from devices.unit import ModbusLink
    from facilityd.config.load import load

    loaded = load(site, secrets=False)
    folder, program = site.resolve(), Path(sys.executable).absolute().with_name("facilityd")
    journal = Path(loaded.store.path).absolute().parent
    for path in (folder, program, journal):
        _refuse_hidden(path)
    language = chosen(lang, loaded)
    serial = any(
        isinstance(link, ModbusLink) and link.protocol == "modbus-rtu" for link in loaded.links.values()
    )
    files = service_files(
        site=loaded.id, program=program, folder=folder, journal=journal, serial=serial, page=not no_page
    )
    if not dry_run:
        _write(root, files)
    units = [Path(path).stem for path in files if path.endswith(".service")]
    following = [*NEXT, f"systemctl enable --now {' '.join(units)}"]
    if as_json:
        told = {str(root / path): text for path, text in files.items()}
        print_json({"written": not dry_run, "files": told, "next": following})
        return
    for name, text in files.items():
        say(str(root / name))
        if dry_run:
            click.echo(text)
    say(sentence("service-next", language))
    for line in following:
        click.echo(f"  sudo {line}")


def _refuse_hidden(path: Path) -> None:
    """Refuse what a confined service would not see. Raises UsageError."""
    if any(path.is_relative_to(hidden) for hidden in HIDDEN):
        raise UsageError(
            Wording("ask.service-cannot-see", path=str(path)), hint=Wording("ask.put-it-below-etc-opt")
        )


def _write(root: Path, files: Mapping[str, str]) -> None:
    """Write each file whole or not at all. Raises UsageError where that is not allowed."""
    for path, text in files.items():
        target = root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, text.encode(), 0o644)
        except OSError as error:
            raise UsageError(
                Wording("ask.cannot-written", error=system_reason(error)), where=str(target),
                hint=Wording("ask.run-it-with-sudo") if isinstance(error, PermissionError) else "",
            ) from error  # fmt: skip
