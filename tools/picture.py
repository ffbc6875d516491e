"""Draw docs/demo.svg from a demo that is running: what the README shows is what was on the screen.

python tools/picture.py .facilityd/demo-…/square
"""

from __future__ import annotations

import io
import re
import sys
from html import unescape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console

from facilityd.cli.demo import view
from facilityd.cli.local_sink import LocalSink, ReceivedMessage
from facilityd.config.load import load
from facilityd.query.site import SiteQuery, open_journal
from facilityd.store.batch import Delivery

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "demo.svg"


def main() -> None:
    """Read the demo's journal and write the picture."""
    site = load(Path(sys.argv[1]))
    sink = LocalSink()
    with open_journal(site) as reader:
        for entry in reader.outbox():
            if entry.state is Delivery.ACCEPTED:
                notice = entry.notice
                kind, to = notice.channel.rsplit("-", 1)[-1], notice.recipient
                sink.told.append(ReceivedMessage(kind, to, notice.subject, notice.body))
        first = reader.sample(reader.samples_after(0, 1)[0]).at
        last = max(reader.sample(row).at for row in reader.latest())
    screen = Console(record=True, width=150, height=42, file=io.StringIO())
    screen.print(view(SiteQuery(site), "en", sink, (last - first) / 1e9, screen.size))
    drawn = screen.export_svg(title="make demo")
    # The picture stands on its own: no fonts from elsewhere.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    PICTURE.write_text(re.sub(r'textLength="([\d.]+)"([^>]*)>([^<]*)<', _widened, drawn), encoding="utf-8")


def _widened(found: re.Match[str]) -> str:
    """Give Chinese the two cells that it takes: rich counts one for each letter."""
    text = unescape(found[3])
    length = float(found[1]) * cell_len(text) / max(1, len(text))
    return f'textLength="{length:.1f}"{found[2]}>{found[3]}<'


main()
