"""Settings: environment variables `FEDI_…` over an optional `fedi.toml`, read once at start.

Every field is a setting; its name in the environment is `FEDI_` plus the field's name in capitals, in the file the
field's name. `docs/reference/settings.md` lists each one, and a test fails when one is missing there.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

from fedi_community.errors import Problem

TEST_RATES: Final = {"api_rate": 100_000, "inbox_rate": 1_000_000}
"""Where private peers are allowed, somebody plays a whole fediverse from one machine: the rates that nobody set are wide."""


def _doc(text: str, default: Any) -> Any:
    return field(default=default, metadata={"doc": text})


DEFAULT_NAME: Final = "Community"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings with their defaults. Times are seconds, sizes bytes, unless the text says otherwise."""

    base_url: str = _doc("Public address of this server, scheme and host, no path.", "http://localhost:8080")
    data: str = _doc("Folder of the database, media and mails.", "./data")
    keys: str = _doc("Folder of the instance's secrets. Back it up apart from the data.", "./keys")
    database_url: str = _doc("sqlite:///PATH or postgresql://…; empty means DATA/community.db.", "")
    bus_url: str = _doc("NATS JetStream for more than one machine; empty means the database alone.", "")
    media_url: str = _doc(
        "Reserved for another store of media; empty means DATA/media, and nothing else is taken.", ""
    )
    media_origin: str = _doc("Separate origin that serves media; empty means base_url.", "")
    smtp_url: str = _doc("smtp://user:password@host:port; empty writes mails to DATA/mail.", "")
    trusted_proxies: str = _doc("Comma-separated addresses whose X-Forwarded-For is believed.", "")
    signups: str = _doc("open, approval or closed.", "closed")
    hold_first_posts: int = _doc(
        "First public posts of a new member that wait until a mentor or staff has read them, where people sign up; 0 holds none.",
        1,
    )
    min_age: int = _doc("Years that somebody who signs up must have; 0 asks nobody.", 0)
    texts: str = _doc(
        "Folder of rules.en.md, about.en.md, privacy.en.md, terms.en.md; empty means DATA/texts.", ""
    )
    federation: str = _doc("open, or listed: only hosts that staff allowed.", "open")
    allow_private_peers: bool = _doc("Tests only: peers over http and on private addresses.", False)
    node: int = _doc("Number of this process (0 to 15) in the ids it makes; differs per process.", 0)
    site_name: str = _doc("Name of the community, shown on every page.", DEFAULT_NAME)
    protected_names: str = _doc(
        "Comma-separated names that only staff may bear, beside site_name; who bears one elsewhere is shown by the handle.",
        "",
    )
    contact_email: str = _doc("Shown as the contact of the server.", "")
    contact_account: str = _doc(
        "Handle of the member whom clients show as the contact; empty means the first admin.", ""
    )
    mail_from: str = _doc("Sender of mails; empty means contact_email.", "")
    languages: str = _doc("Languages of the pages, first is the default.", "en,es")
    log_format: str = _doc("json for machines, text for people.", "text")
    inbox_max_bytes: int = _doc("Largest activity that is accepted.", 1_048_576)
    inbox_queue_limit: int = _doc("Waiting activities above which the inbox answers 503.", 50_000)
    inbox_rate: int = _doc("Activities a minute from one host before it gets 429; 0 is no limit.", 3000)
    signature_window: int = _doc("How old, or ahead, a signature's time may be.", 3600)
    api_rate: int = _doc(
        "Client API requests per 5 minutes of one account, or address of a stranger; 0 is no limit.", 300
    )
    login_rate: int = _doc(
        "Failed log-ins per 15 minutes, address and account; five times that per address or account alone.",
        20,
    )
    home_length: int = _doc("Entries kept in a home timeline.", 800)
    home_active_days: int = _doc("Home timelines are written ahead for members seen in so many days.", 14)
    delivery_concurrency: int = _doc("Deliveries in flight in all.", 64)
    delivery_per_host: int = _doc("Deliveries in flight to one host.", 2)
    delivery_timeout: int = _doc("Longest wait for a peer to take a delivery.", 10)
    feed_interval: int = _doc("Time between two polls of a feed.", 1800)
    metrics_token: str = _doc(
        "Bearer token for /metrics; without one it answers on plain http from loopback alone.", ""
    )

    @property
    def host(self) -> str:
        """Authority of base_url (host, with the port where one is given): the right side of local handles."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def protected(self) -> tuple[str, ...]:
        """The names that only staff may bear; a site that was given none has no name to protect."""
        own = () if self.site_name == DEFAULT_NAME else (self.site_name,)
        return (*own, *(one.strip() for one in self.protected_names.split(",") if one.strip()))

    @property
    def data_dir(self) -> Path:
        return Path(self.data)

    @property
    def keys_dir(self) -> Path:
        return Path(self.keys)

    @property
    def database(self) -> str:
        """The database's URL, with the default filled in."""
        return self.database_url or f"sqlite:///{self.data_dir / 'community.db'}"


