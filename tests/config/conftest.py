"""What the yard's files ask of the environment."""

import pytest


@pytest.fixture
def yard_environment(monkeypatch):
    """The variable that the yard's secret is in, and none of those that only a mistake names."""
    monkeypatch.setenv("YARD_TOKEN", "s3cret")
    for name in ("YARD_PORT", "YARD_HOST"):
        monkeypatch.delenv(name, raising=False)
