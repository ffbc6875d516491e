"""The report of a story: what was expected, what happened, and all signals on one time axis. One file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Protocol
from zoneinfo import ZoneInfo

from facilityd.model.measure import spell_duration
from facilityd.scenario.checks import CheckResult
from facilityd.scenario.load import LoadedScenario
from facilityd.scenario.plot import Axis, Bar, lanes, line
from facilityd.scenario.run_log import AlarmOccurrence, RunLog

MOST = 14
"""Signals in one report."""
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2733;--paper:#fff;--faint:#d9dee4;--good:#1a7f4b;--bad:#b3261e;
--line:#1f6fb2}
@media(prefers-color-scheme:dark){:root{--ink:#e4e8ec;--paper:#14181d;--faint:#39424c;--good:#57c98c;
--bad:#ff8a80;--line:#74b7f0}}
body{font:15px/1.5 system-ui,"Noto Sans CJK SC",sans-serif;color:var(--ink);background:var(--paper);
margin:2rem auto;max-width:1140px;padding:0 1rem}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid var(--faint);padding:.35rem .6rem;text-align:left;vertical-align:top}
.ok{color:var(--good)}.no{color:var(--bad);font-weight:600}svg{display:block;max-width:100%;height:auto}
.label{fill:var(--ink);font-size:11px;text-anchor:end}.unit{opacity:.6}.box{fill:none;stroke:var(--faint)}
.signal{fill:none;stroke:var(--line);stroke-width:1.3}
.mark{stroke:var(--bad);stroke-dasharray:3 3;opacity:.6}
.act{fill:#c98a1b}.alarm{fill:var(--bad)}
"""


def page(
    script: LoadedScenario,
    run_log: RunLog,
    steps: Sequence[tuple[int, str]],
    check_results: Sequence[CheckResult],
    *,
    seed: int,
    took: float,
) -> str:
    """Return one HTML page that needs nothing else."""
    scenario = script.scenario
    ok = all(check_result.ok for check_result in check_results)
    head = (
        f"<h1>{escape(scenario.name.zh)}<br>{escape(scenario.name.en)}</h1>"
        f'<p class="{"ok" if ok else "no"}">{"通过 passed" if ok else "未通过 FAILED"}</p>'
        f"<p>{escape(scenario.scenario)} · {escape(scenario.site)} · seed {seed} · "
        f"{escape(scenario.start)} · {spell_duration(scenario.duration)} in {took:.1f} s</p>"
    )
    parts = [
        head,
        _expectations(check_results),
        _plots(script, run_log, steps, check_results),
        _alarms(run_log),
        _steps(run_log, steps),
    ]
    return document(f"{scenario.scenario}: {'passed' if ok else 'FAILED'}", "".join(parts))


