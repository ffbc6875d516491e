"""Names and passwords that are never used, or that travel readable without anybody having said so."""

from __future__ import annotations

from collections.abc import Iterable

from facilityd.config.channel_schema import EmailConfig
from facilityd.config.sections import SectionEntry, Sections
from facilityd.model.message import Wording
from facilityd.yaml_source import Problem

_SMTPS, _SUBMISSION, _SMTP = 465, 587, 25


def check_credentials(sections: Sections) -> None:
    """Report half of a login, and a mail password in clear text that nobody asked for."""
    for link in sections.values("links"):
        if link.value.protocol == "mqtt" and link.value.password is not None and not link.value.username:
            what = Wording("config.password-without-username-brokers-take")
            sections.report(link.location("password", key=True), what, Wording("config.add-username"))
    for person, number, channel in _mail(sections):
        half = "username" if channel.username else "password"
        if bool(channel.username) != (channel.password is not None):
            other = "password: ${NAME}" if channel.username else "username"
            what = Wording("config.alone-server-gets-neither", half=half)
            sections.report(
                person.location("channels", number, half, key=True),
                what,
                Wording("config.add", other=other),
            )
        elif channel.password is not None and "tls" not in channel.model_fields_set:
            what = Wording("config.this-password-would-travel-readable")
            hint = Wording("config.add-tls-starttls-or-tls")
            sections.report(person.location("channels", number, "password", key=True), what, hint)


def port_doubts(sections: Sections) -> Iterable[Problem]:
    """Return a warning where a mail port and its encryption contradict each other."""
    usual = {_SMTPS: "tls", _SUBMISSION: "starttls"}
    for person, number, channel in _mail(sections):
        wanted = usual.get(channel.port, "")
        if channel.port == _SMTP and channel.tls == "tls":
            location = person.location("channels", number, "tls")
            yield Problem(
                location,
                Wording("config.mail-servers-speak-no-tls"),
                Wording("config.add-port"),
            )
        elif wanted and channel.tls != wanted:
            location = person.location("channels", number, "port")
            yield Problem(
                location,
                Wording("config.on-port-mail-servers-expect", port=channel.port, wanted=wanted),
                Wording("config.add-tls", wanted=wanted),
            )


def _mail(sections: Sections) -> Iterable[tuple[SectionEntry, int, EmailConfig]]:
    for person in sections.values("recipients"):
        for number, channel in enumerate(person.value.channels):
            if isinstance(channel, EmailConfig):
                yield person, number, channel
