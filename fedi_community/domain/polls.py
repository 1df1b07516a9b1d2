"""Decide about votes: a member's in any poll, a peer's in one of ours, and what a peer's poll has counted.

Who voted for what is nobody's business: a vote is told to the poll's author alone, is never shown as a reply, and is
read back by nobody but the voter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fedi_community.domain import addresses
from fedi_community.domain.effects import Decision, Effect, Record, Send, TallyPoll, VotePoll, ignored
from fedi_community.domain.facts import Facts, Needs, Poll
from fedi_community.domain.model import Post
from fedi_community.domain.posts import NOT_FOUND
from fedi_community.errors import Refusal

CLOSED: Final = Refusal("poll_closed", 422, "This poll has ended.")
OWN_POLL: Final = Refusal("own_poll", 422, "You cannot vote in your own poll.")
ALREADY_VOTED: Final = Refusal("already_voted", 422, "You have voted in this poll already.")
NO_SUCH_CHOICE: Final = Refusal("no_such_choice", 422, "This poll has no such choice.")
ONE_CHOICE: Final = Refusal("one_choice", 422, "In this poll you can choose only one answer.")


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
    effects: list[Effect] = [VotePoll(actor_id, post, chosen, facts.now)]
    author = facts.actors[post.author_id]
    if not author.local:
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
    return Decision((VotePoll(actor_id, post, (choice,), facts.now),), post.id, "voted")


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
