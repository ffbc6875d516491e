"""The journal's disk, folder and files."""

from __future__ import annotations

import getpass
import os
import pwd
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from facilityd.config.load import home_of
from facilityd.config.site import Site
from facilityd.doctor.verdict import Findings, ProbeResult
from facilityd.errors import FacilitydError
from facilityd.model.message import reason
from facilityd.model.plain import plain
from facilityd.store.reader import JournalReader

MIB = 2**20
LOW, FULL = 512, 64
"""MiB: the daemon's own alarm, and where nothing is stored any more."""
INODES = 1000
STUCK_S = 60.0
_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse.glusterfs", "ceph"})
_MEMORY = frozenset({"tmpfs", "ramfs"})
_PLAIN = frozenset({"vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk"})
_LEFT = (".damaged-", ".before-", ".replaced-", ".new", ".lost-", ".gone-")
SHOWN = 3


def disk(site: Site) -> Iterator[ProbeResult]:
    """Check the room, the inodes and the kind of file system below the journal."""
    said, journal = Findings("disk"), Path(site.store.path)
    folder = _existing(journal.parent)
    status, (kind, read_only) = os.statvfs(folder), file_system(folder)
    free = status.f_bavail * status.f_frsize / MIB
    more = max(0.0, site.store.max_size - _size(journal)) / MIB
    if read_only or status.f_flag & os.ST_RDONLY:
        yield said.fail("disk-read-only")
    if kind in _NETWORK:
        yield said.fail("disk-network", kind=kind)
    elif kind in _MEMORY:
        yield said.warn("disk-memory", kind=kind)
    elif kind in _PLAIN:
        yield said.warn("disk-plain", kind=kind)
    if status.f_files and status.f_favail < INODES:
        yield said.fail("disk-inodes", free=status.f_favail)
    if free < FULL:
        yield said.fail("disk-full", free=f"{free:.0f}")
    elif free < max(LOW, more):
        yield said.warn("disk-low", free=f"{free:.0f}", more=f"{more:.0f}")
    else:
        yield said.ok("disk-ok", kind=kind or "?", free=f"{free:.0f}")


def file_system(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> tuple[str, bool]:
    """Return the kind of file system that a folder is on, and whether it is read-only; "" if not told."""
    best, kind, read_only = "", "", False
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "", False
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, about = left.split(), right.split()
        if len(fields) < 6 or not about:  # noqa: PLR2004 - as proc(5) lays down
            continue
        point = fields[4].encode().decode("unicode_escape")
        if folder.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind, read_only = point, about[0], "ro" in fields[5].split(",")
    return kind, read_only


def permissions(site: Site, me: str = "") -> Iterator[ProbeResult]:
    """Check that the folder can be written to, and that its files are the user's and nobody else's."""
    said, journal, me = Findings("permissions"), Path(site.store.path), me or getpass.getuser()
    folder = journal.parent
    if not folder.is_dir():
        if home_of(Path(site.source)).resolve() not in folder.resolve().parents:
            yield said.fail("folder-missing", path=folder)
        return  # beside the site it is made at the first start
    found = [*_foreign(said, journal, me), *_open_to_all(said, journal)]
    if not os.access(folder, os.W_OK | os.X_OK):
        yield said.fail("folder-closed", user=me, path=folder, owner=owner_of(folder))
    elif not found:
        yield said.ok("permissions-ok", owner=owner_of(folder))
    yield from found


def _foreign(said: Findings, journal: Path, me: str) -> Iterator[ProbeResult]:
    """Yield files of somebody other than the folder's owner: left by a run as root, say."""
    owner = owner_of(journal.parent)
    for path in _ours(journal):
        if (whose := owner_of(path)) != owner:
            yield said.fail("file-foreign", path=path, owner=whose, user=owner or me)


def _open_to_all(said: Findings, journal: Path) -> Iterator[ProbeResult]:
    for path in (journal.parent, *_ours(journal)):
        mode = path.lstat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX and not stat.S_ISLNK(mode):
            yield said.fail("file-open", path=path, mode=f"{stat.S_IMODE(mode):o}")


def journal(site: Site) -> Iterable[ProbeResult]:
    """Check that the journal can be opened, is of this version and of this site."""
    said, path = Findings("journal"), Path(site.store.path)
    if not path.exists():
        return [said.warn("journal-none")]
    try:
        with JournalReader.open(path, site.id) as reader:
            reader.last_sample()
    except FacilitydError as error:
        hint = getattr(error, "hint", "") or "facilityd restore"
        return [said.fail("journal-unreadable", why=getattr(error, "what", "") or reason(error), hint=hint)]
    size, most = _size(path) / MIB, site.store.max_size / MIB
    return [said.ok("journal-ok", size=f"{size:.0f}", most=f"{most:.0f}")]


def leftovers(site: Site) -> Iterator[ProbeResult]:
    """Check for journals that were set aside, and for requests that nobody takes."""
    said, path = Findings("leftovers"), Path(site.store.path)
    old = [one for one in _ours(path) if any(mark in one.name for mark in _LEFT)]
    if old:
        names = [plain(one.name) for one in old[:SHOWN]] + (["…"] if len(old) > SHOWN else [])
        size = sum(one.lstat().st_size for one in old) / MIB
        yield said.warn("leftovers", count=len(old), size=f"{size:.0f}", names=", ".join(names))
    inbox = path.with_name(f"{path.name}.inbox")
    stuck = [one for one in inbox.glob("*.json") if time.time() - one.lstat().st_mtime > STUCK_S]
    if stuck:
        yield said.fail("requests-stuck", count=len(stuck), path=inbox)
    if not old and not stuck:
        yield said.ok("leftovers-ok")


def owner_of(path: Path) -> str:
    """Return whose a file is: the account's name, or its number. Raises OSError."""
    number = path.lstat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _ours(journal: Path) -> list[Path]:
    return sorted(journal.parent.glob(f"{journal.name}*"))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _existing(folder: Path) -> Path:
    """Return a folder, or the nearest above it that there is."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())
