"""Write docs/findings.md: every rule as a crew member reads it, with a real example from a story.

    python tools/findings.py            # the page, from the families and tools/findings_examples.json
    python tools/findings.py --gather   # first play every shipped story and keep an example of each alarm
    python tools/findings.py --gather l02-gear-missing …     # only these, added to those kept

Gathering takes a minute or two; the page itself takes none, so that a test can hold it current.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[1]

from devices.family import Family
from devices.tables import families
from facilityd.model.finding import Evidence
from facilityd.model.rule import Rule
from facilityd.model.sample import NS, SignalType
from facilityd.model.text import Language
from facilityd.notify.evidence_text import EvidenceFormatter
from facilityd.notify.sparkline import blocks
from facilityd.notify.texts import texts
from facilityd.notify.value_text import format_span, format_value
from facilityd.scenario.load import find, load
from facilityd.scenario.play import PlayResult, play, runtime_of
from facilityd.scenario.run_log import RunLog
from facilityd.store.reader import JournalReader

PAGE, EXAMPLES = ROOT / "docs" / "findings.md", ROOT / "tools" / "findings_examples.json"
ORDER = (
    "hoist", "flagpole", "fountain", "lighting", "weather", "forecast", "contact", "link", "group", "channel",
    "daemon",
)  # fmt: skip
POINTS = 48
AFTER = 300 * NS
"""How long the plot goes on after the alarm, in ns."""
HEAD = """# Every finding, as the crew reads it 全部判断

Made by `tools/findings.py` from `devices/families/`; a test keeps it current. {rules} rules, {shown} of them
with a real example: the device, the sentence and the plot are from the shipped story named beside it
(`facilityd simulate run NAME` plays it again). The plot is the guilty signal from its lowest to its highest
value; `|` is where the alarm was raised, a blank is no good value.

