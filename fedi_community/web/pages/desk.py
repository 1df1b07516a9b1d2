"""The daily work of those who run a group: what waits, what nobody answered, saved answers, the log, who is kept out, and all that
can be done with one post. To anybody else there are no such pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from quart import Response, request

from fedi_community.domain import holds as holding
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.moderation import acts, bans, desk, threads
from fedi_community.domain.posts import Compose
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.ids import SHIFT
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import desk as rows
from fedi_community.storage import held as held_rows
from fedi_community.storage import members, moderation, reports, views, web_queries
from fedi_community.storage.database import Tx
from fedi_community.web import compose
from fedi_community.web.forms import Written
from fedi_community.web.pages.requests import own_group
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render
from fedi_community.web.show import around

DAY_MS: Final = 86_400_000
QUEUE_DAYS: Final = 30
MAX_QUEUE: Final = 20
"""Discussions without an answer that the page shows, the longest waiting first."""
LOG_PAGE: Final = 50
WHOSE: Final = ("nobody", "newcomers", "everybody")
_ADDRESS: Final = re.compile(r"/objects/([0-9]{1,19})")


async def overview(asked: Ask, handle: str) -> Response:
    """What waits, what nobody answered, and the words and rules of the group."""
    since, until = (asked.now - QUEUE_DAYS * DAY_MS) << SHIFT, (asked.now - DAY_MS) << SHIFT

    async def unit(tx: Tx) -> dict[str, Any]:
        group = await own_group(tx, asked.viewer, handle)
        ids = await rows.unanswered(tx, group.id, since, until, 0, MAX_QUEUE)
        return {
            "group": group,
            "powers": await reports.powers_in(tx, asked.viewer_id, group.id),
            "unanswered": await views.load_posts(tx, asked.viewer, ids),
            "answers": await rows.saved(tx, group.id),
            "holds": await held_rows.holds(tx, group.id),
            "held": await held_rows.count(tx, group.id),
            "requests": await members.asked_count(tx, group.id),
        }

    found = await asked.house.db.read(unit)
    return render(asked, "desk.html", show=asked.show(), cache=False, whose=WHOSE, **found)


async def save(asked: Ask, handle: str) -> Response:
    """What the form says: `do` is holds, answer or delete."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    group = await asked.house.db.read(lambda tx: own_group(tx, asked.viewer, handle))
    me, login, key = speaker.actor_id, speaker.login_id, form.get("id", "")
    number = int(key) if key.isascii() and key.isdigit() and len(key) < 20 else None

    def decide(facts: Facts) -> Decision | Refusal:
        match form.get("do"):
            case "holds":
                lines = form.get("words", "").splitlines()
                links, replies = (form.get(n, "nobody") for n in ("links", "replies"))
                wanted = holding.holds_of(
                    {"words": lines, "links": links, "replies": replies, "phones": form.get("phones") == "1"}
                )
                return holding.decide_holds(group.id, me, login, wanted, facts)
            case "answer":
                texts = {code: form.get(code, "") for code in desk.LANGUAGES}
                return desk.decide_save(
                    group.id, me, login, form.get("name", ""), texts, facts, instead=number
                )
            case "delete":
                return desk.decide_drop(group.id, me, login, number or 0, facts)
        return acts.UNKNOWN_ACT

    await perform_or_raise(asked.house, Change(desk.group_needs(group.id, me), decide, 1))
    said = "desk_deleted" if form.get("do") == "delete" else "desk_saved"
    return go(asked, asked.href(f"/groups/{group.handle}/desk"), said)


# --- log and bans -------------------------------------------------------------------------------------------------------------


