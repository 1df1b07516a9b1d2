"""What one says of oneself: update_credentials, /api/v1/profile, preferences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fedi_community.domain import profiles
from fedi_community.domain.effects import Decision, KeepPicture
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.relations import VOTES_SETTING
from fedi_community.errors import Refusal
from fedi_community.mastodon import entities
from fedi_community.mastodon.accounts import own_account
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.params import Param, invalid
from fedi_community.perform import Change
from fedi_community.storage import tagging

table = Table("profile")
MAX_LANGUAGE: Final = 35
QUOTE_POLICIES: Final = ("public", "followers", "nobody")
EDITABLE: Final = (
    Param("display_name"), Param("note"), Param("fields_attributes", "any", doc="[{name, value}], as a list or by index"),
    Param("locked", "flag", doc="Who follows has to ask; of a group that is set elsewhere"), Param("bot", "flag"),
    Param("discoverable", "flag"), Param("indexable", "flag"), Param("hide_collections", "flag"),
    Param(
        "source", "any",
        doc="{privacy, sensitive, language, quote_policy} of new posts; push_text: for push; "
        "votes_elsewhere: other servers hear whom one likes",
    ),
    Param("avatar", "file"), Param("header", "file"), Param("avatar_description", maximum=1500),
    Param("header_description", maximum=1500), Param("attribution_domains", "texts"),
)  # fmt: skip
Picture = Callable[[Facts, int], KeepPicture]


def _fields(given: Any) -> tuple[tuple[str, str], ...] | None:
    """Fields in all spellings: a list, or an object by index. None where nothing was said."""
    if given is None:
        return None
    rows = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(rows, list):
        return () if given == "" else None
    return tuple(
        (str(row.get("name") or ""), str(row.get("value") or "")) for row in rows if isinstance(row, dict)
    )


def _settings(call: Call) -> dict[str, Any] | None:
    """The log-in's preferences with what `source` changes; None where it changes nothing."""
    source = call["source"]
    if not isinstance(source, dict):
        return None
    made = dict(call.who.settings)
    visibility, language = source.get("privacy"), source.get("language")
    if visibility not in (None, ""):
        if visibility not in entities.VISIBILITIES:
            raise invalid("privacy", "is not included in the list")
        made["posting:default:visibility"] = visibility
    sensitive = Param("sensitive", "flag").read(source.get("sensitive")) if "sensitive" in source else None
    if sensitive is not None:
        made["posting:default:sensitive"] = sensitive
    if isinstance(language, str):
        made["posting:default:language"] = language[:MAX_LANGUAGE].lower() or None
    policy = source.get("quote_policy")
    if policy not in (None, ""):
        if policy not in QUOTE_POLICIES:
            raise invalid("quote_policy", "is not included in the list")
        made["posting:default:quote_policy"] = policy
    if "push_text" in source:
        made["push:text"] = bool(Param("push_text", "flag").read(source["push_text"]))
    if "votes_elsewhere" in source:
        made[VOTES_SETTING] = bool(Param("votes_elsewhere", "flag").read(source["votes_elsewhere"]))
    return made


async def _pictures(call: Call) -> list[Picture]:
    found: list[Picture] = []
    for which in ("avatar", "header"):
        sent = call[which]
        if sent is not None:
            name = (call[f"{which}_description"] or "").strip()
            found.append(await call.api.uploads.picture(call.actor_id, which, sent.stream, name=name))
    return found


async def _change(call: Call, asked: profiles.Profile, pictures: list[Picture]) -> None:
    actor_id, login_id, staff = call.actor_id, call.who.login_id, call.who.staff

    def decide(facts: Facts) -> Decision | Refusal:
        decided = profiles.decide_profile(actor_id, login_id, asked, facts, staff=staff)
        if isinstance(decided, Refusal) or not pictures:
            return decided
        kept = tuple(make(facts, facts.new_ids[1 + n]) for n, make in enumerate(pictures))
        told = (
            ()
            if any(not isinstance(e, KeepPicture) for e in decided.effects)
            else profiles.tell(actor_id, facts)
        )
        return Decision((*kept, *decided.effects, *told), actor_id, "changed")

    needs = Needs(actor_ids=frozenset({actor_id}), subjects=frozenset({actor_id}))
    await call.perform(Change(needs, decide, 1 + len(pictures)))


async def _edit(call: Call) -> dict[str, Any]:
    settings = _settings(call)
    hidden = call["hide_collections"]
    asked = profiles.Profile(
        name=call["display_name"], note=call["note"], fields=_fields(call["fields_attributes"]), locked=call["locked"],
        bot=call["bot"], discoverable=call["discoverable"], indexable=call["indexable"],
        open_collections=None if hidden is None else not hidden, settings=settings,
    )  # fmt: skip
    await _change(call, asked, await _pictures(call))
    made = await own_account(call)
    if settings is not None and call.who.type != "Group":
        made["source"] |= _source(settings)
    return made


def _source(settings: dict[str, Any]) -> dict[str, Any]:
    """What was just written: the request still holds what was there before."""
    return {
        "privacy": settings.get("posting:default:visibility", "private"),
        "sensitive": bool(settings.get("posting:default:sensitive", False)),
        "language": settings.get("posting:default:language"),
        "quote_policy": settings.get("posting:default:quote_policy", "nobody"),
    }


@table.patch(
    "/api/v1/accounts/update_credentials", member("write:accounts"), entities.CREDENTIAL_ACCOUNT, *EDITABLE
)
async def update_credentials(call: Call) -> Any:
    """Change one's profile, and what is usual for one's posts"""
    return await _edit(call)


async def _profile(call: Call, made: dict[str, Any]) -> dict[str, Any]:
    found = await call.read(lambda tx: tagging.featured(tx, call.actor_id))
    return entities.profile(made, [entities.featured_tag(one, made["url"]) for one in found])


@table.get("/api/v1/profile", member("profile", "read:accounts"), entities.PROFILE)
async def read(call: Call) -> Any:
    """One's profile for editing it"""
    return await _profile(call, await own_account(call))


@table.patch("/api/v1/profile", member("write:accounts"), entities.PROFILE, *EDITABLE)
async def change(call: Call) -> Any:
    """Change one's profile"""
    return await _profile(call, await _edit(call))


def _forget(which: str) -> None:
    @table.delete(
        f"/api/v1/profile/{which}", member("write:accounts"), entities.CREDENTIAL_ACCOUNT,
        doc=f"Have no {which} any more",
    )  # fmt: skip
    async def forget(call: Call) -> Any:
        actor_id = call.actor_id

        def none(facts: Facts, new_id: int) -> KeepPicture:
            return KeepPicture(new_id, actor_id, which, facts.now)  # type: ignore[arg-type]

        await _change(call, profiles.Profile(), [none])
        return await own_account(call)


_forget("avatar")
_forget("header")


@table.get("/api/v1/preferences", member("read:accounts"), entities.PREFERENCES)
async def preferences(call: Call) -> Any:
    """What is usual for one's posts and one's reading"""
    return entities.preferences(call.who.settings, call.who.language)
