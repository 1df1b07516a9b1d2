"""Renders mails in English and Spanish and sends them: by SMTP, or as files in DATA/mail where no server is set.

Called by the job `mail`, never inside a request or a transaction. A job's payload names a template, a language, an
address and values; the secret of a link is derived when the mail is rendered, so that no row ever holds it. No address
and no link goes into a log.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, make_msgid
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fedi_community.config import Settings
from fedi_community.keyring import link_secret

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates" / "mail"
LANGUAGES: Final = ("en", "es")
SMTP_SECONDS: Final = 30.0


def render(settings: Settings, payload: dict[str, Any]) -> EmailMessage:
    """payload: {template, language, to, name, purpose?, nonce?, values?}. The template's first line is the subject."""
    language = payload["language"] if payload["language"] in LANGUAGES else LANGUAGES[0]
    link = ""
    if payload.get("nonce"):
        prefix = "" if language == LANGUAGES[0] else f"/{language}"
        secret = link_secret(settings.keys_dir, payload["purpose"], payload["nonce"])
        link = f"{settings.base_url}{prefix}/{payload['purpose']}/{secret}"
    text = (
        _environment()
        .get_template(f"{payload['template']}.{language}.txt")
        .render(
            site=settings.site_name,
            base=settings.base_url,
            contact=settings.contact_email,
            link=link,
            name=payload["name"],
            **_values(payload, language),
        )
    )
    subject, _, body = text.partition("\n")
    message = EmailMessage(policy=SMTP)
    message["Subject"] = " ".join(subject.split())
    message["From"] = _sender(settings)
    message["To"] = payload["to"]
    message["Date"] = format_datetime(datetime.now(UTC))
    host = settings.host.rsplit(":", 1)[0]
    message["Message-ID"] = make_msgid(domain=host)
    message["Content-Language"] = language
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.strip() + "\n", cte="quoted-printable")
    return message


def _values(payload: dict[str, Any], language: str) -> dict[str, Any]:
    """What else a template is given. until: milliseconds, shown as a day."""
    values = dict(payload.get("values") or {})
    if values.get("until"):
        form = "%d/%m/%Y" if language == "es" else "%Y-%m-%d"
        values["until"] = datetime.fromtimestamp(values["until"] / 1000, UTC).strftime(form)
    return values


def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=False)  # noqa: S701


def _sender(settings: Settings) -> str:
    address = settings.mail_from or settings.contact_email or f"noreply@{settings.host.rsplit(':', 1)[0]}"
    return formataddr((settings.site_name, address))


def sender(settings: Settings) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """What the job `mail` runs."""

    async def send(payload: dict[str, Any]) -> None:
        message = render(settings, payload)
        if settings.smtp_url:
            await asyncio.to_thread(_by_smtp, settings.smtp_url, message)
        else:
            await asyncio.to_thread(_to_file, settings.data_dir / "mail", message)

    return send


def _to_file(folder: Path, message: EmailMessage) -> None:
    """Written beside and renamed, so that a reader never sees half a mail; readable by the server's owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.eml"
    made = folder / f".{name}"
    made.touch(mode=0o600)
    made.write_bytes(message.as_bytes())
    made.rename(folder / name)


def _by_smtp(url: str, message: EmailMessage) -> None:
    """smtp:// upgrades with STARTTLS where the server offers it (and must, to log in); smtps:// is TLS from the start."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "localhost", parts.scheme == "smtps"
    port = parts.port or (465 if secure else 25)
    context = ssl.create_default_context()
    connect: Callable[[], smtplib.SMTP] = (
        (lambda: smtplib.SMTP_SSL(host, port, timeout=SMTP_SECONDS, context=context))
        if secure
        else (lambda: smtplib.SMTP(host, port, timeout=SMTP_SECONDS))
    )
    with connect() as server:
        if not secure:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif parts.username:
                raise smtplib.SMTPNotSupportedError("no STARTTLS, so no log-in")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        server.send_message(message)
