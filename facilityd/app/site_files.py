"""The files that a daemon was started with, read again whenever it is asked to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from facilityd.app.engine import fresh_engine
from facilityd.config.fingerprint import LoadedConfiguration, fingerprint
from facilityd.config.load import load
from facilityd.config.site import Site


class SiteSource(Protocol):
    """Where another version of the site comes from."""

    def load(self, at: int) -> tuple[Site, LoadedConfiguration | None]:
        """Return the site as it is at an instant in ns UTC, and which files that were.

        Raises ConfigError with every mistake. Called beside the event loop.
        """


@dataclass(frozen=True, slots=True)
class SiteFiles:
    """``at_most`` ns, where given, shortens every longer period."""

    paths: Sequence[Path]
    at_most: int = 0

    def load(self, at: int) -> tuple[Site, LoadedConfiguration]:
        """Return the site, checked as ``facilityd check`` does it, and with every rule compiled once.

        Raises ConfigError.
        """
        named = [str(path) for path in self.paths]
        before = fingerprint(named, ())
        site = load(*self.paths, at_most=self.at_most)
        fresh_engine(site)
        read = LoadedConfiguration.read(named, site.beside, at)
        if fingerprint(named, ()) != before:  # written while they were read: they are to be read again
            read = replace(read, fingerprint="")
        return site, read