本页由 `tools/findings.py` 从 `devices/families/` 生成。{rules} 条规则，其中 {shown} 条附有实例：
设备、语句和曲线来自所列场景，可用 `facilityd simulate run 名称` 重放。曲线为主因信号，`|` 处为报警时刻，
空白为无有效数据。
"""

Example = dict[str, Any]


def text() -> str:
    """Return the page."""
    known = families(None)
    examples = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    rules = sum(len(family.rules) for family in known.values())
    shown = sum(f"{name}/{rule}" in examples for name, family in known.items() for rule in family.rules)
    lines = [HEAD.format(rules=rules, shown=shown)]
    for name in (*(n for n in ORDER if n in known), *sorted(set(known) - set(ORDER))):
        lines += _family(known[name], examples)
    return "\n".join(lines).rstrip() + "\n"


def _family(family: Family, examples: Mapping[str, Example]) -> Iterator[str]:
    yield f"## {family.name.zh} {family.name.en}\n"
    ranked = sorted(family.rules.items(), key=lambda item: (_number(item[1].fault), item[0]))
    for name, rule in ranked:
        yield from _rule(family, name, rule, examples.get(f"{family.family}/{name}"))


def _number(fault: str) -> tuple[str, int]:
    return (fault[:1], int(fault[1:])) if fault[1:].isdigit() else ("~", 0)


def _rule(family: Family, name: str, rule: Rule, example: Example | None) -> Iterator[str]:
    number = f"{rule.fault} " if rule.fault else ""
    yield f"### {number}`{name}`\n"
    yield f"{_record(rule, 'zh')}  \n{_record(rule, 'en')}\n"
    for language in ("zh", "en"):
        yield "\n".join(_message(family, rule, example, "zh" if language == "zh" else "en"))
        yield ""
    if example is None:
        yield "*尚无实例 no story shows it yet*\n"
        return
    yield f"    {_spark(example['plot'], example['mark'])}\n"
    yield f"{_caption(family, example)}\n"


def _record(rule: Rule, language: Language) -> str:
    priority = texts().priority[rule.priority.name.lower()].in_(language)
    respond = format_span(rule.respond / NS, language)
    kind = rule.detect.kind
    if language == "zh":
        return f"优先级 {priority}，{respond}内处理；方法 {kind}"
    return f"priority {priority}, act within {respond}; kind {kind}"


def _message(family: Family, rule: Rule, example: Example | None, language: Language) -> Iterator[str]:
    """The subject, the evidence, what to do first, how to confirm: the parts of a notice that matter."""
    device = example["device"][language] if example else family.name.in_(language)
    priority = texts().priority[rule.priority.name.lower()].in_(language)
    subject = texts().subject["raised"].in_(language)
    yield f"> **{subject.format(priority=priority, device=device, rule=rule.name.in_(language))}**  "
    if example:
        formatter = EvidenceFormatter(family.signals, language, ZoneInfo(example["zone"]))
        yield f"> {formatter.evidence(Evidence.from_dict(example['evidence']))}  "
    first, check = ("首要措施：", "现场核实：") if language == "zh" else ("Do first: ", "Check on site: ")
    yield f"> {first}{rule.action[0].in_(language)}  "
    yield f"> {check}{rule.confirm.in_(language)}"


def _spark(values: Sequence[float | None], mark: int) -> str:
    known = [value for value in values if value is not None]
    line = blocks(values, min(known, default=0.0), max(known, default=0.0))
    return f"{line[:mark]}|{line[mark:]}"


def _caption(family: Family, example: Example) -> str:
    signal = family.signals.get(example["evidence"]["signal"])
    known = [value for value in example["plot"] if value is not None]
    if signal is None or not known:
        return f"`{example['scenario']}`"
    kind = bool if signal.type is SignalType.BOOL else float
    low, high = (format_value(kind(edge), signal, signal.unit, "en") for edge in (min(known), max(known)))
    span = format_span(example["span_s"], "en")
    return f"{signal.name.zh} {signal.name.en}: {low} … {high}, {span}; `{example['scenario']}`"


def gather(stories: Iterable[Path]) -> dict[str, Example]:
    """Play the stories; return an example of each rule that was raised, a cause before a consequence."""
    found: dict[str, Example] = {}
    spare: dict[str, Example] = {}
    for path in stories:
        with tempfile.TemporaryDirectory() as kept:
            outcome = play(load(path), runtime_of(real=False), Path(kept), None, lambda _: None)
            with RunLog.open(outcome.script, outcome.journal) as run_log:
                for key, mere, example in _examples(run_log, outcome):
                    (spare if mere else found).setdefault(key, example)
    return dict(sorted({**spare, **found}.items()))


def _examples(run_log: RunLog, outcome: PlayResult) -> Iterator[tuple[str, bool, Example]]:
    with JournalReader.open(outcome.journal) as reader:
        for alarm in run_log.alarms:
            if alarm.evidence is None:
                continue
            device = run_log.devices[alarm.device]
            since = max(run_log.start, alarm.raised - max(1800 * NS, (alarm.raised - run_log.start) // 2))
            until = min(run_log.end, alarm.raised + AFTER)
            points = list(reader.history(alarm.device, alarm.evidence.signal, since, until))
            example = {
                "scenario": outcome.script.scenario.scenario,
                "device": {"zh": device.name.zh, "en": device.name.en},
                "zone": outcome.script.site.timezone,
                "evidence": alarm.evidence.as_dict(),
                "span_s": round((until - since) / NS),
                "mark": (alarm.raised - since) * POINTS // max(1, until - since),
                "plot": list(_bins(points, since, until)),
            }
            yield f"{device.family.family}/{alarm.rule}", bool(alarm.cause), example


def _bins(points: Iterable[Any], since: int, until: int) -> Iterator[float | None]:
    """The last good value in each part of the time; one that is missing in between is the one before."""
    held = [(at, value if reason is None else None) for at, value, reason in points]
    value: float | None = None
    index = 0
    for n in range(1, POINTS + 1):
        edge = since + (until - since) * n // POINTS
        while index < len(held) and held[index][0] < edge:
            value = None if held[index][1] is None else float(f"{float(held[index][1]):.4g}")
            index += 1
        yield value


if __name__ == "__main__":
    if "--gather" in sys.argv:
        names = tuple(sys.argv[sys.argv.index("--gather") + 1 :])
        kept = json.loads(EXAMPLES.read_text(encoding="utf-8")) if names else {}
        stories = [path for path in find(names or ("all",)) if path.parent.name != "healthy"]
        kept = dict(sorted((kept | gather(stories)).items()))
        rows = (f"{json.dumps(key)}: {json.dumps(one, ensure_ascii=False)}" for key, one in kept.items())
        EXAMPLES.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
    if "--check" in sys.argv:
        sys.exit(PAGE.read_text(encoding="utf-8") != text())
    PAGE.write_text(text(), encoding="utf-8")
