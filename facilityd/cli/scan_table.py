"""What a scan found, as a technician reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text as Styled

from devices.profile import ModbusProfile
from facilityd.cli.output import console, say, styled, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.words import counted, sentence
from facilityd.model.scan_result import ScannedLink, ScannedUnit, ScanResult
from facilityd.model.text import Language

UNITS = (
    whole("device id", "站号", named=True),
    Column("answers like", "应答符合", least=20),
    Column("read", "读数", gives=1),
    Column("link", "链路"),
)


def show_scan(result: ScanResult, known: Mapping[str, ModbusProfile], language: Language) -> None:
    """Print what was found, what could not be asked and why, and what to do next."""
    rows = [
        (_id(unit, language), _like(unit, known, language), _read(unit, known), link.where)
        for link in result.links
        for unit in link.units
    ]
    if rows:
        there = sum(bool(unit.watched) for link in result.links for unit in link.units)
        title = counted(len(rows) - there, "answering", language)
        title += sentence("scan-there", language, count=there) if there else ""
        console().print(table(title, UNITS, rows, language=language))
    for line in _silences(result, language):
        say(line)
    if result.unopened:
        say(sentence("scan-unopened", language, count=result.unopened))
    for unit in (unit for link in result.links for unit in link.units):
        if not unit.watched and unit.certain and len(unit.fits) == 1:
            say(sentence("scan-next", language, profile=unit.fits[0]))
            break


def together(results: Sequence[ScanResult]) -> ScanResult:
    """Return several scans as one."""
    return ScanResult(
        complete=all(one.complete for one in results),
        unopened=sum(one.unopened for one in results),
        links=tuple(link for one in results for link in one.links),
        brokers=tuple(broker for one in results for broker in one.brokers),
    )


def _id(unit: ScannedUnit, language: Language) -> str:
    return sentence("scan-any-id", language, id=unit.device_id) if unit.any_id else str(unit.device_id)


def _like(unit: ScannedUnit, known: Mapping[str, ModbusProfile], language: Language) -> Styled:
    """Return which models a unit answers like; a nameless one is never said to be it."""
    if unit.watched:
        return styled(sentence("scan-watched", language, unit=unit.watched, models=", ".join(unit.fits)))
    if unit.garbled:
        return styled(sentence("scan-garbled", language), "medium")
    if not unit.fits:
        return styled(sentence("scan-unknown", language), "medium")
    if unit.likely and len(unit.fits) == 1:
        return styled(sentence("scan-likely", language, model=_named(unit.fits[0], known)), "low")
    if not unit.certain:
        return styled(sentence("scan-one-of", language, models=", ".join(unit.fits)), "low")
    named = (_named(name, known) for name in unit.fits)
    return styled(("；" if language == "zh" else "; ").join(named), calm=True)


def _named(name: str, known: Mapping[str, ModbusProfile]) -> str:
    model = known.get(name)
    return f"{name} ({model.maker} {model.model})" if model else name


def _read(unit: ScannedUnit, known: Mapping[str, ModbusProfile]) -> str:
    """Return what the identity probe read, with its units of measure."""
    model = known.get(unit.fits[0]) if unit.fits else None
    units = {name: point.unit for name, point in model.expanded.items()} if model else {}
    shown = (
        f"{point} {value if isinstance(value, str | bool) or value is None else f'{value:.6g}'} "
        f"{units.get(point, '')}".rstrip()
        for point, value in unit.read.items()
    )
    return ", ".join(shown)


def _silences(result: ScanResult, language: Language) -> Iterator[str]:
    """Yield what could not be asked, and where nobody answered, with what to look at."""
    ports: dict[str, list[ScannedLink]] = {}
    for link in result.links:
        ports.setdefault(link.serial_port or link.where, []).append(link)
    for where, tried in ports.items():
        for link in tried:
            if link.reason is not None:
                yield f"{link.where}: {link.reason.in_(language)}"
        if any(link.reason or any(not unit.watched for unit in link.units) for link in tried):
            continue
        if tried[0].name:
            yield sentence("scan-silent-watched", language, link=tried[0].name, ids=tried[0].ids)
            continue
        kind = "serial" if tried[0].serial_port else tried[0].protocol.removeprefix("modbus-")
        settings = ", ".join(f"{link.baudrate} 8{link.parity}1" for link in tried)
        yield sentence(f"scan-silent-{kind}", language, where=where, settings=settings, ids=tried[0].ids)
