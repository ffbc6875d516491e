"""Build the Debian package: facilityd and all it needs, in an environment of its own.

Run by ``make deb``. The package is for the Python of the machine that builds it (that of the distribution,
/usr/bin/python3): compiled libraries fit one minor version, and the package's dependencies say so. Libraries
come from requirements/run.lock, with their hashes. Why so: docs/decisions/0091-debian-package.md.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLES = Path(__file__).parent
SYSTEM_PYTHON = Path(os.environ.get("DEB_PYTHON", "/usr/bin/python3"))
HOME = Path("usr/lib/facilityd")
LAUNCHER = """\
#!/{home}/bin/python
from facilityd.cli import main

raise SystemExit(main())
"""


def main() -> int:
    """Build into dist/ and print where the package is."""
    if not SYSTEM_PYTHON.exists():
        print(
            f"make deb needs the distribution's Python at {SYSTEM_PYTHON} (apt install python3)",
            file=sys.stderr,
        )
        return 1
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "stage"
        stage.mkdir(mode=0o755)
        _environment(stage / HOME)
        _documents(stage)
        package = _pack(stage)
    print(package.relative_to(ROOT))
    return 0


def _run(*words: str | Path, **more: str) -> str:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}
    done = subprocess.run(words, check=True, text=True, stdout=subprocess.PIPE, env=env)
    return done.stdout.strip()


def _environment(home: Path) -> None:
    """Make the environment: every library by its hash, then facilityd itself, compiled once for all users."""
    _run(SYSTEM_PYTHON, "-m", "venv", "--without-pip", home)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check")
    with tempfile.TemporaryDirectory() as wheels:
        build = (
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--disable-pip-version-check",
            "-w",
            wheels,
        )
        _run(sys.executable, "-m", "pip", *build, ROOT)
        (wheel,) = Path(wheels).glob("*.whl")
        _run(*pip, "install", "--no-compile", "--require-hashes", "-r", ROOT / "requirements" / "run.lock")
        _run(*pip, "install", "--no-compile", "--no-deps", wheel)
    for name in (home / "bin").iterdir():
        if not name.name.startswith("python"):
            name.unlink()  # scripts that carry the path of this build
    for record in home.rglob("direct_url.json"):
        record.unlink()  # it names this build's folder, as the line below does
    settings = home / "pyvenv.cfg"
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    settings.write_text("".join(one for one in lines if not one.startswith("command")), encoding="utf-8")
    launcher = home / "bin" / "facilityd"
    launcher.write_text(LAUNCHER.format(home=HOME), encoding="utf-8")
    launcher.chmod(0o755)
    # Nobody but root may write beside the modules; without this each start would compile them anew.
    compiles = ("-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash")
    _run(python, *compiles, "-s", home, "-p", f"/{HOME}", home / "lib")


def _documents(stage: Path) -> None:
    command = stage / "usr/bin/facilityd"
    command.parent.mkdir(parents=True)
    command.symlink_to("../lib/facilityd/bin/facilityd")
    shared = stage / "usr/share/doc/facilityd"
    shared.mkdir(parents=True)
    for name in ("README.md", "CHANGELOG.md", "SECURITY.md"):
        (shared / name).write_bytes((ROOT / name).read_bytes())
    for folder in ("docs", "config"):
        subprocess.run(("cp", "-r", ROOT / folder, shared), check=True)
    for shell in ("bash", "zsh"):
        places = {"bash": "bash-completion/completions/facilityd", "zsh": "zsh/vendor-completions/_facilityd"}
        file = stage / "usr/share" / places[shell]
        file.parent.mkdir(parents=True)
        program = stage / HOME / "bin/python"
        words = (program, "-m", "facilityd", "completion", shell)
        file.write_text(_run(*words) + "\n", encoding="utf-8")


def _pack(stage: Path) -> Path:
    """Write the control files and the package. Its bytes depend on nothing but what is packed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    major, minor = _run(SYSTEM_PYTHON, "-c", "import sys; print(*sys.version_info[:2])").split()
    files = sorted(path for path in stage.rglob("*") if path.is_file() and not path.is_symlink())
    size = sum(path.stat().st_size for path in files) // 1024
    sums = [f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(stage)}\n" for path in files]
    control = (TABLES / "control.in").read_text(encoding="utf-8").format(
        version=project["version"], architecture=_run("dpkg", "--print-architecture"), size=size,
        python=f"{major}.{minor}", after=f"{major}.{int(minor) + 1}",
    )  # fmt: skip
    debian = stage / "DEBIAN"
    debian.mkdir(mode=0o755)
    (debian / "control").write_text(control, encoding="utf-8")
    (debian / "md5sums").write_text("".join(sums), encoding="utf-8")
    for script in ("postinst", "prerm"):
        (debian / script).write_bytes((TABLES / script).read_bytes())
        (debian / script).chmod(0o755)
    subprocess.run(("chmod", "-R", "u+rwX,go+rX,go-w", stage), check=True)
    (ROOT / "dist").mkdir(exist_ok=True)
    name = f"facilityd_{project['version']}_{_run('dpkg', '--print-architecture')}.deb"
    at = _run("git", "-C", ROOT, "log", "-1", "--format=%ct")
    _run(
        "dpkg-deb",
        "--root-owner-group",
        "-Zzstd",
        "--build",
        stage,
        ROOT / "dist" / name,
        SOURCE_DATE_EPOCH=at,
    )
    return ROOT / "dist" / name


if __name__ == "__main__":
    sys.exit(main())
