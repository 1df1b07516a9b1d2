"""/api/v1 and /api/v2/notifications: what one is told, single and grouped. Policies and requests are in `requests`.

A notification is shown as long as its owner may read what it is about: the rule is asked each time, then his taste.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fedi_community.auth import Speaker
from fedi_community.domain import notices
from fedi_community.domain.client_effects import ClearNotifications
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Needs
from fedi_community.domain.notices import Together
from fedi_community.domain.scopes import covers
from fedi_community.domain.views import ActorView, PostView
from fedi_community.domain.wants import Shown, Wants, wants_notice
from fedi_community.errors import not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Asker, Call, Table, member
from fedi_community.mastodon.entities import notifications as shapes
from fedi_community.mastodon.lookup import existing
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import rendered
from fedi_community.perform import Change
from fedi_community.storage import marks, measures, moderation, notifications, views, wants
from fedi_community.storage import reports as group_reports
from fedi_community.storage.database import Tx
from fedi_community.storage.notifications import Notice, Wanted

table = Table("notifications")
READ, WRITE = member("read:notifications"), member("write:notifications")
MAX_COUNTED: Final = 1000
"""Unread notifications that are counted."""
SCAN: Final = 3
"""So many times the size of a page are looked at, since some that were written may no longer be read."""
KINDS: Final = (
    Param("types", "texts", "These kinds alone", maximum=30),
    Param("exclude_types", "texts", "Not these kinds", maximum=30),
    Param("account_id", "id", "By this account alone"),
    Param("include_filtered", "flag", "Also those that the policy keeps apart"),
)


@dataclass(slots=True)
class Told:
    """Notifications that are left after the rule and the owner's taste, with whom and what they are about."""

    notices: list[Notice]
    actors: dict[int, ActorView]
    posts: dict[int, PostView]
    shown: Shown = field(default_factory=lambda: Shown([], {}))
    reports: dict[int, moderation.ReportRow] = field(default_factory=dict)
    measures: dict[int, measures.Taken] = field(default_factory=dict)


def may_hear(speaker: Speaker) -> bool:
    """Whether a token may be told of notifications."""
    return covers(speaker.scopes, "read:notifications")


def kind_of(notice: Notice) -> str:
    return shapes.OURS.get(notice.kind, notice.kind)


async def told(tx: Tx, call: Asker, found: Sequence[Notice], taste: Wants) -> Told:
    """What of these notifications is shown, all with a fixed number of statements."""
    known = [one for one in found if kind_of(one) in shapes.TYPES]
    posts = {
        post.id: post
        for post in await views.load_posts(tx, call.viewer, [n.object_id for n in known if n.object_id])
    }
    reports = await _reports(tx, call, known)
    warned = await measures.by_id(tx, [_report_id(n) for n in known if n.kind == "moderation_warning"])
    warned = {i: one for i, one in warned.items() if one.target_id == call.actor_id}
    known = [n for n in known if n.kind != "moderation_warning" or _report_id(n) in warned]
    about = {n.actor_id for n in known} | {row.target_id for row in reports.values()}
    actors = {a.id: a for a in await existing(tx, call.viewer, about)}
    left = [n for n in known if _stands(n, actors, posts, reports, taste)]
    kept = {n.object_id: posts[n.object_id] for n in left if n.object_id}
    return Told(left, actors, posts, Shown(list(kept.values()), {}), reports, warned)


def _stands(
    one: Notice,
    actors: dict[int, ActorView],
    posts: dict[int, PostView],
    reports: dict[int, Any],
    taste: Wants,
) -> bool:
    actor, post = actors.get(one.actor_id), posts.get(one.object_id or 0)
    if (
        actor is None
        or actor.state in ("suspended", "deleted")
        or (kind_of(one) in shapes.OF_POSTS and post is None)
    ):
        return False
    if kind_of(one) == "admin.report" and _report_id(one) not in reports:
        return False
    return wants_notice(taste, one.kind, actor, post)


