"""Decide about votes: a member's in any poll, a peer's in one of ours, and what a peer's poll has counted.

Who voted for what is nobody's business: a vote is told to the poll's author alone, is never shown as a reply, and is
read back by nobody but the voter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from fedi_community.domain import addresses, changes, posts
from fedi_community.domain.effects import AddJob, Decision, Effect, Record, Send, TallyPoll, VotePoll, ignored
from fedi_community.domain.facts import Facts, Needs, Poll
from fedi_community.domain.model import Body, Kind, Post, State
from fedi_community.domain.posts import Compose
from fedi_community.domain.status_effects import ChangePoll, NotifyVoters
from fedi_community.errors import NOT_FOUND, Refusal

MIN_CHOICES: Final = 2
MAX_CHOICES: Final = 4
MAX_CHOICE_CHARACTERS: Final = 50
MIN_OPEN_S: Final = 300
MAX_OPEN_S: Final = 2_629_746
TOLD_MS: Final = 60_000
"""Peers are told how a poll of ours stands at most once in so long."""
END_JOB: Final = "poll_end"
COUNT_JOB: Final = "poll_count"

CLOSED: Final = Refusal("poll_closed", 422, "This poll has ended.")
OWN_POLL: Final = Refusal("own_poll", 422, "You cannot vote in your own poll.")
ALREADY_VOTED: Final = Refusal("already_voted", 422, "You have voted in this poll already.")
NO_SUCH_CHOICE: Final = Refusal("no_such_choice", 422, "This poll has no such choice.")
ONE_CHOICE: Final = Refusal("one_choice", 422, "In this poll you can choose only one answer.")


@dataclass(frozen=True, slots=True)
class NewPoll:
    """A poll as its author asks for it. open_s: for how many seconds it is open."""

    options: tuple[str, ...]
    open_s: int
    multiple: bool = False
    hide_totals: bool = False

    def stored(self, now: int) -> dict[str, Any]:
        """As `Body.extra["poll"]`."""
        return {
            "options": [{"name": name, "votes": 0} for name in self.options],
            "multiple": self.multiple,
            "hide_totals": self.hide_totals,
            "expires": now + 1000 * self.open_s,
            "voters": 0,
        }


def why_not(poll: NewPoll) -> Refusal | None:
    """What is wrong with a new poll, in words."""
    said = None
    if len(poll.options) < MIN_CHOICES:
        said = "must have more than one item"
    elif len(poll.options) > MAX_CHOICES:
        said = f"can't contain more than {MAX_CHOICES} items"
    elif any(len(option) > MAX_CHOICE_CHARACTERS for option in poll.options):
        said = f"can't be longer than {MAX_CHOICE_CHARACTERS} characters each"
    elif len(set(poll.options)) < len(poll.options):
        said = "can't contain duplicates"
    if said is not None:
        return Refusal("poll_options", 422, f"Validation failed: Options {said}")
    if poll.open_s < MIN_OPEN_S:
        return Refusal("poll_too_short", 422, "Validation failed: Expires at is too soon")
    if poll.open_s > MAX_OPEN_S:
        return Refusal("poll_too_long", 422, "Validation failed: Expires at is too far into the future")
    return None


def decide_post(asked: Compose, facts: Facts) -> Decision | Refusal:
    """`posts.decide_compose` for a post that may hold a poll, which a job ends. Needs 4 new ids."""
    made = posts.decide_compose(asked, facts)
    poll = asked.body.extra.get("poll")
    if isinstance(made, Refusal) or not isinstance(poll, dict):
        return made
    return replace(made, effects=(*made.effects, _ending(made.result or 0, poll["expires"])))


def _ending(post_id: int, expires: int) -> AddJob:
    return AddJob(END_JOB, f"{post_id}-{expires}", {"id": post_id}, expires)


def _telling(post: Post, facts: Facts) -> list[Effect]:
    """Peers hear how a poll of ours stands when the minute is over."""
    if not post.local:
        return []
    minute = facts.now // TOLD_MS + 1
    return [AddJob(COUNT_JOB, f"{post.id}-{minute}", {"id": post.id}, minute * TOLD_MS)]


def decide_change(
    post_id: int, actor_id: int, body: Body, poll: NewPoll | None, keep: bool, facts: Facts
) -> Decision | Refusal:
    """`changes.decide_edit` by the author, with the poll. Needs 2 new ids.

    keep: the client said nothing about a poll. A poll with other answers begins anew, without its votes.
    """
    decided = changes.decide_edit(post_id, actor_id, body, facts)
    post, known = facts.posts.get(post_id), facts.polls.get(post_id)
    if isinstance(decided, Refusal) or post is None or keep or (poll is None and known is None):
        return decided
    if poll is None:
        gone = ChangePoll(post, Kind.NOTE, (), False, False, None, True)
        return replace(decided, effects=(*decided.effects, gone))
    expires = facts.now + 1000 * poll.open_s
    same = known is not None and known.options == poll.options and known.multiple == poll.multiple
    changed = ChangePoll(
        post, Kind.QUESTION, poll.options, poll.multiple, poll.hide_totals, expires, reset=not same
    )
    return replace(decided, effects=(*decided.effects, changed, _ending(post.id, expires)))


def job_needs(post_id: int) -> Needs:
    """What the two decisions below look at."""
    return Needs(post_ids=frozenset({post_id}))


def decide_ended(post_id: int, facts: Facts) -> Decision:
    """A poll's time is over: who has to do with it is told, and peers hear the result. Needs 2 new ids."""
    post, poll = facts.posts.get(post_id), facts.polls.get(post_id)
    if post is None or poll is None or post.state is not State.PUBLISHED:
        return ignored("gone")
    if poll.expires is None or poll.expires > facts.now:
        return ignored("open_still")
    told = changes.told_of_change(facts, post, "Update", None, None) if post.local else []
    return Decision((NotifyVoters(post, facts.now), *told), post.id, "ended")