async def log(asked: Ask, handle: str) -> Response:
    """What was done in the group, the newest first; `before` an entry."""
    before = request.args.get("before", "")
    bound = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    login = asked.speaker.login_id if asked.speaker else 0

    async def unit(tx: Tx) -> tuple[ActorView, list[moderation.LogRow], dict[int, ActorView]]:
        group = await own_group(tx, asked.viewer, handle)
        answers = group.id in await reports.answers(tx, asked.viewer_id, [group.id])
        found = await moderation.log(tx, group.id, login, answers, bound, None, LOG_PAGE)
        people = {i for row in found for i in (row.actor_id, row.target_id) if i}
        return group, found, await views.load_actors(tx, people)

    group, found, people = await asked.house.db.read(unit)
    more = found[-1].id if len(found) == LOG_PAGE else None
    return render(
        asked, "log.html", show=asked.show(), cache=False, group=group, rows=found, people=people, more=more,
        what=_what(asked),
    )  # fmt: skip


def _what(asked: Ask) -> Callable[[str], str]:
    def words(action: str) -> str:
        for key in (f"log.{action}", f"audit.{action}"):
            try:
                return asked.t(key)
            except KeyError:
                continue
        return asked.t("log.other", action=action.replace("_", " "))

    return words


async def kept_out(asked: Ask, handle: str) -> Response:
    """Who is kept out of the group."""

    async def unit(tx: Tx) -> tuple[ActorView, list[moderation.BanRow], dict[int, ActorView]]:
        group = await own_group(tx, asked.viewer, handle)
        found = await moderation.bans(tx, group.id, None, None, 200)
        return group, found, await views.load_actors(tx, [row.target_id for row in found])

    group, found, people = await asked.house.db.read(unit)
    return render(asked, "bans.html", show=asked.show(), cache=False, group=group, rows=found, people=people)


async def let_in(asked: Ask, handle: str) -> Response:
    """Let the one whom the form names in again."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    group = await asked.house.db.read(lambda tx: own_group(tx, asked.viewer, handle))
    target = object_id_of(form.get("person", ""))

    def decide(facts: Facts) -> Decision | Refusal:
        return bans.decide_ban(group.id, speaker.actor_id, speaker.login_id, target, False, "", None, facts)

    needs = bans.ban_needs(group.id, speaker.actor_id, target)
    await perform_or_raise(asked.house, Change(needs, decide, bans.IDS))
    return go(asked, asked.href(f"/groups/{group.handle}/bans"), "ban_lifted")


# --- one post -----------------------------------------------------------------------------------------------------------------


async def _mine(tx: Tx, asked: Ask, key: int) -> tuple[PostView, ActorView]:
    """A post in a group that the reader runs; raises the one 404 for any other."""
    found = await views.load_posts(tx, asked.viewer, [key])
    group = found[0].group if found else None
    if group is None or not group.local:
        raise not_found()
    return found[0], await own_group(tx, asked.viewer, group.handle)


async def post_form(asked: Ask, object_id: str) -> Response:
    """All that can be done with one post."""
    key = object_id_of(object_id)
    me = asked.must_speak().actor_id

    async def unit(tx: Tx) -> dict[str, Any]:
        post, group = await _mine(tx, asked, key)
        others = [g for g in await web_queries.run_groups(tx, me) if g != group.id]
        named = await views.load_actors(tx, others)
        return {
            "post": post,
            "group": group,
            "answers": await rows.saved(tx, group.id),
            "others": sorted(named.values(), key=lambda g: g.name.casefold()),
            "staff": me == group.id or await web_queries.is_staff(tx, me, group.id),
            "around": await around(tx, asked.viewer, [post]),
        }

    found = await asked.house.db.read(unit)
    return render(asked, "lookafter.html", show=asked.show(found.pop("around")), cache=False, **found)


async def post_act(asked: Ask, object_id: str) -> Response:
    """What the form says: `do` is answer, retitle, move, join, split, note, ban or redact."""
    key, form = object_id_of(object_id), await form_of(asked)
    speaker = asked.must_speak()
    post, group = await asked.house.db.read(lambda tx: _mine(tx, asked, key))
    me, login, reason = speaker.actor_id, speaker.login_id, form.get("reason", "").strip()
    match form.get("do"):
        case "answer":
            return await _answered(asked, post, group, form.get("answer", ""))
        case "note":
            return await _noted(asked, post, group, form.get("text", ""))
        case "retitle":
            change = Change(
                threads.needs(key, me),
                lambda f: threads.decide_retitle(key, me, login, form.get("title", ""), reason, f),
                2,
            )
        case "move":
            to = object_id_of(form.get("group", ""))
            change = Change(
                threads.needs(key, me, other_group=to),
                lambda f: threads.decide_move(key, me, login, to, reason, f),
                threads.move_ids,
            )
        case "join":
            onto = _named(asked, form.get("address", ""))
            change = Change(
                threads.needs(key, me, other_post=onto),
                lambda f: threads.decide_join(key, me, login, onto, reason, f),
                2,
            )
        case "split":
            change = Change(
                threads.needs(key, me), lambda f: threads.decide_split(key, me, login, reason, f), 2
            )
        case "ban":
            change = _kept_out_now(asked, group.id, post.author.id, form.get("days", ""), reason)
        case "redact":
            change = Change(
                acts.act_needs(key, me), lambda f: acts.decide_redact(key, me, login, reason, f), 4
            )
        case _:
            raise Problem.of(acts.UNKNOWN_ACT)
    await perform_or_raise(asked.house, change)
    return go(asked, asked.href(f"/objects/{key}"), "after_done")


def _kept_out_now(asked: Ask, group_id: int, target_id: int, days: str, reason: str) -> Change:
    """A ban of a post's author. days: 0 for good."""
    speaker = asked.must_speak()
    if not (days.isascii() and days.isdigit() and len(days) < 5):
        raise Problem.of(acts.UNKNOWN_ACT)
    until = asked.now + int(days) * DAY_MS if int(days) else None
    me, login = speaker.actor_id, speaker.login_id

    def decide(facts: Facts) -> Decision | Refusal:
        return bans.decide_ban(group_id, me, login, target_id, True, reason, until, facts)

    return Change(bans.ban_needs(group_id, me, target_id), decide, bans.IDS)