def _report_id(one: Notice) -> int:
    number = one.key.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


async def _reports(tx: Tx, call: Asker, known: Iterable[Notice]) -> dict[int, moderation.ReportRow]:
    """Reports are told to those who answer them, as long as they do."""
    by_role = [_report_id(n) for n in known if n.kind == "admin.report"] if call.who.staff else []
    in_groups = [_report_id(n) for n in known if n.kind == "group_report"]
    if not by_role and not in_groups:
        return {}
    found = await moderation.reports_by_id(tx, [*by_role, *in_groups])
    groups = {found[i].group_id or 0 for i in in_groups if i in found}
    own = await group_reports.answers(tx, call.viewer.id, groups) if groups else frozenset()
    return {i: row for i, row in found.items() if i in by_role or row.group_id in own}


def shown_notices(call: Asker, made: Told, grouped: frozenset[str]) -> list[dict[str, Any]]:
    """Notifications as clients read them."""
    accounts = {i: entities.account(a, call.base) for i, a in made.actors.items()}
    statuses = {int(s["id"]): s for s in rendered(call, made.shown)}
    return [
        shapes.notification(
            n.id, kind_of(n), notices.together(n.kind, n.id, n.object_id, n.created, grouped), n.created,
            accounts[n.actor_id], statuses.get(n.object_id or 0), report_of(made, n, accounts),
            warning_of(made, n, accounts, call.now),
        )
        for n in made.notices
    ]  # fmt: skip


def warning_of(
    made: Told, one: Notice, accounts: dict[int, dict[str, Any]], now: int
) -> dict[str, Any] | None:
    taken = made.measures.get(_report_id(one)) if one.kind == "moderation_warning" else None
    return None if taken is None else shapes.warning(taken, accounts[one.actor_id], now)


def report_of(made: Told, one: Notice, accounts: dict[int, dict[str, Any]]) -> dict[str, Any] | None:
    row = made.reports.get(_report_id(one)) if kind_of(one) == "admin.report" else None
    return (
        None if row is None or row.target_id not in accounts else shapes.report(row, accounts[row.target_id])
    )


def wanted(call: Call, limit: int) -> Wanted:
    at = call.cursor
    named = tuple(call["types"] or ())
    ours = tuple(ours for ours, theirs in shapes.OURS.items() if theirs in named)
    excluded = tuple(call["exclude_types"] or ())
    return Wanted(
        call.actor_id, (*named, *ours), (*excluded, *(o for o, theirs in shapes.OURS.items() if theirs in excluded)),
        call["account_id"] or 0, None if call["include_filtered"] else False, at.before or 2**63 - 1, at.after or 0, at.up,
        limit,
    )  # fmt: skip


@table.get(
    "/api/v1/notifications",
    READ,
    entities.many(shapes.NOTIFICATION),
    *KINDS,
    *paging(40, 80),
)
async def listed(call: Call) -> Any:
    """What one is told"""
    limit = call.cursor.limit

    async def unit(tx: Tx) -> tuple[list[Notice], Told]:
        found = await notifications.page(tx, wanted(call, limit * SCAN))
        return found, await told(tx, call, found, await wants.load(tx, call.viewer, call.now))

    found, made = await call.read(unit)
    made.notices = made.notices[-limit:] if call.cursor.up else made.notices[:limit]
    last = _last(found, made.notices, limit)
    items = shown_notices(call, made, frozenset(notices.GROUPED))
    newest = made.notices[0].id if made.notices else found[0].id if found else None
    return call.page(items, last, newest)


def _last(found: Sequence[Notice], left: Sequence[Notice], limit: int) -> int | None:
    """Where the next page begins: after the last one shown, or scanned; None where there is nothing more."""
    if len(left) == limit and (not found or left[-1].id != found[-1].id or len(found) >= limit * SCAN):
        return left[-1].id
    return found[-1].id if len(found) >= limit * SCAN else None


