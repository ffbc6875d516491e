"""Writing what `init` made: all of it or nothing, and only what passes `check`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from facilityd.errors import ConfigError, UsageError, system_reason
from facilityd.model.message import Wording

if TYPE_CHECKING:
    from facilityd.config.site import Site

ADDED = "added"
SITE_FILE = "site.yaml"
OWN_TABLES = ("profiles", "families")
"""Folders of a site's own models and families: they may be there before the site is."""


def site_there(folder: Path) -> Site | None:
    """Return the site that a folder holds already; None where it holds nothing, or tables for a site alone.

    Raises UsageError where something else is in it, ConfigError where its site does not pass `check`.
    """
    try:
        if not folder.exists() or (
            folder.is_dir() and all(one.name in OWN_TABLES for one in folder.iterdir())
        ):
            return None
        ours = (folder / SITE_FILE).is_file()
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not ours:
        raise UsageError(Wording("ask.folder-taken"), where=str(folder), hint=Wording("ask.another-folder"))
    return _load(folder)


def write_site(folder: Path, files: Mapping[str, str]) -> Site:
    """Write the files of a new site, all or none, and return it.

    Raises UsageError where they are no site, or cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".init-", dir=folder.parent) as beside:
            made = Path(beside) / folder.name
            own = [one for name in OWN_TABLES if (one := folder / name).is_dir()]
            for one in own:
                shutil.copytree(one, made / one.name)
            for name, text in files.items():
                (made / name).parent.mkdir(parents=True, exist_ok=True)
                (made / name).write_text(text, encoding="utf-8")
            site = _checked(made)
            folder.mkdir(exist_ok=True)
            for name in dict.fromkeys(Path(name).parts[0] for name in files):
                shutil.move(made / name, folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return site


def add_file(folder: Path, text: str) -> tuple[str, Site]:
    """Write one file more into a site's folder, and return its name and the site with it.

    Raises UsageError where the site would not pass `check` with it, or it cannot be written.
    """
    names = (f"{ADDED}{'' if n == 1 else f'-{n}'}.yaml" for n in count(1))
    name = next(one for one in names if not (folder / one).exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".init-", dir=folder.parent) as beside:
            made = Path(beside) / name
            made.write_text(text, encoding="utf-8")
            site = _checked(folder, made)
            shutil.move(made, folder / name)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return name, site


def _load(*paths: Path) -> Site:
    from facilityd.config.load import load

    return load(*paths, secrets=False)


def _checked(*made: Path) -> Site:
    """Return the site in files that nobody has seen. Raises UsageError: what is wrong with an answer."""
    try:
        return _load(*made)
    except ConfigError as error:
        first = error.problems[0]
        why = first.parts["what"] if isinstance(first, Wording) else first
        raise UsageError(Wording("ask.answer-refused", why=why)) from error


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(Wording("ask.cannot-written", error=system_reason(error)), where=str(folder))
