"""The daily work of those who run a group, from a client: what waits to be read, what nobody answered, saved answers, notes, and
discussions that are moved, joined and parted."""

from __future__ import annotations

from typing import Any, Final

from fedi_community.domain import held as waiting
from fedi_community.domain import holds as holding
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Holds
from fedi_community.domain.moderation import desk, threads
from fedi_community.domain.moderation.acts import MAX_REASON
from fedi_community.domain.posts import Compose
from fedi_community.domain.views import PostView
from fedi_community.errors import Refusal, not_found
from fedi_community.ids import SHIFT
from fedi_community.mastodon import entities, writing
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities.schema import BOOL, ID, STR, entity, many, maybe, one_of
from fedi_community.mastodon.lookup import post_of, status_of
from fedi_community.mastodon.once import once
from fedi_community.mastodon.paging import paging
from fedi_community.mastodon.params import Param
from fedi_community.mastodon.show import plainly
from fedi_community.perform import Change, perform
from fedi_community.storage import desk as rows
from fedi_community.storage import held as held_rows
from fedi_community.storage import moderation, views
from fedi_community.storage.database import Tx

table = Table("groups")
WHOSE: Final = ("nobody", "newcomers", "everybody")
HOLDS: Final = entity(
    "GroupHolds", words=many(STR), links=one_of(*WHOSE), phones=BOOL, replies=one_of(*WHOSE)
)
WAITING: Final = entity(
    "HeldStatus",
    held_for=maybe(one_of("first", "word", "link", "phone", "approval", "moderator")),
    status=entities.STATUS,
)
SAVED: Final = entity("SavedAnswer", id=ID, name=STR, en=maybe(STR), es=maybe(STR))
REASON: Final = Param("reason", maximum=MAX_REASON, doc="Kept in the group's log")
UNANSWERED_MS: Final = 24 * 3_600_000
"""So long nobody answered a discussion that the queue shows."""
QUEUE_MS: Final = 30 * 86_400_000
"""Older ones are not in it."""


async def _run_by_me(call: Call, tx: Tx, group_id: int) -> None:
    if group_id not in await moderation.run_by(tx, call.actor_id, [group_id]):
        raise not_found()


def _why(call: Call) -> str:
    return (call["reason"] or "").strip()


# --- what waits -------------------------------------------------------------------------------------------------------------


@table.get("/api/v1/groups/<id>/held", member("read:statuses"), many(WAITING))
async def held(call: Call) -> Any:
    """What waits to be read in a group and why, the oldest first; for its mentors and staff, to everybody else it is missing"""
    group_id, me = call.id(), call.actor_id

    async def unit(tx: Tx) -> list[PostView]:
        await _run_by_me(call, tx, group_id)
        return await views.load_posts(tx, call.viewer, await held_rows.ids(tx, group_id))

    found = await call.read(unit)
    if found:
        await perform(call.house, Change(Needs(), lambda facts: waiting.decide_seen(group_id, me, facts), 0))
    shown = plainly(call, found)
    return [{"held_for": post.held_for, "status": one} for post, one in zip(found, shown, strict=True)]


def _shown(holds: Holds) -> dict[str, Any]:
    return {
        "words": list(holds.words),
        "links": holds.links,
        "phones": holds.phones,
        "replies": holds.replies,
    }


async def _holds(call: Call, group_id: int) -> dict[str, Any]:
    async def unit(tx: Tx) -> Holds:
        await _run_by_me(call, tx, group_id)
        return await held_rows.holds(tx, group_id)

    return _shown(await call.read(unit))


@table.get("/api/v1/groups/<id>/holds", member("read:statuses"), HOLDS)
async def holds(call: Call) -> Any:
    """What a group wants to read before others do; for its mentors and staff, to everybody else it is missing"""
    return await _holds(call, call.id())


@table.put(
    "/api/v1/groups/<id>/holds", member("write:statuses"), HOLDS,
    Param("words", "texts", "Words and phrases; capitals and accents do not matter"),
    Param("links", choices=WHOSE, doc="Whose posts with links"),
    Param("phones", "flag", "Posts with a telephone number"),
    Param("replies", choices=WHOSE, doc="Whose answers"),
)  # fmt: skip
async def set_holds(call: Call) -> Any:
    """Say what waits in a group from now on; what is not sent stays as it is. A newcomer never wrote in the group before"""
    group_id, me, login = call.id(), call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        group = facts.groups.get(group_id)
        now = group.holds if group is not None else Holds()
        wanted = Holds(
            tuple(call["words"] or ()) if call.sent("words") else now.words,
            call["links"] or now.links,
            bool(call["phones"]) if call.sent("phones") else now.phones,
            call["replies"] or now.replies,
        )
        return holding.decide_holds(group_id, me, login, wanted, facts)

    people = frozenset({group_id, me})
    await call.perform(Change(Needs(actor_ids=people, subjects=frozenset({me})), decide, 0))
    return await _holds(call, group_id)


