"""facilityd user: who may use the HTTP API, and their tokens."""

from __future__ import annotations

import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import click

from facilityd.cli.arguments import one_site
from facilityd.cli.language import chosen, lang_option
from facilityd.cli.output import console, json_option, print_json, say, table
from facilityd.cli.text_table import Column, whole
from facilityd.cli.when import DurationParam
from facilityd.cli.words import sentence
from facilityd.errors import UsageError
from facilityd.model.message import Wording
from facilityd.model.sample import NS
from facilityd.yaml_source import suggestion

if TYPE_CHECKING:
    from facilityd.config.site import Site
    from facilityd.web.users import RoleName, Scope, UserEntry, UserFile, UserTable

ROLES = ("viewer", "crew", "engineer", "admin")
SCOPES = ("read", "command", "metrics")
LONGEST = 3 * 366 * 86_400 * NS
"""Of a token's life: what is older nobody remembers having given away."""
USERS = (whole("user", "用户"), whole("role", "角色"), Column("person", "人员"), whole("tokens", "令牌"))
TOKENS = (
    whole("token", "令牌"), whole("user", "用户"), Column("scopes", "权限"), whole("until", "有效期至"),
    Column("note", "备注", gives=1),
)  # fmt: skip
name_argument = click.argument("name")


@click.group()
def user() -> None:
    """Users of the HTTP API, with their roles and tokens."""


@user.command()
@one_site
@name_argument
@click.option("--role", type=click.Choice(ROLES), required=True, help="What they may do.")
@click.option("--person", default="", help="The recipient of the site that they are.")
@lang_option
@json_option
def add(site: Path, name: str, role: str, person: str, lang: str | None, as_json: bool) -> None:
    """Add a user NAME, or change one.

    The password is asked for, or read from standard input; it is nowhere on the command line. Sessions of
    before end.
    """
    from facilityd.web.passwords import hashed
    from facilityd.web.users import UserEntry

    loaded, file = _open(site)
    if person and person not in loaded.recipients:
        raise UsageError(
            Wording("web.no-recipient", person=person), hint=suggestion(person, loaded.recipients)
        )
    _check_name(name)
    language = chosen(lang, loaded)
    entry = UserEntry(
        role=cast("RoleName", role), password=hashed(_password(sentence("password", language))),
        serial=secrets.token_hex(8), person=person,
    )  # fmt: skip
    with file.changing() as change:
        change.user(name, entry)
    _tell(
        {"user": name, "role": role}, sentence("user-added", language, user=name, role=role), as_json=as_json
    )


@user.command("list")
@one_site
@lang_option
@json_option
def list_users(site: Path, lang: str | None, as_json: bool) -> None:
    """List the users."""
    loaded, file = _open(site)
    known = file.read()
    if as_json:
        print_json({name: _shown(one, name, known) for name, one in known.users.items()})
        return
    rows = [
        (name, one.role, one.person, str(_shown(one, name, known)["tokens"]))
        for name, one in known.users.items()
    ]
    language = chosen(lang, loaded)
    if rows:
        console().print(table("", USERS, rows, language=language))
    else:
        say(sentence("no-users", language))


@user.command()
@one_site
@name_argument
@lang_option
@json_option
def remove(site: Path, name: str, lang: str | None, as_json: bool) -> None:
    """Remove a user NAME, with all sessions and tokens."""
    loaded, file = _open(site)
    with file.changing() as change:
        _require(change.before, name)
        change.user(name, None)
    done = sentence("user-removed", chosen(lang, loaded), user=name)
    _tell({"user": name, "removed": True}, done, as_json=as_json)


@user.group()
def token() -> None:
    """Tokens, for programs that use the HTTP API."""


@token.command("add")
@one_site
@name_argument
@click.option(
    "--scope", "scopes", type=click.Choice(SCOPES), multiple=True, default=("read",), show_default=True,
    help="What it may be used for.",
)  # fmt: skip
@click.option(
    "--for", "lasts", type=DurationParam(), default="90d", show_default=True, help="How long it is valid."
)
@click.option("--note", "-m", default="", help="What it is for.")
@lang_option
@json_option
def add_token(
    site: Path, name: str, scopes: tuple[str, ...], lasts: int, note: str, lang: str | None, as_json: bool
) -> None:
    """Make a token for user NAME; it is shown once and kept nowhere."""
    from facilityd.web.users import new_token

    loaded, file = _open(site)
    if lasts > LONGEST:
        raise UsageError(Wording("web.token-too-long"))
    until = int(time.time()) + lasts // NS
    with file.changing() as change:
        _require(change.before, name)
        number, text, entry = new_token(name, cast("tuple[Scope, ...]", scopes), until, note[:200])
        change.token(number, entry)
    if as_json:
        print_json({"number": number, "token": text, "until": _date(until, loaded)})
        return
    say(sentence("token-made", chosen(lang, loaded), token=number), err=True)
    click.echo(text)


@token.command("list")
@one_site
@lang_option
@json_option
def list_tokens(site: Path, lang: str | None, as_json: bool) -> None:
    """List the tokens, without what proves them."""
    loaded, file = _open(site)
    found = {
        number: {
            "user": one.user,
            "scopes": list(one.scopes),
            "until": _date(one.until, loaded),
            "note": one.note,
        }
        for number, one in file.read().tokens.items()
    }
    if as_json:
        print_json(found)
        return
    rows = [(n, one["user"], " ".join(one["scopes"]), one["until"], one["note"]) for n, one in found.items()]
    language = chosen(lang, loaded)
    if rows:
        console().print(table("", TOKENS, rows, language=language))
    else:
        say(sentence("no-tokens", language))


@token.command("remove")
@one_site
@click.argument("number", metavar="TOKEN")
@lang_option
@json_option
def remove_token(site: Path, number: str, lang: str | None, as_json: bool) -> None:
    """Remove a TOKEN by its number, as the list has it."""
    loaded, file = _open(site)
    with file.changing() as change:
        if number not in change.before.tokens:
            raise UsageError(Wording("web.no-token", number=number))
        change.token(number, None)
    done = sentence("token-removed", chosen(lang, loaded), token=number)
    _tell({"token": number, "removed": True}, done, as_json=as_json)


def _open(site: Path) -> tuple[Site, UserFile]:
    from facilityd.config.load import load
    from facilityd.web.users import UserFile

    loaded = load(site, secrets=False)
    return loaded, UserFile(Path(loaded.store.path))


def _tell(data: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(data)
    else:
        say(text)


def _password(prompt: str) -> str:
    if sys.stdin.isatty():
        return str(click.prompt(prompt, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _check_name(name: str) -> None:
    from pydantic import TypeAdapter, ValidationError

    from facilityd.web.users import UserName

    try:
        TypeAdapter(UserName).validate_python(name)
    except ValidationError as error:
        raise UsageError(Wording("web.user-name", name=name)) from error


def _require(known: UserTable, name: str) -> None:
    if name not in known.users:
        raise UsageError(Wording("web.no-user", name=name), hint=suggestion(name, known.users))


def _shown(one: UserEntry, name: str, known: UserTable) -> dict[str, Any]:
    tokens = sum(token.user == name for token in known.tokens.values())
    return {"role": one.role, "person": one.person, "tokens": tokens}


def _date(until: int, site: Site) -> str:
    return datetime.fromtimestamp(until, UTC).astimezone(ZoneInfo(site.timezone)).date().isoformat()