async def _one(call: Call, notification_id: int) -> Told:
    """A notification of the acting actor; anybody else's is missing."""

    async def unit(tx: Tx) -> Told:
        found = await notifications.of_key(tx, call.actor_id, Together("", notification_id))
        return await told(tx, call, found, await wants.load(tx, call.viewer, call.now))

    made = await call.read(unit)
    if not made.notices:
        raise not_found()
    return made


@table.get("/api/v1/notifications/<id>", READ, shapes.NOTIFICATION)
async def read(call: Call) -> Any:
    """A notification"""
    return shown_notices(call, await _one(call, call.id()), frozenset(notices.GROUPED))[0]


async def _forget(call: Call, what: Together | None) -> dict[str, Any]:
    owner = call.actor_id
    await call.perform(Change(Needs(), lambda _: Decision((ClearNotifications(owner, what),)), 0))
    return {}


@table.post("/api/v1/notifications/clear", WRITE, entities.EMPTY)
async def clear(call: Call) -> Any:
    """Forget all of them"""
    return await _forget(call, None)


@table.post("/api/v1/notifications/<id>/dismiss", WRITE, entities.EMPTY)
async def dismiss(call: Call) -> Any:
    """Forget one"""
    notification_id = call.id()
    await _one(call, notification_id)
    return await _forget(call, Together("", notification_id))


@table.post("/api/v1/notifications/dismiss", WRITE, entities.EMPTY, Param("id", "id", required=True))
async def dismiss_old(call: Call) -> Any:
    """The same under its older address"""
    await _one(call, call["id"])
    return await _forget(call, Together("", call["id"]))


# --- how many -----------------------------------------------------------------------------------------------------------

COUNT_LIMIT: Final = Param("limit", "number", default=100, minimum=1, maximum=MAX_COUNTED)


async def _unread(call: Call, grouped: frozenset[str]) -> dict[str, int]:
    """How many came since the marker, counted up to the limit."""

    async def unit(tx: Tx) -> Told:
        at = (await marks.markers(tx, call.actor_id)).get("notifications", (0, 0, 0))[0]
        asked = Wanted(
            call.actor_id, tuple(call["types"] or ()), tuple(call["exclude_types"] or ()), call["account_id"] or 0,
            after=at, limit=call["limit"],
        )  # fmt: skip
        found = await notifications.page(tx, asked)
        return await told(tx, call, found, await wants.load(tx, call.viewer, call.now))

    made = await call.read(unit)
    keys = {notices.together(n.kind, n.id, n.object_id, n.created, grouped) for n in made.notices}
    return {"count": min(len(keys), call["limit"])}


@table.get("/api/v1/notifications/unread_count", READ, shapes.COUNTED, COUNT_LIMIT, *KINDS)
async def unread(call: Call) -> Any:
    """How many came since one last looked"""
    return await _unread(call, frozenset())


# --- grouped ------------------------------------------------------------------------------------------------------------

GROUPED_TYPES: Final = Param("grouped_types", "texts", "Kinds to show together", maximum=30)
EXPAND: Final = Param("expand_accounts", choices=("full", "partial_avatars"), default="full")


def _grouped_kinds(call: Call) -> frozenset[str]:
    asked = (
        frozenset(call["grouped_types"] or ()) if call.sent("grouped_types") else frozenset(notices.GROUPED)
    )
    return asked & frozenset(notices.GROUPED)


def _together(made: Told, grouped: frozenset[str]) -> dict[str, list[Notice]]:
    found: dict[str, list[Notice]] = {}
    for one in made.notices:
        found.setdefault(notices.together(one.kind, one.id, one.object_id, one.created, grouped), []).append(
            one
        )
    return found


