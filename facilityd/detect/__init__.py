"""Samples to findings: causal, three-valued, cheap. Knows no device and no protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facilityd.detect.engine import RuleEngine

__all__ = ["RuleEngine"]


def __getattr__(name: str) -> Any:
    """Import the engine when somebody asks for it: a command that only shows something loads no detector."""
    if name == "RuleEngine":
        from facilityd.detect.engine import RuleEngine

        return RuleEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
