"""The report as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape

from facilityd.model.text import Language
from facilityd.notify.texts import texts
from facilityd.query.kpi_tables import priority_word
from facilityd.query.report import SiteReport
from facilityd.query.report_ceremonies import CeremonyRow
from facilityd.query.report_table import ReportCell, ReportTable, report_sentence, report_word
from facilityd.query.report_tables import RUN_TONES, ReportPage, ReportTile
from facilityd.report.photos import photo_figures
from facilityd.report.style import STYLE
from facilityd.report.svg import day_bars, share_bar, strip
from facilityd.supervise.photos import PhotoFolder

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
FOLDED = 25
"""Rows from which on a table is folded."""
_OPEN = frozenset({"timeline"})
"""Tables that are what the page is for."""
WIDE = 4
"""Columns beyond which a row becomes a card on a phone."""
LONG = 40
"""Characters beyond which a cell takes a card's whole width."""
_HEADS = {"kpi": 1, "hazards": 3, "alarm-kinds": 1, "ceremony-exceptions": 0, "task-list": 2, "timeline": 6}
"""The column that is a card's heading, where it is not the first."""
_LANGUAGES = {"zh": "zh-CN", "en": "en"}
_COLOURS = ("critical", "high", "medium", "low")


def html_page(
    report: SiteReport, page: ReportPage, language: Language, photos: PhotoFolder | None = None
) -> str:
    """Return the page in one language; ``photos``: where those of tasks lie."""
    plots: Mapping[str, Callable[[SiteReport, Language], str]] = {
        "ceremonies": _ceremonies, "availability": _availability, "alarm-kinds": _days,
    }  # fmt: skip
    drawn = {one.id: plots[one.id](report, language) for one in page.tables if one.id in plots and one.rows}
    drawn["task-list"] = photo_figures(report, photos, language)
    return tables_page(page, language, drawn)


def tables_page(page: ReportPage, language: Language, plots: Mapping[str, str]) -> str:
    """Return any page of tables; ``plots``: HTML that stands above the table of that id."""
    body = [f"<h1>{escape(page.title)}</h1>", f'<p class="soft">{escape(page.window)}</p>']
    body += [f'<p class="note">{escape(note)}</p>' for note in page.notes]
    body.append(f'<div class="tiles">{"".join(map(_tile, page.tiles))}</div>')
    for table in page.tables:
        body.append(_section(table, plots.get(table.id, ""), page.nothing, language))
    if page.made:
        body.append(f"<footer>{escape(page.made)}</footer>")
    return (
        f'<!doctype html><html lang="{_LANGUAGES[language]}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<title>{escape(page.title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(body)}</main></body></html>\n"
    )


def _tile(tile: ReportTile) -> str:
    return (
        f'<div class="tile {tile.tone}"><span class="soft">{escape(tile.name)}</span>'
        f'<b>{escape(tile.value)}</b><span class="soft">{escape(tile.basis)}</span></div>'
    )


def _section(table: ReportTable, plot: str, nothing: str, language: Language) -> str:
    shown = _table(table) if table.rows else f"<p>{escape(nothing)}</p>"
    if len(table.rows) > FOLDED and table.id not in _OPEN:
        folded = report_sentence("rows", language, n=len(table.rows))
        shown = f"<details><summary>{escape(folded)}</summary>{shown}</details>"
    note = f'<p class="soft">{escape(table.note)}</p>' if table.note else ""
    return f'<section id="{table.id}"><h2>{escape(table.title)}</h2>{plot}{shown}{note}</section>'


