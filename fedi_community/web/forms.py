"""What a person typed into the writing form: read, bounded, and kept for the page that asks again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from fedi_community.web.catalogue import LANGUAGES

MAX_TEXT: Final = 20_000
MAX_WARNING: Final = 200


class Form(Protocol):
    """A parsed form: werkzeug's MultiDict, as far as it is used."""

    def get(self, key: str, default: str, /) -> str: ...
    def getlist(self, key: str, /) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Written:
    """to: public, followers, direct, thread, author or `group:HANDLE`. seen: what readers the form showed for each of
    them (a token of `audience.token`). told: the author has read what a mention does. reply_to, edit: ids or ""."""

    text: str = ""
    warning: str = ""
    language: str = LANGUAGES[0]
    to: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    told: bool = False
    reply_to: str = ""
    edit: str = ""
    group: str = ""


def clean(text: str, limit: int) -> str:
    """Line ends as one sign, nothing a database refuses, and never endless."""
    return text[: 2 * limit].replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def written(form: Form) -> Written:
    """The form as typed."""
    language = form.get("lang", LANGUAGES[0])
    return Written(
        text=clean(form.get("text", ""), MAX_TEXT).rstrip(),
        warning=" ".join(clean(form.get("warning", ""), MAX_WARNING).split()),
        language=language if language in LANGUAGES else LANGUAGES[0],
        to=form.get("to", "")[:100],
        seen=_pairs(form.getlist("seen")),
        told=form.get("told", "") == "1",
        reply_to=form.get("reply_to", "")[:20],
        edit=form.get("edit", "")[:20],
        group=form.get("group", "")[:60],
    )


def _pairs(values: Iterable[str]) -> dict[str, str]:
    return {to: token for to, _, token in (value[:120].partition("=") for value in list(values)[:200])}


def problem(item: Written) -> tuple[str, str] | None:
    """(field, key of the words) of what is wrong with the form itself, or None."""
    if not item.text.strip():
        return "text", "write.empty"
    if len(item.text) > MAX_TEXT:
        return "text", "write.too_long"
    if len(item.warning) > MAX_WARNING:
        return "warning", "write.warning_long"
    if not item.to and not item.edit:
        return "to", "write.no_choice"
    return None
