"""Where tests reach into an object behind its public names."""

from __future__ import annotations

import ast
from collections.abc import Iterator

OWN = ("self", "cls", "os")
"""What is one's own is no reaching in; ``os._exit`` is public in spite of its name."""
NAMED_TUPLE = {"_asdict", "_fields", "_field_defaults", "_make", "_replace"}


def private_accesses(code: ast.AST) -> Iterator[int]:
    """Iterate over the lines that read, call or set an attribute whose name begins with one underscore."""
    for node in ast.walk(code):
        if isinstance(node, ast.Attribute) and _is_private(node.attr) and not _is_own(node.value):
            yield node.lineno


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in NAMED_TUPLE


def _is_own(value: ast.expr) -> bool:
    if isinstance(value, ast.Call):
        return getattr(value.func, "id", "") == "super"
    return isinstance(value, ast.Name) and value.id in OWN
