"""Invitations to a group: those who look after its members make and end them; who has one comes in by it.

The secret stands in an address that is shown once. Pages at it are never cached, tell no other site where the reader came from,
and one that does not let in (any more) is the page that is not there.
"""

from __future__ import annotations

from quart import Response

from fedi_community import auth
from fedi_community.domain import joining, powers
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Invitation, Needs
from fedi_community.domain.model import followers_of
from fedi_community.domain.views import ActorView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.perform import Change, perform_or_raise
from fedi_community.storage import joining as rows
from fedi_community.storage import views, web_queries
from fedi_community.storage.database import Tx
from fedi_community.storage.facts import load
from fedi_community.web.pages.requests import own_group
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render

LONGEST_SECRET = 100


async def _with_power(asked: Ask, handle: str) -> ActorView:
    me = asked.viewer_id

    async def unit(tx: Tx) -> tuple[ActorView, Facts]:
        found = await own_group(tx, asked.viewer, handle)
        needs = Needs(actor_ids=frozenset({found.id, me}), subjects=frozenset({me}))
        return found, await load(tx, needs, asked.now, (), asked.house.base_url)

    group, facts = await asked.house.db.read(unit)
    denied = powers.refused(facts, me, group.id, "members")
    if denied:
        raise Problem.of(denied)
    return group


async def listed(asked: Ask, handle: str) -> Response:
    """The invitations that let in now."""
    return await _page(asked, await _with_power(asked, handle))


async def _page(asked: Ask, group: ActorView, made: str = "") -> Response:
    async def unit(tx: Tx) -> tuple[list[Invitation], dict[int, ActorView]]:
        found = await rows.living(tx, group.id, asked.now)
        return found, await views.load_actors(tx, {one.made_by for one in found})

    found, people = await asked.house.db.read(unit)
    return render(
        asked, "invitations.html", show=asked.show(), cache=False, path=f"/groups/{group.handle}/invitations", group=group,
        found=found, people=people, made=made, usual=joining.USUAL_INVITATION_DAYS, longest=joining.MAX_INVITATION_DAYS,
        most=joining.MAX_USES,
    )  # fmt: skip


def _number(text: str, usual: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else usual


async def make(asked: Ask, handle: str) -> Response:
    """Make one, and show its address this once; or (`end=ID`) end one."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    group = await _with_power(asked, handle)
    needs = joining.invite_needs(group.id, speaker.actor_id)
    if form.get("end"):
        key = object_id_of(form.get("end", ""))

        def ended(facts: Facts) -> Decision | Refusal:
            return joining.decide_revoke(group.id, key, speaker.actor_id, speaker.login_id, facts)

        await perform_or_raise(asked.house, Change(needs, ended, 0))
        return go(asked, asked.href(f"/groups/{group.handle}/invitations"), "invitation_ended")
    secret = auth.new_secret()
    uses = _number(form.get("uses", ""), 1) or None
    days = _number(form.get("days", ""), joining.USUAL_INVITATION_DAYS)
    note = form.get("note", "")[: 2 * joining.MAX_NOTE].replace("\x00", "")

    def decide(facts: Facts) -> Decision | Refusal:
        return joining.decide_invite(
            group.id, speaker.actor_id, speaker.login_id, auth.token_hash(secret), uses, days, note, facts
        )

    await perform_or_raise(asked.house, Change(needs, decide, 1))
    return await _page(asked, group, f"{asked.house.base_url}{asked.href(f'/invitations/{secret}')}")


# --- with an invitation -----------------------------------------------------------------------------------------------------


async def _invited(asked: Ask, secret: str) -> tuple[ActorView, bool]:
    """The group that an invitation leads to, and whether the reader is in it; else the one 404."""

    async def unit(tx: Tx) -> tuple[ActorView, bool] | None:
        found = await rows.by_hash(tx, auth.token_hash(secret[:LONGEST_SECRET]), asked.now)
        group = None if found is None else (await views.load_actors(tx, [found.group_id])).get(found.group_id)
        if group is None or group.state not in ("active", "limited"):
            return None
        standing = await web_queries.grant_of(tx, asked.viewer_id, followers_of(group.id))
        return group, standing == 1

    found = await asked.house.db.read(unit)
    if found is None:
        raise not_found()
    return found


def _quiet(response: Response) -> Response:
    """The secret is in the address: no site that is opened from here is told it."""
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


async def invitation(asked: Ask, secret: str) -> Response:
    """Which group it is, and a button; programs that look at mails follow links, but press none."""
    group, inside = await _invited(asked, secret)
    here = f"/invitations/{secret[:LONGEST_SECRET]}"
    return _quiet(
        render(
            asked,
            "invitation.html",
            show=asked.show(),
            cache=False,
            path=here,
            group=group,
            inside=inside,
            here=here,
        )
    )


async def enter(asked: Ask, secret: str) -> Response:
    """Come in."""
    await form_of(asked)
    me = asked.must_speak().actor_id
    group, _ = await _invited(asked, secret)
    hash_ = auth.token_hash(secret[:LONGEST_SECRET])

    def decide(facts: Facts) -> Decision | Refusal:
        return joining.decide_enter(group.id, hash_, me, facts)

    await perform_or_raise(asked.house, Change(joining.enter_needs(group.id, me), decide, 0))
    return go(asked, asked.href(f"/groups/{group.handle}"), "joined")
