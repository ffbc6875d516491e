"""Whether an InfluxDB has what was filled into it: its own count of points, beside ours of lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from facilityd.store.backfill import BackfillState
from facilityd.store.influx_points import (
    SQL_CHANGES,
    SQL_COUNTS,
    flux_changes,
    flux_counts,
    flux_table,
    sql_name,
    sql_rows,
)
from facilityd.store.influx_query import InfluxQueryClient
from facilityd.store.line_protocol import series_key

_STEP = 86_400 * 10**9
"""Instants are counted a day at a time: an InfluxDB has them in memory meanwhile."""


@dataclass(frozen=True, slots=True)
class BackfillCheck:
    """``sent`` lines, ``there``: points of the same series and time; more, where others wrote there too.

    ``missing``: by series how many are not there.
    """

    sent: int
    there: int
    missing: dict[str, int]


def check_backfill(
    client: InfluxQueryClient, site: str, state: BackfillState, families: Iterable[str]
) -> BackfillCheck:
    """Return the counts. Raises UsageError where the InfluxDB does not tell."""
    found = Counter[str]()
    try:
        count = _by_sql if client.version() == 3 else _by_flux  # noqa: PLR2004
        for series, points in count(client, site, state, sorted(set(families))):
            found[series] += points
    except (ValueError, KeyError) as error:
        raise client.unexpected(error) from error
    missing = {name: sent - found[name] for name, sent in state.sent.items() if sent > found[name]}
    return BackfillCheck(state.lines, sum(found.values()), missing)


def _days(state: BackfillState) -> Iterator[tuple[int, int]]:
    since, end = state.first_at, state.last_at + 1
    while since < end and state.last_at:
        yield since, min(end, since + _STEP)
        since += _STEP


def _by_flux(
    client: InfluxQueryClient, site: str, state: BackfillState, _: Iterable[str]
) -> Iterator[tuple[str, int]]:  # fmt: skip
    bucket = client.settings.bucket
    for since, until in _days(state):
        lines = client.flux(flux_counts(bucket, site, since, until))
        for row in flux_table(lines, ("_measurement", "device", "unit", "points")):
            key = series_key(row["_measurement"], row["device"], site, row["unit"])
            yield key, int(row["points"])
    for row in flux_table(client.flux(flux_changes(bucket, site)), ("points",)):
        yield "alarm", int(row["points"])


def _by_sql(
    client: InfluxQueryClient, site: str, state: BackfillState, families: Iterable[str]
) -> Iterator[tuple[str, int]]:
    for since, until in _days(state):
        for family in families:
            asked = SQL_COUNTS.format(table=sql_name(family), since=since, until=until)
            for row in sql_rows(client.sql(asked, {"site": site})):
                yield series_key(family, row["device"], site, row["unit"]), int(row["points"])
    if state.sent.get("alarm"):
        for row in sql_rows(client.sql(SQL_CHANGES, {"site": site})):
            yield "alarm", int(row["points"])
