"""What a full disk has kept out of the journal so far: alarms of which people were notified."""

from __future__ import annotations

from pathlib import Path

from facilityd.config.site import Site
from facilityd.pipeline.spilled import MARK, Spilled
from facilityd.store.reader import JournalReader
from facilityd.store.spill import Spill


def outstanding(site: Site, reader: JournalReader) -> Spilled | None:
    """Return it; None where the journal has everything."""
    return Spilled.outstanding(Spill(Path(site.store.path)).read(), reader.meta(MARK))
