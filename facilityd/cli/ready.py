"""facilityd ready: the checklist before a ceremony, item by item."""

from __future__ import annotations

from pathlib import Path

import click

from facilityd.cli.output import console, json_option, print_json, said, table
from facilityd.errors import UsageError
from facilityd.marked import suggestion

HEAD = (("设备", "项目", "结果", "数值", "先做"), ("device", "item", "result", "values", "do first"))
MARKS = {"pass": ("通过", "pass"), "fail": ("未通过", "FAIL"), "unknown": ("未知", "UNKNOWN")}


@click.command()
@click.argument("site", type=click.Path(exists=True, path_type=Path))
@click.argument("device", required=False, default="")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@json_option
@click.pass_context
def ready(ctx: click.Context, site: Path, device: str, lang: str, as_json: bool) -> None:
    """Tell whether the devices of a SITE that have a checklist are ready. Unknown is not ready.

    Exit status 0: every item passed. 1: one failed or is unknown. The daemon recommends, staff decide.
    """
    from facilityd.cli.readiness import report
    from facilityd.config.load import load

    loaded = load(site)
    known = [name for name, one in loaded.devices.items() if one.family.readiness]
    if not known:
        hint = "it is the 'readiness' of a family"
        raise UsageError("no device has a checklist", where=loaded.source, hint=hint)
    if device and device not in known:
        raise UsageError(f"no device {device!r} with a checklist", hint=suggestion(device, known))
    lines = report(loaded, [device] if device else known)
    good = all(line.mark == "pass" for line in lines)
    if as_json:
        print_json([line.plain() for line in lines])
        ctx.exit(0 if good else 1)
    index = 0 if lang == "zh" else 1
    rows = [
        (
            line.device,
            line.name.in_("zh" if lang == "zh" else "en"),
            said(MARKS[line.mark][index], "" if line.mark == "pass" else "high", calm=line.mark == "pass"),
            line.shown,
            "" if line.mark == "pass" else line.first.in_("zh" if lang == "zh" else "en"),
        )
        for line in lines
    ]
    head = HEAD[index]
    console().print(table("", head, rows))
    verdict = ("可以升降", "ready") if good else ("不具备条件", "NOT ready")
    click.echo(verdict[index])
    ctx.exit(0 if good else 1)