def decide_counted(post_id: int, facts: Facts) -> Decision:
    """Peers are told how a poll of ours stands (an Update without a new `updated`). Needs 2 new ids."""
    post, poll = facts.posts.get(post_id), facts.polls.get(post_id)
    if post is None or poll is None or not post.local or post.state is not State.PUBLISHED:
        return ignored("gone")
    return Decision(tuple(changes.told_of_change(facts, post, "Update", None, None)), post.id, "told")


def vote_needs(actor_id: int, post_id: int) -> Needs:
    """What `decide_vote` looks at."""
    people = frozenset({actor_id})
    return Needs(actor_ids=people, post_ids=frozenset({post_id}), subjects=people)


def decide_vote(actor_id: int, post_id: int, choices: Sequence[int], facts: Facts) -> Decision | Refusal:
    """A member votes, once. choices: indexes of the answers. Needs a new id for each of them.

    Refusals: 404 `not_found`; 422 `poll_closed`, `own_poll`, `already_voted`, `no_such_choice`, `one_choice`.
    """
    found = _poll_of(actor_id, post_id, facts)
    if found is None:
        return NOT_FOUND
    post, poll = found
    refused = _may_vote(actor_id, post, poll, choices, facts)
    if refused is not None:
        return refused
    if poll.votes.get(actor_id):
        return ALREADY_VOTED
    chosen = tuple(dict.fromkeys(choices))
    effects: list[Effect] = [VotePoll(actor_id, post, chosen, facts.now), *_telling(post, facts)]
    author = facts.actors[post.author_id]
    if not author.local:
        if poll.expires is not None:
            effects.append(_ending(post.id, poll.expires))
        for new_id, choice in zip(facts.new_ids, chosen, strict=False):
            uri = addresses.activity(facts.base_url, new_id)
            effects += [
                Record(new_id, uri, "Create", actor_id, facts.now, None, author.id, post.uri, None,
                       {"vote": poll.options[choice]}),
                Send(new_id, "control", facts.now, (), (author.id,)),
            ]  # fmt: skip
    return Decision(tuple(effects), post.id, "voted")


def decide_voted(actor_id: int, post_id: int, answer: str, facts: Facts) -> Decision | Refusal:
    """A peer votes in a poll of ours: once, or once for each answer where several may be chosen. answer: its words."""
    found = _poll_of(actor_id, post_id, facts)
    if found is None or not found[0].local:
        return ignored("vote_on_unknown_poll")
    post, poll = found
    choice = poll.options.index(answer) if answer in poll.options else -1
    refused = _may_vote(actor_id, post, poll, (choice,), facts)
    if refused is not None:
        return ignored(refused.reason)
    before = poll.votes.get(actor_id, frozenset())
    if choice in before or (before and not poll.multiple):
        return ignored("already_voted")
    return Decision(
        (VotePoll(actor_id, post, (choice,), facts.now), *_telling(post, facts)), post.id, "voted"
    )


def decide_tally(
    post: Post, options: Sequence[tuple[str, int]], voters: int | None, expires: int | None, facts: Facts
) -> Decision | None:
    """What a peer's own poll has counted, when nothing else of it changed; None when its answers are others now.

    options: (answer, votes) in their order.
    """
    poll = facts.polls.get(post.id)
    if poll is None or poll.options != tuple(name for name, _ in options):
        return None
    counted = TallyPoll(post, tuple(votes for _, votes in options), voters, expires)
    return Decision((counted,), post.id, "counted")


def _poll_of(actor_id: int, post_id: int, facts: Facts) -> tuple[Post, Poll] | None:
    post = facts.posts.get(post_id)
    if post is not None and post.boost_of is not None:
        post = facts.posts.get(post.boost_of)
    poll = facts.polls.get(post.id) if post is not None else None
    if post is None or poll is None or not facts.may_view(actor_id, post):
        return None
    return post, poll


def _may_vote(actor_id: int, post: Post, poll: Poll, choices: Sequence[int], facts: Facts) -> Refusal | None:
    if post.author_id == actor_id:
        return OWN_POLL
    if poll.expires is not None and poll.expires <= facts.now:
        return CLOSED
    if not choices or not all(0 <= choice < len(poll.options) for choice in choices):
        return NO_SUCH_CHOICE
    return ONE_CHOICE if len(set(choices)) > 1 and not poll.multiple else None
