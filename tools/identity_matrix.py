"""Write docs/identity-matrix.md: which model a scan names where each known model is simulated.

    python tools/identity_matrix.py

Every Modbus profile is one unit of a simulated gateway, its registers full of the model's own identity; a
scan asks them all on a real socket. A test plays the same and keeps the page current.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from devices.modbus.scan import LinkScan
from devices.profile import ModbusProfile
from devices.tables import profiles
from devices.unit import ModbusLink, every_point
from simulators.framing import MBAP
from simulators.modbus_tcp import TcpEndpoint
from simulators.register_map import RegisterMap

FILE = Path(__file__).resolve().parent.parent / "docs" / "identity-matrix.md"
TIMEOUT_S = 0.2
AT_ONCE = 12
"""Units of a scan: where very many answer, it takes them for one that does not look at the id."""
SURE, ALONE, ONE_OF = "●", "○", "·"
HEAD = f"""# Which model a scan names: the confusion matrix · 扫描识别型号的混淆矩阵

Made by `tools/identity_matrix.py`; a test keeps it current. A row is a simulated model, a column what
`facilityd scan` says of it.

| | | |
|---|---|---|
| {SURE} | named for sure | 确认 |
| {ALONE} | the only one that fits, known by registers alone: not sure | 只有它符合，但不能确认 |
| {ONE_OF} | one of several that fit: read the nameplate | 几个型号都符合，请看铭牌 |

每行是一个仿真的型号，每列是 `facilityd scan` 的结论。对角线以外只允许出现 {ONE_OF}。

"""


@dataclass(frozen=True, slots=True)
class Named:
    """What a scan says of one simulated model: those that fit, and whether it is sure."""

    fits: tuple[str, ...]
    certain: bool

    def mark(self, column: str) -> str:
        """Return what stands in a column."""
        if column not in self.fits:
            return ""
        if len(self.fits) > 1:
            return ONE_OF
        return SURE if self.certain else ALONE


async def named() -> dict[str, Named]:
    """Return what a scan says of every Modbus model, by profile id."""
    models = {name: one for name, one in sorted(profiles().items()) if isinstance(one, ModbusProfile)}
    ids = dict(enumerate(models, 1))
    maps = {number: RegisterMap(every_point(name, "", models[name])) for number, name in ids.items()}
    endpoint = TcpEndpoint(maps, framing=MBAP, gateway=True)
    endpoint.open()
    host, port = endpoint.address.rsplit(":", 1)
    try:
        link, found = ModbusLink("", "modbus-tcp", host, int(port)), dict[str, Named]()
        for few in _batched(ids):
            async for one in LinkScan(link, few, models, TIMEOUT_S).units():
                found[ids[one.device_id]] = Named(one.fits, one.certain)
        return found
    finally:
        endpoint.close()


def _batched(ids: Iterable[int]) -> Iterator[tuple[int, ...]]:
    rest = iter(ids)
    while few := tuple(islice(rest, AT_ONCE)):
        yield few


def text(found: dict[str, Named]) -> str:
    """Return the page."""
    numbers = {name: str(number) for number, name in enumerate(found, 1)}
    sure = sum(one.fits == (name,) and one.certain for name, one in found.items())
    wrong = sum(name not in one.fits for name, one in found.items())
    rows = [
        f"| {numbers[name]} | {name} | {' | '.join(one.mark(column) for column in found)} |"
        for name, one in found.items()
    ]
    head = f"| | | {' | '.join(numbers.values())} |\n|---|---|{'---|' * len(numbers)}\n"
    several = sum(name in one.fits and len(one.fits) > 1 for name, one in found.items())
    alone = len(found) - sure - several - wrong
    counts = f"{len(found)} models: {sure} {SURE}, {alone} {ALONE}, {several} {ONE_OF}"
    counts += f", **{wrong} named as another**."
    return HEAD + counts + "\n\n" + head + "\n".join(rows) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(asyncio.run(named())), encoding="utf-8")
