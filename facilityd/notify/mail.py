"""A notice by SMTP (RFC 5321): one session, one recipient, so that a refusal is that person's."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, formataddr

import aiosmtplib

from facilityd.model.message import Wording
from facilityd.model.notice import DeliveryOutcome, DeliveryResult, Notice, SendFailure
from facilityd.model.sample import NS
from facilityd.notify.failures import of_error, of_smtp, words_of_error
from facilityd.notify.mail_html import html_of
from facilityd.notify.plot_png import plot_of, png

NAME = "facilityd"
"""What a mail's sender is called where the site says nothing else."""
_PERMANENT = 500


class Email:
    """``tls``: none, starttls (refused where the server lacks it), or tls from the first byte."""

    def __init__(
        self,
        *,
        to: str,
        sender: str,
        sender_name: str = NAME,
        host: str,
        port: int = 25,
        tls: str = "none",
        username: str = "",
        password: str = "",
        timeout_s: float = 30.0,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        self._to, self._sender, self._host, self._port, self._tls = to, sender, host, port, tls
        self._sender_name = sender_name
        self._username, self._password = username, password
        self._timeout_s, self._context = timeout_s, tls_context
        # A server that takes nearly all its time at each command may not hold up what waits behind.
        self._session_s = 2 * timeout_s

    async def send(self, notice: Notice) -> DeliveryResult:
        """Hand over once. Raises nothing that the server or the network can cause."""
        if not f"{self._to}{self._sender}".isascii():
            return DeliveryResult(
                DeliveryOutcome.REJECTED, Wording("send.no-ascii"), failure=SendFailure.ADDRESS
            )
        smtp = self._session()
        try:
            return await self._hand_over(smtp, message(notice, self._sender, self._to, self._sender_name))
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, UnicodeError):
                await smtp.quit(timeout=min(5.0, self._timeout_s))
            smtp.close()

    def _session(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            # Without it the library asks the DNS for this machine's name, which may not answer.
            local_hostname=self._sender.partition("@")[2],
            timeout=self._timeout_s,
            use_tls=self._tls == "tls",
            start_tls=self._tls == "starttls",
            username=self._username or None,
            password=self._password or None,
            tls_context=self._context,
        )

    async def _hand_over(self, smtp: aiosmtplib.SMTP, content: EmailMessage) -> DeliveryResult:
        try:
            async with asyncio.timeout(self._session_s):
                await smtp.connect()
                await smtp.mail(self._sender)
                await smtp.rcpt(self._to)
        except aiosmtplib.SMTPResponseException as refusal:
            return self._refused(refusal)
        except (OSError, UnicodeError) as error:  # a reply need not be UTF-8
            return DeliveryResult(
                DeliveryOutcome.TRANSIENT, words_of_error(error), failure=of_error(error, connecting=True)
            )
        except aiosmtplib.SMTPException as error:
            return _lacking(error)
        try:
            async with asyncio.timeout(self._session_s):
                await smtp.data(content.as_bytes())
        except aiosmtplib.SMTPResponseException as refusal:
            return self._refused(refusal)
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            reason = Wording("send.after-message", why=words_of_error(error))
            return DeliveryResult(DeliveryOutcome.UNKNOWN, reason, failure=of_error(error, connecting=False))
        return DeliveryResult(DeliveryOutcome.ACCEPTED)

    def _refused(self, refusal: aiosmtplib.SMTPResponseException) -> DeliveryResult:
        text = str(Wording("send.smtp", code=refusal.code, words=_one_line(refusal.message)))
        if self._password:
            text = text.replace(self._password, "***")
        permanent = refusal.code >= _PERMANENT
        result = DeliveryOutcome.REJECTED if permanent else DeliveryOutcome.TRANSIENT
        return DeliveryResult(result, text, failure=of_smtp(refusal.code))


def message(notice: Notice, sender: str, to: str, sender_name: str = NAME) -> EmailMessage:
    """Return the message: text, HTML, and the plot as a picture in it where there is one.

    Its id and all its bytes follow from the notice: a double is recognised as one.
    """
    domain = sender.partition("@")[2]
    content = EmailMessage(policy=SMTP_POLICY)
    content["From"], content["To"] = formataddr((sender_name, sender)), to
    content["Subject"] = notice.subject
    content["Message-ID"] = f"<{_digest(notice.key)}@{domain}>"
    if notice.device:
        # Nothing was ever sent under this id: it only gathers what belongs together into one thread.
        thread = f"{notice.device}/{notice.rule}/{notice.occurrence}"
        content["References"] = f"<{_digest(thread)}@{domain}>"
    content["Date"] = format_datetime(datetime.fromtimestamp(notice.at // NS, UTC))
    content["Auto-Submitted"] = "auto-generated"
    content.set_content(notice.body + "\n", cte="base64")
    _add_html(content, notice, domain)
    content["Content-Language"] = notice.language
    return content


def _add_html(content: EmailMessage, notice: Notice, domain: str) -> None:
    plot = plot_of(notice.body)
    picture = f"plot-{_digest(notice.key)}@{domain}" if plot else ""
    content.add_alternative(html_of(notice, picture), subtype="html", cte="base64")
    if plot:
        page = content.get_payload()[1]  # type: ignore[index]
        page.add_related(png(plot), "image", "png", cid=f"<{picture}>", filename="plot.png")  # type: ignore[union-attr]
    for number, part in enumerate(content.walk()):
        if part.is_multipart():
            part.set_boundary(f"part-{number}-{_digest(notice.key)[:24]}")


def _lacking(error: aiosmtplib.SMTPException) -> DeliveryResult:
    """Return what comes of a server that lacks what was asked for."""
    failure, reason = SendFailure.REFUSED, _one_line(error)
    if "TLS" in reason.upper():
        failure, reason = SendFailure.ENCRYPTION, Wording("send.no-starttls")
    elif isinstance(error, aiosmtplib.SMTPNotSupported) or "AUTH" in reason.upper():
        failure, reason = SendFailure.LOGIN, Wording("send.no-auth")
    return DeliveryResult(DeliveryOutcome.REJECTED, reason, failure=failure)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