def _results(call: Call, made: Told, groups: dict[str, list[Notice]], partly: bool = False) -> dict[str, Any]:
    """GroupedNotificationsResults: every account and status that is named is there."""
    accounts = {i: entities.account(a, call.base) for i, a in made.actors.items()}
    shown = []
    for key, members in groups.items():
        first = members[0]
        one = shapes.group(
            key, kind_of(first), [(n.id, n.actor_id, n.created) for n in members],
            str(first.object_id) if kind_of(first) in shapes.OF_POSTS else None,
        )  # fmt: skip
        report = report_of(made, first, accounts)
        warned = warning_of(made, first, accounts, call.now)
        one = one if report is None else {**one, "report": report}
        shown.append(one if warned is None else {**one, "moderation_warning": warned})
    samples = {int(i) for one in shown for i in one["sample_account_ids"]}
    first_ones = {int(one["sample_account_ids"][0]) for one in shown}
    whole = first_ones if partly else samples
    named = {n.object_id for members in groups.values() for n in members}
    statuses = rendered(call, Shown([p for p in made.shown.posts if p.id in named], {}))
    answer: dict[str, Any] = {
        "accounts": [accounts[i] for i in whole],
        "statuses": statuses,
        "notification_groups": shown,
    }
    if partly:
        answer["partial_accounts"] = [shapes.partial(accounts[i]) for i in samples - whole]
    return answer


@table.get("/api/v2/notifications", READ, shapes.GROUPED, GROUPED_TYPES, EXPAND, *KINDS, *paging(40, 80))
async def grouped(call: Call) -> Any:
    """What one is told, likes, boosts and follows together"""
    limit, kinds = call.cursor.limit, _grouped_kinds(call)

    async def unit(tx: Tx) -> tuple[list[Notice], Told]:
        found = await notifications.page(tx, wanted(call, notifications.MAX_SCAN))
        return found, await told(tx, call, found, await wants.load(tx, call.viewer, call.now))

    found, made = await call.read(unit)
    groups = _together(made, kinds)
    keys = list(groups)
    kept = keys[-limit:] if call.cursor.up else keys[:limit]
    last = found[-1].id if len(found) >= notifications.MAX_SCAN else None
    if len(keys) > limit and not call.cursor.up:
        ahead = groups[keys[limit]][
            0
        ].id  # where the first group of the next page begins; what is older comes there too
        groups = {key: [n for n in groups[key] if n.id > ahead] for key in kept}
        last = min(members[-1].id for members in groups.values())
    groups = {key: groups[key] for key in kept}
    newest = groups[kept[0]][0].id if kept else None
    return call.page(_results(call, made, groups, call["expand_accounts"] == "partial_avatars"), last, newest)


async def _group(call: Call) -> tuple[Told, str]:
    """What is shown under the key of the address."""
    key = call.path["key"]
    what = notices.read_key(key)
    if what is None:
        raise not_found()

    async def unit(tx: Tx) -> Told:
        found = await notifications.of_key(tx, call.actor_id, what)
        return await told(tx, call, found, await wants.load(tx, call.viewer, call.now))

    made = await call.read(unit)
    if not made.notices:
        raise not_found()
    return made, key


@table.get("/api/v2/notifications/<key>", READ, shapes.GROUPED)
async def read_group(call: Call) -> Any:
    """What is shown together under a key"""
    made, key = await _group(call)
    return _results(call, made, {key: made.notices})


@table.get("/api/v2/notifications/<key>/accounts", READ, entities.many(entities.ACCOUNT))
async def group_accounts(call: Call) -> Any:
    """All accounts of a group"""
    made, _ = await _group(call)
    ids = dict.fromkeys(n.actor_id for n in made.notices)
    return [entities.account(made.actors[i], call.base) for i in ids]


@table.post("/api/v2/notifications/<key>/dismiss", WRITE, entities.EMPTY)
async def dismiss_group(call: Call) -> Any:
    """Forget all of a group"""
    _, key = await _group(call)
    return await _forget(call, notices.read_key(key))


@table.get(
    "/api/v2/notifications/unread_count", READ, shapes.COUNTED, COUNT_LIMIT, GROUPED_TYPES, *KINDS
)  # fmt: skip
async def unread_groups(call: Call) -> Any:
    """How many groups came since one last looked"""
    return await _unread(call, _grouped_kinds(call))
