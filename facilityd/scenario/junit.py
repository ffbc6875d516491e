"""Results as JUnit XML, as CI systems read it: one suite per scenario, one case per expectation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from facilityd.scenario.run import ScenarioResult


def write(results: Sequence[ScenarioResult], path: Path) -> None:
    """Write one file. Raises OSError."""
    suites = ET.Element("testsuites", name="facilityd scenarios", time=f"{sum(r.took for r in results):.3f}")
    for result in results:
        suites.append(_suite(result))
    ET.indent(suites)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)


def _suite(result: ScenarioResult) -> ET.Element:
    failed = sum(not check_result.ok for check_result in result.check_results)
    cases = max(1, len(result.check_results))
    suite = ET.Element(
        "testsuite", name=result.scenario, tests=str(cases), failures=str(failed),
        errors=str(int(bool(result.error))), skipped="0", time=f"{result.took:.3f}", file=result.file,
    )  # fmt: skip
    for check_result in result.check_results:
        case = ET.SubElement(
            suite, "testcase", classname=result.scenario, name=check_result.sentence, file=check_result.place
        )
        if not check_result.ok:
            failure = ET.SubElement(case, "failure", message=check_result.happened, type="expectation")
            failure.text = result.explain(check_result)
    if result.error:
        case = ET.SubElement(suite, "testcase", classname=result.scenario, name="plays to its end")
        ET.SubElement(case, "error", message=result.error.splitlines()[-1], type="error").text = result.error
    return suite