def _table(table: ReportTable) -> str:
    numeric = [
        all(row[n].value is not None or row[n].shown in ("", "—") for row in table.rows)
        for n in range(len(table.columns))
    ]
    head = "".join(
        f"<th{' class=n' if numeric[n] else ''}>{escape(name)}</th>" for n, name in enumerate(table.columns)
    )
    lead = _HEADS.get(table.id, 0)
    rows = "".join(
        f"<tr>{''.join(_cell(table, n, cell, numeric[n], lead) for n, cell in enumerate(row))}</tr>"
        for row in table.rows
    )
    wide = " class=wide" if len(table.columns) > WIDE else ""
    return (
        f'<div class="scroll"><table{wide}><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _cell(table: ReportTable, n: int, cell: ReportCell, numeric: bool, lead: int) -> str:
    kinds = ["n"] if numeric else []
    kinds += ["head"] if n == lead else ["long"] if len(cell.shown) > LONG else []
    kinds += [cell.tone] if cell.tone else []
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    return f'<td{kind} data-label="{escape(table.columns[n])}">{escape(cell.shown)}</td>'


# --- plots -------------------------------------------------------------------------------------


def colour_key(entries: Iterable[tuple[str, str]]) -> str:
    """Return what colours mean, from (class, words)."""
    return "".join(
        ["<div class=key>", *(f"<span><i class={k}></i>{escape(t)}</span>" for k, t in entries), "</div>"]
    )


def axis(*texts_: str) -> str:
    """Return texts from left to right below a plot."""
    return f'<div class="axis">{"".join(f"<span>{escape(text)}</span>" for text in texts_)}</div>'


def _days(report: SiteReport, language: Language) -> str:
    """Return alarms by day, and what the colours mean."""
    days = [(day.day.isoformat(), day.alarms, day.watched) for day in report.days]
    most = max((sum(counts.values()) for _, counts, _ in days), default=0)
    said = report_sentence("pair", language, what=report_word("most-a-day", language), value=most)
    entries = [(name, priority_word(name, language)) for name in _COLOURS]
    entries.append(("dark", report_word("unwatched", language)))
    return colour_key(entries) + day_bars(days, said) + axis(days[0][0], said, days[-1][0])


def _availability(report: SiteReport, language: Language) -> str:
    entries = [("good", "available"), ("over", "down"), ("unknown", "no-answer")]
    rows = []
    for one in report.availability:
        if one.device or not one.observed:
            continue
        parts = (one.observed - one.down - one.unknown, one.down, one.unknown)
        shares = [(kind, part / one.observed) for (kind, _), part in zip(entries, parts, strict=True)]
        share = report_word("unknown", language) if one.share is None else f"{one.share:.2f} %"
        name = one.where.in_(language)
        rows.append(
            f"<span>{escape(name)}</span>{share_bar(shares, f'{name} {share}')}"
            f"<span class=n>{escape(share)}</span>"
        )
    key = colour_key((kind, report_word(word, language)) for kind, word in entries)
    return f'{key}<div class="bars">{"".join(rows)}</div>'


def _ceremonies(report: SiteReport, language: Language) -> str:
    """Return for each hoist and kind of ceremony one cell a day, by how it ran."""
    entries = [
        (RUN_TONES[name], report_word(f"run-{name}", language)) for name in ("on-time", "off-time", "unknown")
    ]
    entries[1] = (
        "over",
        "、".join((entries[1][1], report_word("run-not-seen", language)))
        if language == "zh"
        else (f"{entries[1][1]}, or {report_word('run-not-seen', language)}"),
    )
    parts = [colour_key(entries)]
    groups: dict[tuple[str, str], list[CeremonyRow]] = {}
    for row in report.ceremonies:
        groups.setdefault((row.device, row.name), []).append(row)
    for (_, name), rows in groups.items():
        about = {"what": rows[0].where.in_(language), "value": texts().readiness[name].in_(language)}
        title = report_sentence("pair", language, **about)
        cells = [
            (RUN_TONES[row.run], f"{report.window.shown(row.at)} {report_word(f'run-{row.run}', language)}")
            for row in rows
        ]
        parts.append(f'<p class="soft">{escape(title)}</p>{strip(cells, title)}')
        parts.append(axis(report.window.shown(rows[0].at)[:10], report.window.shown(rows[-1].at)[:10]))
    return "".join(parts)
