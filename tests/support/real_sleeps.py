"""Finds sleeps in real time: tests that wait for a time to pass instead of for a condition."""

from __future__ import annotations

import ast
from collections.abc import Iterator

FREE = "in_virtual_time"


def real_sleeps(code: ast.AST, *, free: bool = False) -> Iterator[int]:
    """Iterate over the lines that sleep in real time.

    What sleeps in a ``while`` looks again and again for a condition; in virtual time nobody waits.
    """
    for node in ast.iter_child_nodes(code):
        inner = free or isinstance(node, ast.While)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inner = any(getattr(one, "id", "") == FREE for one in node.decorator_list)
        if isinstance(node, ast.Call) and not free and _sleeps(node):
            yield node.lineno
        yield from real_sleeps(node, free=inner)


def _sleeps(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name == "sleep" and not (isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
