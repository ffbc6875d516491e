"""facilityd backup and restore: a copy of the journal, and the way back."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import json_option, print_json, say
from facilityd.cli.storage import size_text
from facilityd.cli.words import sentence
from facilityd.query.instants import iso_instant, show_second

if TYPE_CHECKING:
    from facilityd.model.text import Language
    from facilityd.store.backup import BackupReport
    from facilityd.supervise.photo_copy import PhotoCopies


@click.command()
@one_site
@click.argument("target", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@lang_option
@json_option
def backup(site: Path, target: Path, lang: str | None, as_json: bool) -> None:
    """Copy the journal to a FILE, while the daemon writes it.

    It holds what one moment had, and bears its name only after it was read from its first page to its
    last. A file that is there is not overwritten. Photos go into a folder beside it, FILE.photos; move
    the two together.
    """
    from facilityd.config.load import load
    from facilityd.store.backup import back_up
    from facilityd.supervise.photo_copy import copy_photos
    from facilityd.supervise.photos import PhotoFolder

    loaded = load(site, secrets=False)
    kept, copies = PhotoFolder(Path(loaded.store.path)).folder, PhotoFolder(target).folder
    photos = []
    with _shown() as progress:

        def also(names: frozenset[str]) -> None:
            photos.append(copy_photos(kept, copies, names, progress=progress))

        report = back_up(Path(loaded.store.path), target, loaded.id, progress, also)
    if as_json:
        print_json({"file": str(target), **_plain(report, photos[0], loaded.timezone)})
        return
    language = chosen(lang, loaded)
    last = show_second(report.last_at, loaded.timezone) if report.last_at else "–"
    say(sentence("backup-done", language, path=target, size=size_text(report.size), last=last))
    if report.damaged:
        say(sentence("backup-damaged", language, count=report.damaged))
    _tell_photos("backup", photos[0], copies, language)


@click.command()
@one_site
@click.argument("source", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@lang_option
@json_option
def restore(site: Path, source: Path, lang: str | None, as_json: bool) -> None:
    """Put a backup FILE in the place of the journal.

    The daemon must be stopped. The backup is checked first; the journal that is there is renamed and
    stays beside it. Photos come back from FILE.photos beside the backup; those that are there stay.
    """
    from facilityd.config.load import load
    from facilityd.store.backup import check_backup
    from facilityd.store.backup import restore as put_back
    from facilityd.supervise.photo_copy import copy_photos
    from facilityd.supervise.photos import LEAST_FREE, PhotoFolder

    loaded = load(site, secrets=False)
    journal = Path(loaded.store.path)
    kept, copies = PhotoFolder(journal).folder, PhotoFolder(source).folder
    photos = []
    with _shown() as progress:

        def also(names: frozenset[str]) -> None:
            photos.append(copy_photos(copies, kept, names, LEAST_FREE, progress))

        before = put_back(source, journal, loaded.id, time.time_ns(), progress, also)
        report = check_backup(journal, loaded.id)
    if as_json:
        print_json({"before": before and str(before), **_plain(report, photos[0], loaded.timezone)})
        return
    language = chosen(lang, loaded)
    last = show_second(report.last_at, loaded.timezone) if report.last_at else "–"
    say(sentence("restore-done", language, last=last))
    if before:
        say(sentence("restore-before", language, path=before))
    _tell_photos("restore", photos[0], copies, language)


def _tell_photos(done: str, photos: PhotoCopies, folder: Path, language: Language) -> None:
    if photos.count:
        size = size_text(photos.size)
        say(sentence(f"{done}-photos", language, count=photos.count, size=size, path=folder))
    if photos.missing:
        say(sentence(f"{done}-photos-missing", language, count=photos.missing, path=folder))


def _plain(report: BackupReport, photos: PhotoCopies, zone: str) -> dict[str, object]:
    last = iso_instant(report.last_at, zone) if report.last_at else None
    return {
        "bytes": report.size, "last_sample": report.last_sample, "last": last, "damaged": report.damaged,
        "photos": photos.count, "photo_bytes": photos.size, "photos_missing": photos.missing,
    }  # fmt: skip


@contextmanager
def _shown() -> Iterator[Callable[[int, int], None] | None]:
    """Show a bar on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        yield lambda done, whole: bar.update(task, completed=done, total=whole)
