"""The Debian package, installed by dpkg into a clean root: it starts, checks a site and removes itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEM_PYTHON = Path("/usr/bin/python3")
STATUS = """\
Package: {name}
Status: install ok installed
Maintainer: nobody
Architecture: {architecture}
Version: {version}
Description: stands in for what the machine has

"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not SYSTEM_PYTHON.exists() or not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb and distribution's Python here: a Debian package cannot be built")
    source = tmp_path_factory.mktemp("deb") / "source"
    subprocess.run(("git", "clone", "--quiet", str(ROOT), str(source)), check=True)
    done = _run((sys.executable, str(source / "tools/deb/build.py")), timeout=280)
    return source / done.strip().splitlines()[-1]


def _run(words: Sequence[str], *, timeout: float = 60, **env: str) -> str:
    done = subprocess.run(
        words,
        check=False,
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd="/",
        env={**os.environ, **env},
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def _dpkg(root: Path, *words: str) -> str:
    """Run dpkg on another root; who is not root may own nothing there, so it is only told that they do."""
    command = ("dpkg", f"--root={root}", "--force-not-root", "--force-script-chrootless", *words)
    path = os.environ["PATH"] + ":/usr/sbin:/sbin"
    words = command if os.geteuid() == 0 else ("fakeroot", *command)
    return _run(words, timeout=200, PATH=path, LC_ALL="C")


def _clean_root(folder: Path) -> Path:
    """Return a root with nothing but the packages that facilityd depends on, by name."""
    known = folder / "var/lib/dpkg"
    for name in ("info", "updates", "triggers"):
        (known / name).mkdir(parents=True)
    architecture = _run(("dpkg", "--print-architecture")).strip()
    python = _run((str(SYSTEM_PYTHON), "-c", "import sys; print(*sys.version_info[:2], sep='.')")).strip()
    (known / "status").write_text(
        STATUS.format(name="python3", architecture=architecture, version=python)
        + STATUS.format(name="tzdata", architecture="all", version="2026a"),
        encoding="utf-8",
    )
    return folder


@pytest.mark.timeout(600)
def test_the_package_installs_runs_and_removes_itself(package: Path, tmp_path: Path) -> None:
    root = _clean_root(tmp_path / "root")
    _dpkg(root, "--install", str(package))
    assert "install ok installed" in _dpkg(root, "--status", "facilityd")

    python, command = root / "usr/lib/facilityd/bin/python", root / "usr/bin/facilityd"
    assert command.resolve() == (root / "usr/lib/facilityd/bin/facilityd").resolve()
    assert command.read_text(encoding="utf-8").startswith("#!/usr/lib/facilityd/bin/python\n")
    where = _run((str(python), "-c", "import facilityd, numpy; print(facilityd.__file__, numpy.__file__)"))
    assert where.count(str(root)) == 2, "nothing comes from this machine's own libraries"
    shutil.copytree(ROOT / "config/square", tmp_path / "square")
    # The first line names the place where it will be; here it is run from below the clean root.
    _run((str(python), str(command), "check", str(tmp_path / "square")))
    written = list((root / "usr/lib/facilityd").rglob("*.pyc"))
    assert len(written) > 1000, "compiled once, for users who may not write there"
    _run((str(python), "-m", "facilityd", "simulate", "run", "f04-strainer"), timeout=200)

    paths = [path for path in root.rglob("*") if path.is_file() and path.stat().st_size < 100_000]
    traces = [path for path in paths if b"/stage/usr/lib" in path.read_bytes()]
    assert traces == [], "no file names the folder of the build"

    _dpkg(root, "--remove", "facilityd")
    assert not command.is_symlink()
    assert not (root / "usr/lib/facilityd").exists()


def test_it_is_for_one_minor_version_of_python(package: Path) -> None:
    """Compiled libraries fit no other: dpkg refuses to set it up there."""
    major, minor = _run((str(SYSTEM_PYTHON), "-c", "import sys; print(*sys.version_info[:2])")).split()
    wanted = _run(("dpkg-deb", "--field", str(package), "Depends"))
    assert f"python3 (>= {major}.{minor}), python3 (<< {major}.{int(minor) + 1}~)" in wanted
    libraries = _run(("dpkg-deb", "--contents", str(package)))
    assert f".cpython-{major}{minor}-" in libraries
