"""The image and the compose files, without a builder: linted, held against their schema and against this program."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema.validators
import pytest
import yaml

from facilityd.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "Containerfile"
COMPOSE = sorted(path.name for path in ROOT.glob("compose*.yaml"))
HADOLINT = Path(sys.executable).with_name("hadolint")


def instructions(text: str) -> list[tuple[str, str]]:
    """Return instruction and words, each on one line, without comments."""
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    whole = re.sub(r"\\\n\s*", "", lines)
    return [
        (line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in whole.splitlines() if line.strip()
    ]


def last(name: str) -> str:
    return [words for instruction, words in instructions(CONTAINERFILE.read_text()) if instruction == name][
        -1
    ]


def lint(text: str) -> list[str]:
    """Return the codes of hadolint's findings."""
    words = [str(HADOLINT), "--no-color", "--format", "json", "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False, timeout=60)
    return [one["code"] for one in json.loads(done.stdout)]


def test_hadolint_finds_nothing() -> None:
    assert lint(CONTAINERFILE.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("USER 10001:10001", "USER root", "DL3002"),
        ("python:3.11-slim-bookworm\n\nFROM ${BASE} AS build", "x\n\nFROM python AS build", "DL3006"),
        ('CMD ["run", "/site"]', "CMD run /site", "DL3025"),
        ("RUN groupadd", "RUN apt-get install -y curl && groupadd", "DL3008"),
        ("WORKDIR /site", "WORKDIR site", "DL3000"),
    ],
)
def test_hadolint_finds_what_would_be_wrong(old: str, new: str, code: str) -> None:
    text = CONTAINERFILE.read_text()
    assert text.count(old) == 1
    assert code in lint(text.replace(old, new))


def test_nobody_is_root_and_the_base_has_a_version() -> None:
    assert int(last("USER").partition(":")[0]) > 0
    base = next(words for name, words in instructions(CONTAINERFILE.read_text()) if name == "ARG").partition(
        "="
    )[2]
    assert re.fullmatch(r"docker\.io/library/python:3\.11-slim-[a-z]+|.+@sha256:[0-9a-f]{64}", base)


def test_every_library_is_installed_by_its_hash_and_ours_asks_no_index() -> None:
    runs = [words for name, words in instructions(CONTAINERFILE.read_text()) if name == "RUN"]
    installs = [one for run in runs for one in run.split("&&") if " install " in one and "pip" in one]
    assert len(installs) == 3
    for one in installs:
        assert "--require-hashes" in one or "--no-index" in one, one


def test_what_it_starts_and_how_it_is_asked_are_commands_of_ours() -> None:
    entry, command = json.loads(last("ENTRYPOINT")), json.loads(last("CMD"))
    check = json.loads(last("HEALTHCHECK").partition(" CMD ")[2])
    assert (entry, command[0] in COMMANDS) == (["facilityd"], True)
    assert (check[0], check[1]) == ("facilityd", "health")
    assert check[2] == command[1] == last("WORKDIR")


def test_what_is_copied_is_there_and_let_through_and_nothing_else_is() -> None:
    wanted = {
        source
        for name, words in instructions(CONTAINERFILE.read_text())
        if name == "COPY" and not words.startswith("--from")
        for source in words.split()[:-1]
    }
    assert [source for source in wanted if not (ROOT / source).exists()] == []
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    assert rules[0] == "*", "everything stays outside but what is named"
    assert {line[1:] for line in rules if line[0] == "!"} == wanted


def test_the_copied_files_make_the_wheel(tmp_path: Path) -> None:
    """The build stage's own words, run here: what the image would lack makes it fail."""
    for source in (
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ):
        target = tmp_path / "source" / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(
                ROOT / source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(ROOT / source, target)
    words = [
        "pip",
        "wheel",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        tmp_path,
        ".",
    ]
    subprocess.run([sys.executable, "-m", *map(str, words)], cwd=tmp_path / "source", check=True, timeout=110)
    (wheel,) = tmp_path.glob("*.whl")
    into = [
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
        "--target",
        tmp_path / "site",
        wheel,
    ]
    subprocess.run([sys.executable, "-m", *map(str, into)], check=True, timeout=110)
    assert (tmp_path / "site" / "facilityd" / "schemas" / "site.json").is_file()
    assert (tmp_path / "site" / "facilityd" / "query" / "docs" / "commands.md").is_file()
    done = subprocess.run(
        [sys.executable, "-P", "-m", "facilityd", "health", "--help"],
        cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60,
        env={"PYTHONPATH": str(tmp_path / "site"), "LANG": "C.UTF-8"},
    )  # fmt: skip
    assert "daemon of a SITE watches" in done.stdout


@cache
def schema() -> Any:
    text = (
        files("check_jsonschema")
        .joinpath("builtin_schemas", "vendor", "compose-spec.json")
        .read_text("utf-8")
    )
    found = json.loads(text)
    return jsonschema.validators.validator_for(found)(found)


def mistakes(compose: Any) -> list[str]:
    return [one.message for one in schema().iter_errors(compose)]


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_are_what_their_schema_says(name: str) -> None:
    assert mistakes(yaml.safe_load((ROOT / name).read_text())) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("read_only: true", "readonly: true"),
        ("restart: unless-stopped", "restart: 5"),
        ("condition: service_started", "condition: started"),
    ],
)
def test_the_schema_finds_a_slip(old: str, new: str) -> None:
    text = (ROOT / "compose.site.yaml").read_text()
    assert text.count(old) == 1
    assert mistakes(yaml.safe_load(text.replace(old, new)))


def test_the_site_s_containers_run_our_image_and_our_commands() -> None:
    services = yaml.safe_load((ROOT / "compose.site.yaml").read_text())["services"]
    assert {one["build"]["dockerfile"] for one in services.values()} == {"Containerfile"}
    assert {one["user"] for one in services.values()} == {last("USER")}
    assert [one["command"][0] for one in services.values() if "command" in one] == ["serve"]
    assert all(
        volume.endswith((":ro", ":/var/lib/facilityd"))
        for one in services.values()
        for volume in one["volumes"]
    )


def _builder() -> str:
    for name in ("podman", "docker"):
        if (
            shutil.which(name)
            and subprocess.run([name, "info"], capture_output=True, check=False).returncode == 0
        ):
            return name
    pytest.skip("no podman and no docker daemon here: the image is linted, not built")


@pytest.mark.timeout(900)
def test_where_there_is_a_builder_the_image_runs_read_only(tmp_path: Path) -> None:
    builder = _builder()
    build = [builder, "build", "-q", "-f", str(CONTAINERFILE), "-t", "facilityd-test", str(ROOT)]
    subprocess.run(build, check=True, timeout=800)
    run = [builder, "run", "--rm", "--read-only", "--cap-drop", "ALL", "--network", "none", "facilityd-test"]
    done = subprocess.run([*run, "hardware", "chint"], check=True, capture_output=True, text=True, timeout=60)
    assert "chint_dtsu666" in done.stdout
