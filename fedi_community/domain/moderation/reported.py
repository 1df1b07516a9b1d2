"""What somebody who answers a report does about it at once: take the reported post away or show it again, warn its author, keep him
out of the group or let him in. Each stands in the log, is told to the author, and is undone by another.

Server staff act on any reported post, by the report; those of a group on posts in it, with the powers that they have there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fedi_community.domain import changes, measures, sending
from fedi_community.domain.client_effects import EndMeasures
from fedi_community.domain.effects import Audit, Decision, Effect, SetState, ignored
from fedi_community.domain.facts import Facts, Needs, Report
from fedi_community.domain.model import Post, State
from fedi_community.domain.moderation import acts, bans
from fedi_community.domain.powers import NO_POWER
from fedi_community.domain.reports import Helper, opened, report_needs
from fedi_community.errors import NOT_FOUND, Refusal

NO_WORDS: Final = Refusal("no_words", 422, "Please write to this person what is wrong.")
IDS = acts.IDS
"""New ids that each of these uses."""


def act_needs(who: Helper, report_id: int, post_id: int | None = None) -> Needs:
    """What these look at."""
    return replace(
        report_needs(who, report_id), post_ids=frozenset({post_id} if post_id else ()), boosts=True, around=True, group_pins=True,
        humans=True,
    )  # fmt: skip


def powers(who: Helper, found: Report, facts: Facts) -> frozenset[str]:
    """What the page offers: posts (remove, restore), members (ban), warn (in the group; server staff warn for the server)."""
    group = facts.actors.get(found.group_id or 0)
    inside = {"posts", "members"} if group is not None and group.local else set()
    mine = {power for power in inside if facts.may(who.actor_id, found.group_id or 0, power)}
    return frozenset(mine | ({"posts"} if who.staff else {"warn"}))


def decide_post(who: Helper, post_id: int, on: bool, facts: Facts) -> Decision | Refusal:
    """Show a reported post again (on) or take it away. Needs 5 new ids (`IDS`)."""
    found = opened(who, facts)
    if isinstance(found, Refusal):
        return found
    post = facts.posts.get(post_id)
    if post is None or post_id not in found.object_ids or post.state is State.DELETED:
        return NOT_FOUND
    if not who.staff and post.group_id != found.group_id:
        return NOT_FOUND  # its discussion was moved: others look after it now
    if "posts" not in powers(who, found, facts):
        return NO_POWER
    act, group = ("restore" if on else "remove"), facts.actors.get(post.group_id or 0)
    if group is not None and group.local:
        return acts.carry_out(post, group, who.actor_id, who.login_id, act, "", facts)
    return _outside_groups(post, who, act, facts) if who.staff else NOT_FOUND


def _outside_groups(post: Post, who: Helper, act: str, facts: Facts) -> Decision | Refusal:
    if (act == "remove") is (post.state is State.REMOVED):
        return ignored("known")
    logged = Audit(act, facts.now, who.actor_id, who.login_id, None, post.id, post.author_id)
    if act == "restore":
        ended = EndMeasures(post.author_id, ("remove",), facts.now, None, post.id)
        shown: list[Effect] = [SetState(post, State.PUBLISHED)]
        if post.local and post.released:  # servers that deleted their copy may take no notice
            shown += changes.told_of_change(facts, post, "Update", None, None)
        return Decision((*shown, ended, logged), post.id, act)
    effects: list[Effect] = [SetState(post, State.REMOVED)]
    if post.local and post.released:
        effects += changes.told_of_change(facts, post, "Delete", None, None)
        effects += sending.unboost(facts, post, facts.new_ids[2])
    if post.local and post.author_id != who.actor_id:
        effects += measures.taken(
            facts.new_ids[3],
            post.author_id,
            who.login_id,
            "remove",
            measures.Telling(),
            facts,
            object_id=post.id,
        )
    return Decision((*effects, logged), post.id, act)


def decide_warn(who: Helper, text: str, facts: Facts) -> Decision | Refusal:
    """Those of the group say a word of warning to whom a report in it is about. Needs 1 new id."""
    found = opened(who, facts)
    if isinstance(found, Refusal):
        return found
    if found.group_id is None or "warn" not in powers(who, found, facts):
        return NOT_FOUND
    if not text.strip():
        return NO_WORDS
    telling = measures.Telling(text.strip()[: measures.MAX_TEXT])
    told = measures.taken(
        facts.new_ids[0], found.target_id, who.login_id, "none", telling, facts, group_id=found.group_id, report_id=found.id
    )  # fmt: skip
    logged = Audit("warn", facts.now, who.actor_id, who.login_id, found.group_id, None, found.target_id)
    return Decision((*told, logged), found.id, "warned")


def decide_keep_out(who: Helper, on: bool, expires: int | None, facts: Facts) -> Decision | Refusal:
    """Those of the group keep whom a report in it is about out of it, or let him in again. Needs 4 new ids."""
    found = opened(who, facts)
    if isinstance(found, Refusal):
        return found
    if found.group_id is None:
        return NOT_FOUND
    return bans.decide_ban(
        found.group_id, who.actor_id, who.login_id, found.target_id, on, "", expires, facts
    )
