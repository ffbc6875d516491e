"""A site of any number of links with one unit and one device each, of its own hardware and family."""

from __future__ import annotations

from pathlib import Path

_PROFILE = """\
profile: bench
protocol: modbus
maker: none
model: bench
manual: none
evidence: C
points:
{points}  model: {{address: 1000, doc: x, type: u32}}
identity: [{{point: model, equals: 65538}}]
golden: [{{point: v0, words: [0, 1], value: 1}}]
"""
_RECORD = """\
    cause: {zh: 甲, en: a}
    consequence: {zh: 乙, en: b}
    action: [{zh: 丙, en: c}]
    confirm: {zh: 丁, en: d}
    respond: 1h
    at_stake: asset
"""
_FAMILY = """\
family: bench
name: {{zh: 台, en: bench}}
signals:
{signals}rules:
  high:
    detect: {{kind: limit, signal: v0, above: 100000}}
    name: {{zh: 高, en: high}}
{record}  silent:
    detect: {{kind: silence}}
    name: {{zh: 无, en: silent}}
{record}"""


def write_large_site(
    folder: Path, units: int, *, values: int = 4, endpoint: str = "host: h{n}.invalid", period: str = "1s"
) -> Path:
    """Write a site with so many links, units and devices of ``values`` signals each; return its folder."""
    (folder / "profiles").mkdir(parents=True)
    (folder / "families").mkdir()
    names = [f"v{n}" for n in range(values)]
    points = "".join(f"  {name}: {{address: {2 * n}, doc: x, type: s32}}\n" for n, name in enumerate(names))
    signals = "".join(f"  {name}: {{type: int, name: {{zh: 值, en: value}}}}\n" for name in names)
    (folder / "profiles/bench.yaml").write_text(_PROFILE.format(points=points))
    (folder / "families/bench.yaml").write_text(_FAMILY.format(signals=signals, record=_RECORD))
    lines = ["site: {id: bench, name: {zh: 台, en: bench}, latitude: 40, longitude: 116, timezone: UTC}"]
    lines += [f"store: {{path: {folder}/journal.db}}", "links:"]
    lines += [f"  l{n}: {{protocol: modbus-tcp, {endpoint.format(n=n)}}}" for n in range(units)]
    lines += ["units:"]
    lines += [f"  u{n}: {{link: l{n}, profile: bench, device_id: 1, period: {period}}}" for n in range(units)]
    lines += ["devices:"]
    for n in range(units):
        bound = ", ".join(f"{name}: u{n}.{name}" for name in names)
        lines.append(f"  d{n}: {{family: bench, name: {{zh: 台, en: b}}, signals: {{{bound}}}}}")
    (folder / "site.yaml").write_text("\n".join(lines) + "\n")
    return folder
