"""Small forms with one button: join or leave a group, follow a person, give thanks, delete."""

from __future__ import annotations

from quart import Response

from fedi_community.domain import changes, joining, memberships, relations
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.moderation import acts as moderation
from fedi_community.domain.views import PostView
from fedi_community.errors import Refusal, not_found
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import views
from fedi_community.web.pages.reading import find_group, find_person
from fedi_community.web.pages.site import Ask, back, form_of, go, object_id_of, render
from fedi_community.web.show import around


def _about(actor_id: int, target_id: int) -> Needs:
    return Needs(actor_ids=frozenset({actor_id, target_id}), subjects=frozenset({actor_id}))


def _of_post(actor_id: int, post_id: int) -> Needs:
    return Needs(
        actor_ids=frozenset({actor_id}),
        post_ids=frozenset({post_id}),
        subjects=frozenset({actor_id}),
        boosts=True,
    )


async def _follow(asked: Ask, target_id: int) -> Decision:
    me = asked.must_speak().actor_id
    change = Change(_about(me, target_id), lambda f: relations.decide_follow(me, target_id, f))
    return await perform_or_raise(asked.house, change)


async def _unfollow(asked: Ask, target_id: int) -> Decision:
    me = asked.must_speak().actor_id
    change = Change(_about(me, target_id), lambda f: memberships.decide_leave(me, target_id, f))
    return await perform_or_raise(asked.house, change)


async def join(asked: Ask, handle: str) -> Response:
    form = await form_of(asked)
    me = asked.must_speak().actor_id
    group = await asked.house.db.read(lambda tx: find_group(tx, asked.viewer, handle))
    answer = form.get("answer", "")[: 2 * joining.MAX_ANSWER]
    change = Change(_about(me, group.id), lambda f: joining.decide_join(me, group.id, answer, f))
    done = await perform_or_raise(asked.house, change)
    said = "joined" if done.verdict == "accepted" else "asked"
    return go(asked, asked.href(f"/groups/{group.handle}"), said)


async def leave(asked: Ask, handle: str) -> Response:
    """Out of a group. One that no longer exists for the reader afterwards leads home."""
    await form_of(asked)
    asked.must_speak()
    group = await asked.house.db.read(lambda tx: find_group(tx, asked.viewer, handle))
    await _unfollow(asked, group.id)
    still = await asked.house.db.read(lambda tx: views.findable(tx, asked.viewer, [group.id]))
    return go(asked, asked.href(f"/groups/{group.handle}" if still else "/groups"), "left")


async def follow(asked: Ask, name: str) -> Response:
    await form_of(asked)
    asked.must_speak()
    person = await asked.house.db.read(lambda tx: find_person(tx, asked.viewer, name))
    done = await _follow(asked, person.id)
    said = "followed" if done.verdict == "accepted" else "follow_asked"
    return go(asked, asked.href(f"/@{person.acct}"), said)


async def unfollow(asked: Ask, name: str) -> Response:
    await form_of(asked)
    asked.must_speak()
    person = await asked.house.db.read(lambda tx: find_person(tx, asked.viewer, name))
    await _unfollow(asked, person.id)
    return go(asked, asked.href(f"/@{person.acct}"), "unfollowed")


async def like(asked: Ask, object_id: str) -> Response:
    """Give thanks (`on=1`) or take them back."""
    key, form = object_id_of(object_id), await form_of(asked)
    speaker, on = asked.must_speak(), form.get("on") == "1"
    me, tell = speaker.actor_id, relations.tells_votes(speaker.settings)

    def decide(facts: Facts) -> Decision | Refusal:
        if on:
            return relations.decide_react(me, key, "like", facts, tell=tell)
        return relations.decide_unreact(me, key, "like", facts)

    await perform_or_raise(asked.house, Change(_of_post(me, key), decide))
    return go(asked, back(asked, form, f"/objects/{key}"), "liked" if on else "unliked")


async def moderate(asked: Ask, object_id: str) -> Response:
    """What a mentor or staff of a group does with a post in it (`act`), and why."""
    key, form = object_id_of(object_id), await form_of(asked)
    speaker, act = asked.must_speak(), form.get("act", "")

    def decide(facts: Facts) -> Decision | Refusal:
        reason = form.get("reason", "").strip()
        return moderation.decide_act(key, speaker.actor_id, speaker.login_id, act, reason, facts)

    await perform_or_raise(
        asked.house, Change(moderation.act_needs(key, speaker.actor_id), decide, moderation.IDS)
    )
    return go(asked, back(asked, form, f"/objects/{key}"), f"act_{act}")


async def own_post(asked: Ask, key: int) -> PostView:
    """A post of the reader's own; raises the one 404 for anybody else's."""
    found = await asked.house.db.read(lambda tx: views.load_posts(tx, asked.viewer, [key]))
    if not found or not asked.viewer_id or found[0].author.id != asked.viewer_id:
        raise not_found()
    return found[0]


async def delete_form(asked: Ask, object_id: str) -> Response:
    """The question before a post goes."""
    key = object_id_of(object_id)
    post = await own_post(asked, key)
    found = await asked.house.db.read(lambda tx: around(tx, asked.viewer, [post]))
    return render(asked, "delete.html", show=asked.show(found), cache=False, post=post)


async def delete(asked: Ask, object_id: str) -> Response:
    key = object_id_of(object_id)
    await form_of(asked)
    me = asked.must_speak().actor_id
    post = await own_post(asked, key)
    await perform_or_raise(
        asked.house, Change(_of_post(me, key), lambda f: changes.decide_delete(key, me, f))
    )
    if post.reply_to and post.root_id:
        return go(asked, asked.href(f"/objects/{post.root_id}"), "deleted")
    where = f"/groups/{post.group.handle}" if post.group and post.group.local else "/"
    return go(asked, asked.href(where), "deleted")
