"""A disk in memory for SQLite: it can be full, and its power can be cut."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw


@dataclass
class Content:
    """``now`` is what the machine sees; ``synced`` and then ``pending`` is what the medium may hold."""

    now: bytearray = field(default_factory=bytearray)
    synced: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)

    def write(self, offset: int, data: bytes) -> None:
        if len(self.now) < offset:
            self.now.extend(bytes(offset - len(self.now)))
        self.now[offset : offset + len(data)] = data
        self.pending.append((offset, bytes(data)))

    def truncate(self, size: int) -> None:
        del self.now[size:]
        self.pending.append((size, None))

    def sync(self) -> None:
        self.synced, self.pending = bytes(self.now), []

    def after_cut(self, chance: random.Random) -> Content:
        """What a reboot finds: the synced bytes and perhaps some later writes, the last one torn."""
        survivor = Content(bytearray(self.synced))
        kept = self.pending[: chance.randint(0, len(self.pending))] if chance.random() < 0.5 else []
        for number, (offset, data) in enumerate(kept):
            if data is None:
                survivor.truncate(offset)
            else:
                whole = number < len(kept) - 1
                survivor.write(offset, data if whole else data[: chance.randint(0, len(data))])
        survivor.sync()
        return survivor


class MemoryFile:
    """One open file; every call goes through the disk, which may have lost its power."""

    def __init__(self, disk: MemoryDisk, name: str) -> None:
        self.disk, self.name = disk, name
        self.content = disk.files.setdefault(name, Content())

    def xRead(self, amount: int, offset: int) -> bytes:
        self.disk.alive()
        return bytes(self.content.now[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self.disk.spend()
        if self.disk.used() + max(0, offset + len(data) - len(self.content.now)) > self.disk.quota():
            raise apsw.FullError("no space left on the disk in memory")
        self.content.write(offset, data)

    def xTruncate(self, size: int) -> None:
        self.disk.spend()
        self.content.truncate(size)

    def xSync(self, flags: int) -> None:
        self.disk.spend()
        self.content.sync()

    def xFileSize(self) -> int:
        return len(self.content.now)

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 512

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xClose(self) -> None:
        pass


class MemoryDisk(apsw.VFS):
    """Registered under ``name`` for as long as it lives. ``budget`` write operations until the power goes."""

    def __init__(self, name: str, files: dict[str, Content] | None = None) -> None:
        self.files = files or {}
        self.budget: int | None = None
        self.quota: Callable[[], float] = lambda: float("inf")
        self.name = name
        super().__init__(name, base="")

    def used(self) -> int:
        return sum(len(content.now) for content in self.files.values())

    def alive(self) -> None:
        if self.budget is not None and self.budget <= 0:
            raise apsw.IOError("the power is off")

    def spend(self) -> None:
        self.alive()
        if self.budget is not None:
            self.budget -= 1

    def cut(self, chance: random.Random) -> dict[str, Content]:
        """Return the files as a reboot finds them."""
        return {name: content.after_cut(chance) for name, content in self.files.items()}

    @contextmanager
    def connected(self, path: Path) -> Iterator[apsw.Connection]:
        """A connection to a copy of a file as it is now; the disk itself is not touched."""
        copies = {name: Content(bytearray(content.now)) for name, content in self.files.items()}
        copy = MemoryDisk(f"{self.name}-copy", copies)
        db = apsw.Connection(str(path), vfs=copy.name)
        try:
            db.pragma("locking_mode", "EXCLUSIVE")  # a VFS written in Python has no shared memory
            yield db
        finally:
            db.close()

    def xOpen(self, name: object, flags: list[int]) -> MemoryFile:
        self.alive()
        text = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        flags[1] = flags[0]
        return MemoryFile(self, text)

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self.files

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.spend()
        self.files.pop(filename, None)

    def xFullPathname(self, name: str) -> str:
        return name
