from collections.abc import Iterator

import pytest
from support import influx_server
from support.journals import Keeper, open_journal

from facilityd.store.reader import JournalReader


@pytest.fixture
def keeper(tmp_path):
    """A journal with one sink, and its writer."""
    journal = open_journal(tmp_path)
    journal.configure_sinks(["influx"])
    keeper = Keeper(journal)
    yield keeper
    keeper.close()


@pytest.fixture
def reader(keeper):
    with JournalReader.open(keeper.journal.path) as opened:
        yield opened


@pytest.fixture
def closed_clients() -> Iterator[None]:
    """Close the clients that a test made."""
    yield
    while influx_server.MADE:
        influx_server.MADE.pop().close()