# --- what nobody answered -----------------------------------------------------------------------------------------------------


@table.get("/api/v1/groups/<id>/unanswered", member("read:statuses"), many(entities.STATUS), *paging(20, 40))
async def unanswered(call: Call) -> Any:
    """Discussions that nobody answered for a day, the longest waiting first; for mentors and staff of the group"""
    group_id, at = call.id(), call.cursor
    since, until = (call.now - QUEUE_MS) << SHIFT, (call.now - UNANSWERED_MS) << SHIFT

    async def unit(tx: Tx) -> tuple[list[int], list[PostView]]:
        await _run_by_me(call, tx, group_id)
        before = min(until, at.before) if at.before else until
        ids = await rows.unanswered(tx, group_id, since, before, at.after or 0, at.limit)
        return ids, await views.load_posts(tx, call.viewer, ids)

    ids, found = await call.read(unit)
    return call.page(plainly(call, found), None, ids[-1] if len(ids) >= at.limit else None)


# --- saved answers ------------------------------------------------------------------------------------------------------------


def _one(saved: rows.Saved) -> dict[str, Any]:
    return {
        "id": str(saved.id), "name": saved.name, "en": saved.texts.get("en"), "es": saved.texts.get("es"),
    }  # fmt: skip


async def _saved(call: Call, group_id: int) -> list[rows.Saved]:
    async def unit(tx: Tx) -> list[rows.Saved]:
        await _run_by_me(call, tx, group_id)
        return await rows.saved(tx, group_id)

    return await call.read(unit)


async def _answer(call: Call, group_id: int, key: int) -> rows.Saved:
    found = next((one for one in await _saved(call, group_id) if one.id == key), None)
    if found is None:
        raise not_found()
    return found


@table.get("/api/v1/groups/<id>/answers", member("read:statuses"), many(SAVED))
async def answers(call: Call) -> Any:
    """What those who run a group saved to answer with, by name"""
    return [_one(one) for one in await _saved(call, call.id())]


ANSWER_WORDS: Final = (
    Param("name", required=True, maximum=desk.MAX_SAVED_NAME),
    Param("en", maximum=desk.MAX_SAVED_TEXT, doc="The words in English"),
    Param("es", maximum=desk.MAX_SAVED_TEXT, doc="The words in Spanish"),
)


async def _save(call: Call, instead: int | None) -> dict[str, Any]:
    group_id, me, login = call.id(), call.actor_id, call.who.login_id
    texts = {"en": call["en"] or "", "es": call["es"] or ""}

    def decide(facts: Facts) -> Decision | Refusal:
        return desk.decide_save(group_id, me, login, call["name"], texts, facts, instead=instead)

    made = await call.perform(Change(desk.group_needs(group_id, me), decide, 1))
    return _one(await _answer(call, group_id, made.result or 0))


@table.post("/api/v1/groups/<id>/answers", member("write:statuses"), SAVED, *ANSWER_WORDS)
async def save_answer(call: Call) -> Any:
    """Save an answer, in one language or both"""
    return await _save(call, None)


@table.put("/api/v1/groups/<id>/answers/<answer>", member("write:statuses"), SAVED, *ANSWER_WORDS)
async def change_answer(call: Call) -> Any:
    """Change a saved answer"""
    return await _save(call, call.id("answer"))


@table.delete("/api/v1/groups/<id>/answers/<answer>", member("write:statuses"), entities.EMPTY)
async def delete_answer(call: Call) -> Any:
    """Delete a saved answer; what was written with it stays"""
    group_id, me, login, key = call.id(), call.actor_id, call.who.login_id, call.id("answer")

    def decide(facts: Facts) -> Decision | Refusal:
        return desk.decide_drop(group_id, me, login, key, facts)

    await call.perform(Change(desk.group_needs(group_id, me), decide, 0))
    return {}


def _reply(call: Call, post: PostView, author_id: int, text: str, language: str) -> Compose:
    """An answer for those who read the discussion."""
    wanted: writing.Wanted = {
        "text": text, "spoiler_text": "", "sensitive": False, "language": language, "visibility": post.visibility,
        "in_reply_to_id": post.id, "media_ids": [], "poll": None,
    }  # fmt: skip
    return writing.compose_of(call.house, author_id, call.who.login_id, wanted, call.now)