def _named(asked: Ask, address: str) -> int:
    """The post that an address of ours leads to."""
    found = _ADDRESS.search(address)
    if found is None:
        raise Problem(422, "no_address", asked.t("after.no_address"))
    return int(found[1])


def _reply(asked: Ask, post: PostView, author_id: int, text: str, language: str) -> Compose:
    """An answer for those who read the discussion."""
    written = Written(text=text, language=language)
    body = compose.body_of(written, asked.house.host, asked.house.base_url, {})
    return Compose(author_id, body, post.visibility, reply_to=post.id, posted_by=asked.must_speak().login_id)


async def _answered(asked: Ask, post: PostView, group: ActorView, answer: str) -> Response:
    me = asked.must_speak().actor_id
    saved = await asked.house.db.read(lambda tx: rows.saved(tx, group.id))
    chosen = next((one for one in saved if str(one.id) == answer), None)
    if chosen is None:
        raise not_found()
    language, text = desk.words_for(chosen.texts, post.language, asked.t.language)
    wanted = _reply(asked, post, me, text, language)
    change = Change(desk.reply_needs(wanted, me), lambda f: desk.decide_answer(wanted, me, chosen.name, f), 4)
    await perform_or_raise(asked.house, change)
    return go(asked, asked.href(f"/objects/{post.id}"), "after_answer")


async def _noted(asked: Ask, post: PostView, group: ActorView, text: str) -> Response:
    me = asked.must_speak().actor_id
    if not text.strip() or len(text) > desk.MAX_SAVED_TEXT:
        raise Problem.of(desk.NOTE_LENGTH)
    wanted = _reply(asked, post, group.id, text, (post.language or asked.t.language).split("-")[0])
    change = Change(desk.reply_needs(wanted, me), lambda f: desk.decide_note(wanted, me, "", f), 4)
    await perform_or_raise(asked.house, change)
    return go(asked, asked.href(f"/objects/{post.id}"), "after_done")
