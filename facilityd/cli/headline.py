"""What stands above a list: the site, how many alarms there are, and what must be known first."""

from __future__ import annotations

from rich.text import Text

from facilityd.cli.counts import count_lines
from facilityd.cli.output import warn
from facilityd.cli.unwatched import unwatched_lines
from facilityd.cli.words import counted, sentence
from facilityd.cli.wrapping import wrapped
from facilityd.config.site import Site
from facilityd.model.text import Language
from facilityd.query.liveness import liveness
from facilityd.query.site import SiteQuery
from facilityd.store.reader import JournalReader


def headline(query: SiteQuery, language: Language) -> str:
    """Return the site's name and how many alarms there are."""
    count = sum(row.active or not row.suppressors for row in query.alarms())
    said = counted(count, "alarm", language) if count else sentence("no-alarms", language)
    return f"{query.site.name.in_(language)}  {said}"


def warn_unwatched(site: Site, reader: JournalReader, language: Language) -> None:
    """Say on standard error that nobody watches now; nothing while somebody does.

    What is stored looks the same whether the daemon runs or not, so every command that reads it says so.
    """
    warn(liveness(site, reader).warning(site.timezone, language), red=True)


def warning(query: SiteQuery, language: Language) -> str:
    """Return what must be known before anything else is read; nothing while the daemon watches."""
    return query.liveness().warning(query.site.timezone, language)


def doubt(query: SiteQuery, language: Language) -> str:
    """Return what 'no alarms' does not say: how many rules cannot be judged, or that none was."""
    found = query.unjudged()
    # No alarm is good news only where somebody could have raised one.
    if found.never:
        return sentence("doubt-none", language)
    return sentence("doubt-some", language, count=found.unknown) if found.unknown else ""


def daemon_lines(query: SiteQuery, language: Language, *, width: int, brief: bool) -> list[Text]:
    """Return what the daemon counts as lines of ``width`` cells; ``brief``: none where all is nought."""
    return count_lines(query.counts(), language, query.site.timezone, width=width, brief=brief)


def not_watched_lines(query: SiteQuery, language: Language, width: int) -> list[Text]:
    """Return lines of ``width`` cells on each wildcard topic behind which something is not watched."""
    lines = unwatched_lines(query.site, language)
    return [Text(part, style=line.style) for line in lines for part in wrapped(line.plain, width)]