def document(title: str, body: str) -> str:
    """Return one HTML page that needs nothing else."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def _expectations(check_results: Sequence[CheckResult]) -> str:
    rows = "".join(
        f'<tr><td class="{"ok" if j.ok else "no"}">{"✓" if j.ok else "✗"}</td><td>{escape(j.sentence)}</td>'
        f"<td>{escape(j.happened)}</td><td>{escape(_short(j.place))}</td></tr>"
        for j in check_results
    )
    head = "<tr><th></th><th>预期 expected</th><th>结果 happened</th><th>位置 place</th></tr>"
    return f"<h2>预期 Expectations</h2><table>{head}{rows}</table>"


def _short(place: str) -> str:
    return place.rsplit("/", 1)[-1]


def _plots(
    script: LoadedScenario,
    run_log: RunLog,
    steps: Sequence[tuple[int, str]],
    check_results: Sequence[CheckResult],
) -> str:
    axis = Axis(run_log.start, run_log.end)
    marks = sorted({at for at, _ in steps} | {alarm.raised for alarm in run_log.alarms[:20]})
    bars = [Bar(at, at, text[:24], f"{text}, {run_log.clock(at)}", "act") for at, text in steps]
    bars += [_bar(run_log, alarm) for alarm in run_log.alarms[:20]]
    plots = [lanes(axis, bars)] if bars else []
    for device, signal in _shown(script, run_log, check_results):
        about = run_log.devices[device].family.signals[signal]
        series = run_log.series(device, signal, run_log.start, run_log.end)
        plots.append(line(axis, f"{device}.{signal}"[:26], about.unit, series, marks))
    return f"<h2>信号 Signals</h2>{''.join(plots)}{_hours(run_log)}"


def _bar(run_log: RunLog, alarm: AlarmOccurrence) -> Bar:
    said = " / ".join(_evidence(run_log, alarm, language) for language in ("zh", "en"))
    until = run_log.end if alarm.cleared is None else alarm.cleared
    return Bar(alarm.raised, until, f"{alarm.rule} {alarm.device}"[:24], said, "alarm")


def _hours(run_log: RunLog) -> str:
    return f"<p>{run_log.clock(run_log.start)} – {run_log.clock(run_log.end)}</p>"


def _shown(
    script: LoadedScenario, run_log: RunLog, check_results: Sequence[CheckResult]
) -> list[tuple[str, str]]:
    """Return the signals worth a plot: those asked for, around failures, behind alarms."""
    asked = [tuple(name.split(".", 1)) for name in script.scenario.plot]
    failed = [pair for j in check_results if not j.ok for pair in j.around]
    behind = [pair for alarm in run_log.alarms for pair in run_log.inputs(alarm.device, alarm.rule)]
    met = [pair for j in check_results for pair in j.around]
    known = run_log.bound()
    wanted = dict.fromkeys((*asked, *failed, *behind, *met))
    return [(device, signal) for device, signal in wanted if (device, signal) in known][:MOST]


def _evidence(run_log: RunLog, alarm: AlarmOccurrence, language: str) -> str:
    if alarm.evidence is None:
        return ""
    return run_log.speak(alarm.device, alarm.evidence, "zh" if language == "zh" else "en")


def _alarms(run_log: RunLog) -> str:
    if not run_log.alarms:
        return "<h2>报警 Alarms</h2><p>无 none</p>"
    told = [alarm for alarm in run_log.alarms if alarm.told is not None]
    hidden = [alarm for alarm in run_log.alarms if alarm.told is None]
    return _table(run_log, told, "已通知的报警 Alarms told", "") + (
        _table(
            run_log,
            hidden,
            "作为后果被抑制、未通知 Suppressed as consequences, told to nobody",
            "起因 because of",
        )
        if hidden
        else ""
    )


def _table(run_log: RunLog, alarms: Sequence[AlarmOccurrence], title: str, cause: str) -> str:
    """Return one kind of alarms; with ``cause`` also what each was suppressed by."""
    if not alarms:
        return f"<h2>{title}</h2><p>无 none</p>"
    rows = "".join(_alarm(run_log, alarm, because=bool(cause)) for alarm in alarms[:200])
    head = "<tr><th>时间 raised</th><th>报警 alarm</th><th>依据 evidence</th><th>解除 cleared</th>"
    head += f"<th>{cause}</th></tr>" if cause else "</tr>"
    return f"<h2>{title} ({len(alarms)})</h2><table>{head}{rows}</table>"


def _alarm(run_log: RunLog, alarm: AlarmOccurrence, *, because: bool) -> str:
    device = run_log.devices[alarm.device]
    rule = device.family.rules[alarm.rule]
    name = f"{device.name.zh} {rule.name.zh}<br>{escape(device.name.en)}: {escape(rule.name.en)}"
    said = f"{escape(_evidence(run_log, alarm, 'zh'))}<br>{escape(_evidence(run_log, alarm, 'en'))}"
    over = "" if alarm.cleared is None else run_log.clock(alarm.cleared)
    cells = [run_log.clock(alarm.raised), name, said, over]
    if because:
        causes = [rule for rule in dict.fromkeys(alarm.suppressed_by) if rule in device.family.rules]
        names = [device.family.rules[rule].name for rule in causes]
        cells.append("<br>".join(f"{escape(one.zh)}<br>{escape(one.en)}" for one in names))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _steps(run_log: RunLog, steps: Sequence[tuple[int, str]]) -> str:
    rows = "".join(f"<tr><td>{run_log.clock(at)}</td><td>{escape(text)}</td></tr>" for at, text in steps)
    return f"<h2>经过 What happened to the site</h2><table>{rows}</table>" if steps else ""


class StoryResult(Protocol):
    """What an index says of a story."""

    @property
    def scenario(self) -> str:
        """Its id."""

    @property
    def ok(self) -> bool:
        """Whether it passed."""

    @property
    def took(self) -> float:
        """Real time, s."""

    @property
    def error(self) -> str:
        """Why it could not be played."""

    @property
    def page(self) -> str:
        """Its report."""


def index(results: Iterable[StoryResult]) -> str:
    """Return the page that leads to the reports."""
    told = sorted(results, key=lambda result: (result.ok, result.scenario))
    rows = "".join(
        f'<tr><td class="{"ok" if r.ok else "no"}">{"✓" if r.ok else "✗"}</td>'
        f'<td><a href="{escape(r.page)}">{escape(r.scenario)}</a></td><td>{r.took:.1f} s</td>'
        f"<td>{escape(r.error)}</td></tr>"
        for r in told
    )
    passed = sum(r.ok for r in told)
    made = datetime.now(ZoneInfo("UTC")).strftime("%Y-%m-%d %H:%M UTC")
    return document(
        "facilityd scenarios", f"<h1>{passed} / {len(told)}</h1><p>{made}</p><table>{rows}</table>"
    )