def _convert(name: str, kind: type, value: Any) -> Any:
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    text = str(value).strip()
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False,
                    "off": False, "": False}[text.lower()]  # fmt: skip
        return kind(text)
    except (KeyError, ValueError):
        raise _bad(name, f"{text!r} is no {kind.__name__}") from None


def _bad(name: str, why: str) -> Problem:
    return Problem(500, "bad_setting", f"Setting FEDI_{name.upper()}: {why}.")


def _check(settings: Settings) -> Settings:
    parts = urlsplit(settings.base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise _bad("base_url", "give scheme and host only, as in https://community.example")
    if parts.scheme == "http" and not (
        settings.allow_private_peers or parts.hostname in ("localhost", "127.0.0.1")
    ):
        raise _bad("base_url", "https is needed for anything but localhost")
    for name, words in (
        ("signups", "open approval closed"),
        ("federation", "open listed"),
        ("log_format", "json text"),
    ):
        if getattr(settings, name) not in words.split():
            raise _bad(name, "one of " + ", ".join(words.split()))
    if not 0 <= settings.node <= 15:
        raise _bad("node", "0 to 15")
    if settings.media_url:
        raise _bad("media_url", "no other store than the folder DATA/media is there yet; leave it empty")
    origin = urlsplit(settings.media_origin)
    if settings.media_origin and (
        origin.scheme not in ("http", "https") or not origin.netloc or origin.path or origin.query
    ):
        raise _bad("media_origin", "give scheme and host only, as in https://media.example")
    if not settings.database.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise _bad("database_url", "sqlite:///PATH or postgresql://user@host/name")
    return settings


def load(environ: Mapping[str, str] | None = None, file: Path | None = None, **override: Any) -> Settings:
    """Read the settings: `override` over the environment over `fedi.toml` over the defaults.

    Raises `Problem("bad_setting")` naming the setting and what would be right.
    """
    environ = os.environ if environ is None else environ
    path = file or Path(environ.get("FEDI_CONFIG", "fedi.toml"))
    stored: dict[str, Any] = {}
    if path.is_file():
        try:
            stored = tomllib.loads(path.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise Problem(500, "bad_setting", f"{path} is no valid TOML: {error}") from None
    kinds = get_type_hints(Settings)
    unknown = set(stored) - set(kinds)
    if unknown:
        raise Problem(500, "bad_setting", f"{path}: unknown setting {sorted(unknown)[0]!r}.")
    values: dict[str, Any] = {}
    for item in fields(Settings):
        name = item.name
        for value in (override.get(name), environ.get(f"FEDI_{name.upper()}"), stored.get(name)):
            if value is not None:
                values[name] = _convert(name, kinds[name], value)
                break
    if values.get("allow_private_peers"):
        values = {**TEST_RATES, **values}
    if "base_url" in values:
        values["base_url"] = values["base_url"].rstrip("/")
    return _check(Settings(**values))
