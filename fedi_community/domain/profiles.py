"""Decide what an actor of ours says of itself, and tell its followers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from fedi_community.domain import addresses, impersonation
from fedi_community.domain.effects import Decision, Effect, Record, Send, SetLogin, SetProfile
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import followers_of
from fedi_community.domain.text import clean_name, markdown_to_html
from fedi_community.errors import NOT_FOUND, Refusal

MAX_DISPLAY_NAME: Final = 100
MAX_NOTE: Final = 5000
"""Characters of a profile's text."""
MAX_FIELDS: Final = 6
MAX_FIELD_NAME: Final = 255
MAX_FIELD_VALUE: Final = 2047


@dataclass(frozen=True, slots=True)
class Profile:
    """What changes; None: as it is. note: Markdown as typed. fields: (name, value as typed). settings: of the log-in, whole."""

    name: str | None = None
    note: str | None = None
    fields: tuple[tuple[str, str], ...] | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    indexable: bool | None = None
    open_collections: bool | None = None
    settings: dict[str, Any] | None = None


def _too_long(name: str, limit: int) -> Refusal:
    return Refusal("too_long", 422, f"Validation failed: {name} is too long (maximum is {limit} characters)")


def decide_profile(
    actor_id: int, login_id: int, asked: Profile, facts: Facts, *, staff: bool = False
) -> Decision | Refusal:
    """Needs 1 new id (the Update). A group's and a member's own switches that are not the member's stay as they are:
    who may join a group is set elsewhere. staff: he has a role on this server, and may speak in its name."""
    actor = facts.actors.get(actor_id)
    if actor is None or not actor.local or actor.state not in ("active", "limited"):
        return NOT_FOUND
    refused = None if staff or actor.is_group else _claims(asked, facts)
    if refused:
        return refused
    columns = _columns(asked)
    if isinstance(columns, Refusal):
        return columns
    if not actor.is_group:
        if asked.locked is not None:
            columns["locked"] = int(asked.locked)
        if asked.bot is not None and actor.type in ("Person", "Service"):
            columns["type"] = "Service" if asked.bot else "Person"
        if asked.open_collections is not None:
            columns["open_collections"] = int(asked.open_collections)
        if asked.discoverable is not None:
            columns["discoverable"] = int(asked.discoverable)
    if asked.indexable is not None:
        columns["indexable"] = int(asked.indexable)
    effects: list[Effect] = []
    if columns:
        effects.append(SetProfile(actor.id, columns, facts.now))
        if set(columns) - {"open_collections"}:
            effects += tell(actor.id, facts)
    if asked.settings is not None and not actor.is_group:
        effects.append(SetLogin(login_id, facts.now, settings=asked.settings))
    return Decision(tuple(effects), actor.id, "changed")


def _claims(asked: Profile, facts: Facts) -> Refusal | None:
    """A member's name and fields say nothing in the name of who runs this server."""
    named = impersonation.refused_name(asked.name, facts) if asked.name else None
    return named or (impersonation.refused_fields(asked.fields, facts) if asked.fields else None)


def tell(actor_id: int, facts: Facts) -> list[Effect]:
    """The Update that carries the new profile to the followers. Takes the first new id."""
    new_id = facts.new_ids[0]
    return [
        Record(new_id, addresses.activity(facts.base_url, new_id), "Update", actor_id, facts.now),
        Send(new_id, "control", facts.now, (followers_of(actor_id),)),
    ]


def _columns(asked: Profile) -> dict[str, Any] | Refusal:
    columns: dict[str, Any] = {}
    if asked.name is not None:
        name = clean_name(asked.name, MAX_DISPLAY_NAME + 1)
        if len(name) > MAX_DISPLAY_NAME:
            return _too_long("Display name", MAX_DISPLAY_NAME)
        columns["name"] = name
    if asked.note is not None:
        if len(asked.note) > MAX_NOTE:
            return _too_long("Bio", MAX_NOTE)
        columns |= {
            "summary": markdown_to_html(asked.note) if asked.note.strip() else "",
            "summary_source": asked.note,
        }
    if asked.fields is not None:
        if len(asked.fields) > MAX_FIELDS:
            return Refusal(
                "too_many_fields", 422, f"Validation failed: Profile can have at most {MAX_FIELDS} fields"
            )
        made = []
        for name, value in asked.fields:
            if len(name) > MAX_FIELD_NAME:
                return _too_long("Field name", MAX_FIELD_NAME)
            if len(value) > MAX_FIELD_VALUE:
                return _too_long("Field value", MAX_FIELD_VALUE)
            if name.strip():
                made.append({"name": clean_name(name, MAX_FIELD_NAME), "value": _inline(value)})
        columns["fields"] = json.dumps(made, ensure_ascii=False)
    return columns


def _inline(value: str) -> str:
    """A field's value as HTML: its links work."""
    html = markdown_to_html(value.strip())
    inner = html.removeprefix("<p>").removesuffix("</p>")
    return inner if "<p>" not in inner else html
