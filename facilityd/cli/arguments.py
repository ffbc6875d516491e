"""What commands are asked about: a SITE, and devices, rules, signals, units and links of it by their names.

Each knows how a shell completes it: from the site that stands before it on the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from facilityd.cli.click_words import translated, translated_number
from facilityd.cli.language import current

if TYPE_CHECKING:
    from facilityd.config.site import Device, Site

Command = TypeVar("Command", bound=Callable[..., Any])
Names = Iterable[tuple[str, str]]
"""Names, each with what it is called in the language of the call."""
_FILES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Asked:
    """The files of a site, and the names that follow them."""

    site: tuple[Path, ...]
    names: tuple[str, ...]


def _devices(site: Site, _: click.Context) -> Names:
    return [(name, one.name.in_(current())) for name, one in _all(site).items()]


def _rules(site: Site, ctx: click.Context) -> Names:
    return [
        (n, rule.name.in_(current())) for one in _meant(site, ctx) for n, rule in one.family.rules.items()
    ]


def _signals(site: Site, ctx: click.Context) -> Names:
    found = [(one, name) for one in _meant(site, ctx) for s in one.streams for name in s.signals]
    return [(name, one.family.signals[name].name.in_(current())) for one, name in found]


def _items(site: Site, ctx: click.Context) -> Names:
    checks = ((n, item) for one in _meant(site, ctx) for n, item in one.family.readiness.items())
    return [(name, item.name.in_(current())) for name, item in checks]


def _units(site: Site, _: click.Context) -> Names:
    return [(name, unit.profile.profile) for name, unit in site.units.items()]


def _links(site: Site, _: click.Context) -> Names:
    return [(name, link.where) for name, link in site.links.items()]


KINDS: Mapping[str, Callable[[Site, click.Context], Names]] = {
    "device": _devices, "rule": _rules, "signal": _signals, "item": _items, "unit": _units, "link": _links,
}  # fmt: skip


class NameParam(click.ParamType[str]):
    """A name of one of the ``KINDS``; whether there is such a thing the command itself says."""

    def __init__(self, kind: str) -> None:
        self.name = kind

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Return the name."""
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str  # noqa: ARG002
    ) -> list[CompletionItem]:  # fmt: skip
        """Return the names that begin so, each with what it means."""
        return completions(self.name, ctx, incomplete)


def completions(kind: str, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the names of a kind that begin with what is typed; none where the site cannot be read."""
    site = _site(ctx)
    found = dict(KINDS[kind](site, ctx)) if site else {}
    return [CompletionItem(name, help=said) for name, said in found.items() if name.startswith(incomplete)]


def _site(ctx: click.Context) -> Site | None:
    """Return the site that stands on the line; whatever is wrong with it, a shell is told nothing."""
    from facilityd.config.load import load
    from facilityd.errors import FacilitydError

    given = ctx.params.get("asked") or ctx.params.get("site")
    if given is None and ctx.args:  # before an option's value nothing is sorted yet
        given = Path(ctx.args[0])
    paths = given.site if isinstance(given, Asked) else given if isinstance(given, tuple) else (given,)
    try:
        return load(*paths, secrets=False) if paths and all(isinstance(p, Path) for p in paths) else None
    except FacilitydError:
        return None


def _all(site: Site) -> Mapping[str, Device]:
    from facilityd.app.builtin import all_devices

    return all_devices(site)


def _meant(site: Site, ctx: click.Context) -> list[Device]:
    """Return the device that stands on the line, else all."""
    asked, known = ctx.params.get("asked"), _all(site)
    given = asked.names[:1] if isinstance(asked, Asked) else (str(ctx.params.get("device")),)
    named = [known[name] for name in given if name in known]
    return named or list(known.values())


# --- a site, then names -------------------------------------------------------------------


def site_and_names(*kinds: str, more: bool = False, needed: bool = False) -> Callable[[Command], Command]:
    """Return an argument ``asked``: files of a site, then a name of each of ``kinds`` at most.

    ``more``: the last kind may be named several times; ``needed``: each must be named. A word is a file
    of the site as long as it is one.
    """
    tail = "".join(f" [{kind.upper()}" for kind in kinds) + ("..." if more else "") + "]" * len(kinds)
    if needed:
        tail = "".join(f" {kind.upper()}" for kind in kinds)

    def split(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> Asked:
        count = next((n for n, word in enumerate(words) if n and not _is_site(word)), len(words))
        names = words[count:]
        for word in words[:count]:
            if not Path(word).exists() and not ctx.resilient_parsing:
                said = translated("{name} {filename!r} does not exist.").format(name="Path", filename=word)
                raise click.BadParameter(said, ctx, param, param_hint="'SITE...'")
        if needed and len(names) < len(kinds) and not ctx.resilient_parsing:
            missing = f"'{kinds[len(names)].upper()}'"
            raise click.MissingParameter(ctx=ctx, param_hint=missing, param_type="argument")
        if len(names) > len(kinds) and not more and not ctx.resilient_parsing:
            extra = names[len(kinds) :]
            one, several = (f"Got unexpected extra {noun} ({{args}})" for noun in ("argument", "arguments"))
            ctx.fail(translated_number(one, several, len(extra)).format(args=" ".join(extra)))
        return Asked(tuple(Path(word) for word in words[:count]), names)

    def complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
        asked = ctx.params.get("asked")
        if not isinstance(asked, Asked) or not asked.site or "/" in incomplete:
            return [CompletionItem(incomplete, type="file")]
        place = min(len(asked.names), len(kinds) - 1)
        return completions(kinds[place], ctx, incomplete) if more or len(asked.names) < len(kinds) else []

    return click.argument(
        "asked", nargs=-1, required=True, metavar=f"SITE...{tail}", callback=split, shell_complete=complete
    )


def _is_site(word: str) -> bool:
    """Return whether a word after the first means a file or folder: a device may be called as a folder is."""
    path = Path(word)
    if "/" in word or word.endswith(_FILES):
        return True
    return path.is_dir() and any(one.suffix in _FILES for one in path.iterdir())


one_site = click.argument("site", type=click.Path(exists=True, path_type=Path))
device_argument = click.argument("device", type=NameParam("device"))
maybe_device_argument = click.argument("device", required=False, default="", type=NameParam("device"))
rule_argument = click.argument("rule", type=NameParam("rule"))
signal_argument = click.argument("signal", type=NameParam("signal"))
item_argument = click.argument("item", type=NameParam("item"))
number_argument = click.argument("number", type=click.IntRange(1, 2**53))


def _name(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Return a name as one line; what is only blanks is none."""
    return " ".join((value or "").split()) or None


by_option = click.option(
    "--by", "--as", "person", default=None, callback=_name,
    help="Your name.  [default: the user of this machine]",
)  # fmt: skip


store_option = click.option(
    "--from", "store", default="journal", show_default=True, metavar="STORE",
    help="influxdb, or the id of a sink: for what the journal keeps no more.",
)  # fmt: skip
"""Where history is read from; see ``query.backends``."""
