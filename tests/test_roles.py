"""Mentors with the powers that staff chose: what each lets them do, and what it does not."""

from __future__ import annotations

import pytest

from fedi_community.domain import held, memberships
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts
from fedi_community.domain.model import POWERS, USUAL_POWERS
from fedi_community.domain.moderation import acts, bans
from fedi_community.errors import Refusal
from fedi_community.perform import Change, perform
from tests.make import Make

Outcome = Decision | Refusal


async def cast(make: Make) -> tuple[int, int, int, int]:
    """(group, its staff, a mentor, a member with a post in it)"""
    group = await make.group("caregivers", reads="members", joins="approval")
    chief, mentor, omar = [await make.member(name) for name in ("chief", "mentor", "omar")]
    await make.role(group, chief, "staff")
    await make.role(group, mentor, "mentor")
    await make.add(group, omar)
    return group, chief, mentor, omar


async def remove_post(make: Make, by: int, post: int) -> Outcome:
    return await make.do(acts.act_needs(post, by), lambda f: acts.decide_act(post, by, None, "remove", "", f))


async def ban(make: Make, by: int, group: int, target: int) -> Outcome:
    needs = bans.ban_needs(group, by, target)
    return await make.do(needs, lambda f: bans.decide_ban(group, by, None, target, True, "", None, f))


async def take_out(make: Make, by: int, group: int, target: int) -> Outcome:
    needs = memberships.between(group, target, by)
    return await make.do(needs, lambda f: memberships.decide_removal(group, target, f, by), 3)


def word(done: Outcome) -> str:
    return done.reason if isinstance(done, Refusal) else "done"


@pytest.mark.parametrize("powers", [None, (), ("posts",), ("members",), ("reports",), POWERS])
async def test_a_mentor_does_what_staff_chose_and_nothing_else(
    make: Make, powers: tuple[str, ...] | None
) -> None:
    group, chief, mentor, omar = await cast(make)
    eve = await make.member("eve")
    post = await make.post(omar, "@caregivers a question")
    changed = await make.role(group, mentor, "mentor", powers=powers, by=chief)
    assert word(changed) == "done"
    await make.join(eve, group)
    chosen = USUAL_POWERS if powers is None else powers
    asked = [word(await remove_post(make, mentor, post)), word(await make.request(group, mentor, eve)),
             word(await ban(make, mentor, group, eve)), word(await take_out(make, mentor, group, omar))]  # fmt: skip
    needed = ("posts", "members", "members", "members")
    assert asked == ["done" if power in chosen else "no_power" for power in needed]
    # Sight is another thing: every mentor reads what is in his group.
    view = await make.do(acts.act_needs(post, mentor), lambda f: seen(f, mentor, post))
    assert view == Decision((), 1)


def seen(facts: Facts, actor: int, post: int) -> Decision:
    return Decision((), int(facts.may_view(actor, facts.posts[post])))


async def test_what_is_held_is_answered_by_those_with_the_power_over_posts(make: Make) -> None:
    make.house.hold_first = 1
    group, chief, mentor, omar = await cast(make)
    post = await make.post(omar, "@caregivers my first question")

    async def answer() -> Outcome:
        needs = held.needs(post, mentor)

        def decide(facts: Facts) -> Outcome:
            return held.decide(post, mentor, True, facts, group_id=group)

        return await perform(make.house, Change(needs, decide, 3))

    await make.role(group, mentor, "mentor", powers=("members",), by=chief)
    assert word(await answer()) == "no_power"
    await make.role(group, mentor, "mentor", powers=("posts",), by=chief)
    assert word(await answer()) == "done"


async def test_staff_alone_choose_mentors_and_those_who_run_the_server_alone_make_staff(make: Make) -> None:
    group, chief, mentor, omar = await cast(make)
    other = await make.group("sleep")
    stranger = await make.member("stranger")
    await make.role(other, stranger, "staff")
    assert word(await make.role(group, omar, "mentor", by=omar)) == "not_found"
    assert word(await make.role(group, omar, "mentor", by=stranger)) == "not_found"
    assert word(await make.role(group, omar, "mentor", by=mentor)) == "staff_only"
    assert word(await make.role(group, omar, "staff", by=chief)) == "staff_only"
    assert word(await make.role(group, omar, "mentor", powers=("everything",), by=chief)) == "unknown_power"
    assert word(await make.role(group, omar, "mentor", by=chief)) == "done"
    assert word(await make.role(group, omar, "mentor", by=group)) == "done"  # staff who speak as the group
    assert word(await make.role(group, omar, "mentor", on=False, by=chief)) == "done"


async def test_mentors_take_out_neither_staff_nor_each_other(make: Make) -> None:
    group, chief, mentor, omar = await cast(make)
    await make.role(group, omar, "mentor")
    for target in (chief, omar):
        assert word(await take_out(make, mentor, group, target)) == "runs_the_group"
    assert word(await take_out(make, chief, group, omar)) == "runs_the_group"  # the role ends first
    await make.role(group, omar, "mentor", on=False, by=chief)
    assert word(await take_out(make, mentor, group, omar)) == "done"


async def test_powers_end_with_the_role_and_do_not_come_back_with_it(make: Make) -> None:
    group, chief, mentor, omar = await cast(make)
    post = await make.post(omar, "@caregivers a question")
    await make.role(group, mentor, "mentor", powers=("posts",), by=chief)
    await make.role(group, mentor, "mentor", on=False, by=chief)
    assert word(await remove_post(make, mentor, post)) == "not_a_moderator"
    await make.role(group, mentor, "mentor", by=chief)
    assert word(await ban(make, mentor, group, omar)) == "done"
