"""The fixtures. Loaded by pytest through an entry point, so it imports the rest only when asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from facilityd.testing.site import SimulatedSite


class MakeSite(Protocol):
    """Starts a simulated site; it ends with the test."""

    def __call__(
        self,
        config: str | Path = "square",
        *,
        only: tuple[str, ...] | list[str] = (),
        start: str = "2026-06-10T10:00",
        seed: int = 1,
        real: bool = False,
    ) -> SimulatedSite:
        """Return the running site. Raises FacilitydError."""


@pytest.fixture
def simulated_site(tmp_path: Path) -> Iterator[MakeSite]:
    """Start simulated sites: ``config`` is 'square' or a path, ``only`` some of its devices.

    ``start`` is local time on site. ``real``: sockets on free ports and the machine's clock, the
    daemon as its own process; else virtual time in this process.
    """
    from facilityd.testing.site import begin  # noqa: PLC0415

    with ExitStack() as stack:
        count = 0

        def make(
            config: str | Path = "square",
            *,
            only: tuple[str, ...] | list[str] = (),
            start: str = "2026-06-10T10:00",
            seed: int = 1,
            real: bool = False,
        ) -> SimulatedSite:
            nonlocal count
            count += 1
            folder = tmp_path / f"site-{count}"
            folder.mkdir()
            return stack.enter_context(begin(config, folder, tuple(only), start, seed, real=real))

        yield make