async def _write(call: Call, asked: Compose, decide: Any) -> dict[str, Any]:
    needs = desk.reply_needs(asked, call.actor_id)
    made = await call.perform(once(call, Change(needs, decide, 4)))
    return await status_of(call, made.result or 0)


@table.post(
    "/api/v1/statuses/<id>/answer", member("write:statuses"), entities.STATUS,
    Param("answer_id", "id", "A saved answer of its group", required=True),
    Param("language", choices=desk.LANGUAGES, doc="Without it the language of what is answered"),
)  # fmt: skip
async def answer(call: Call) -> Any:
    """Answer a status with words that are saved, in its language; for the mentors and staff of its group"""
    post = await post_of(call, call.id())
    if post.group is None:
        raise not_found()
    saved = await _answer(call, post.group.id, call["answer_id"])
    language, text = desk.words_for(saved.texts, call["language"], post.language, call.language)
    asked = _reply(call, post, call.actor_id, text, language)
    return await _write(call, asked, lambda f: desk.decide_answer(asked, call.actor_id, saved.name, f))


# --- the group's own word --------------------------------------------------------------------------------------------------------


@table.post(
    "/api/v1/statuses/<id>/note", member("write:statuses"), entities.STATUS,
    Param("status", required=True, maximum=writing.MAX_CHARACTERS, doc="What the group has to say about it"),
    Param("language", maximum=35), REASON,
)  # fmt: skip
async def note(call: Call) -> Any:
    """Attach the group's own word to a status: an answer by the group before all others; for its staff"""
    post = await post_of(call, call.id())
    if post.group is None or not post.group.local:
        raise not_found()
    language = (call["language"] or post.language or call.language).lower()
    asked = _reply(call, post, post.group.id, call["status"], language)
    return await _write(call, asked, lambda f: desk.decide_note(asked, call.actor_id, _why(call), f))


@table.delete("/api/v1/statuses/<id>/note", member("write:statuses"), entities.EMPTY)
async def unnote(call: Call) -> Any:
    """Take a note of the group away: the id is the note's own"""
    note_id, me, login = call.id(), call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return desk.decide_unnote(note_id, me, login, facts)

    await call.perform(Change(threads.needs(note_id, me), decide, 3))
    return {}


# --- discussions ------------------------------------------------------------------------------------------------------------------


@table.post(
    "/api/v1/statuses/<id>/retitle", member("write:statuses"), entities.STATUS,
    Param("title", required=True, maximum=threads.MAX_TITLE), REASON,
)  # fmt: skip
async def retitle(call: Call) -> Any:
    """Give a discussion another title; its words stay"""
    post_id, me, login = call.id(), call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return threads.decide_retitle(post_id, me, login, call["title"], _why(call), facts)

    await call.perform(Change(threads.needs(post_id, me), decide, 2))
    return await status_of(call, post_id)


@table.post(
    "/api/v1/statuses/<id>/move", member("write:statuses"), entities.STATUS,
    Param("group_id", "id", "Another group that you run", required=True), REASON,
)  # fmt: skip
async def move(call: Call) -> Any:
    """Move a discussion that everybody may read to another group; into a closed one it disappears for all others, for good"""
    post_id, me, login, group = call.id(), call.actor_id, call.who.login_id, call["group_id"]

    def decide(facts: Facts) -> Decision | Refusal:
        return threads.decide_move(post_id, me, login, group, _why(call), facts)

    await call.perform(Change(threads.needs(post_id, me, other_group=group), decide, threads.move_ids))
    return await status_of(call, post_id)


@table.post(
    "/api/v1/statuses/<id>/join", member("write:statuses"), entities.STATUS,
    Param("in_reply_to_id", "id", "What it answers from now on, in the same group", required=True), REASON,
)  # fmt: skip
async def join(call: Call) -> Any:
    """Make a discussion, with all its answers, an answer to another status of its group"""
    post_id, me, login, parent = call.id(), call.actor_id, call.who.login_id, call["in_reply_to_id"]

    def decide(facts: Facts) -> Decision | Refusal:
        return threads.decide_join(post_id, me, login, parent, _why(call), facts)

    await call.perform(Change(threads.needs(post_id, me, other_post=parent), decide, 2))
    return await status_of(call, post_id)


@table.post("/api/v1/statuses/<id>/split", member("write:statuses"), entities.STATUS, REASON)
async def split(call: Call) -> Any:
    """Make an answer, with all its answers, a discussion of its own"""
    post_id, me, login = call.id(), call.actor_id, call.who.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return threads.decide_split(post_id, me, login, _why(call), facts)

    await call.perform(Change(threads.needs(post_id, me), decide, 2))
    return await status_of(call, post_id)
