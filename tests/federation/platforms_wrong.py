"""Rows of the index whose stated outcome does not hold: why, and what happens instead."""

from __future__ import annotations

from dataclasses import dataclass

from fedi_community.activitypub.fetch import Failed
from tests.federation.platforms import Case, Play, swap
from tests.federation.platforms_relays import a_boost_for_followers, a_feed_of_groups
from tests.federation.platforms_writing import an_account_deletion
from tests.federation.world import BASE, PUBLIC


@dataclass(frozen=True, slots=True)
class Wrong:
    reason: str
    play: Play


async def no_id(case: Case) -> None:
    """Wherever it is served, it says nothing about where it belongs."""
    assert "id" not in case.doc
    place = "https://peer.example/objects/1"
    case.serve(case.doc, place)
    await case.refused_post(place, "no_id")
    await case.nothing_learned(place)


async def no_author(case: Case) -> None:
    """Nobody's word."""
    case.serve(case.doc)
    await case.refused_post(case.doc["id"], "author_elsewhere")
    await case.nothing_learned(case.doc["id"])


async def no_such_host(case: Case) -> None:
    """Refused at the door, and nobody there is asked."""
    before = await case.state()
    assert await case.send(case.doc, "https://peer.example/users/alice") == (400, "id_invalid")
    assert isinstance(await case.world.peers.learn_actor(case.doc["actor"]), Failed)
    assert case.world.served.asked == []
    assert await case.state() == before


async def an_activity_without_id(case: Case) -> None:
    """Refused at the door; the post that it names stays."""
    author, uri = case.doc["actor"], case.doc["object"]
    await case.post(uri, author)
    before = await case.state()
    assert await case.send(case.doc) == (400, "id_missing")
    assert await case.state() == before
    await case.seen(uri)


async def votes(case: Case) -> None:
    """Two votes in somebody's poll: never shown as messages, whoever follows the voter, whoever's post it is."""
    voter = case.doc["actor"]
    assert await case.is_ignored() == "vote_on_unknown_poll"
    await case.followed(voter)
    assert await case.is_ignored() == "vote_on_unknown_poll"
    _, uri = await case.thread()
    parent = case.doc["object"][0]["inReplyTo"]
    case.doc = swap(case.doc, {parent: uri, case.doc["to"]: f"{BASE}/users/nadia"})
    assert await case.is_ignored() == "vote_on_unknown_poll"
    for vote in case.doc["object"]:
        case.serve({**vote, "to": [PUBLIC]}, vote["id"].partition("#")[0])
        await case.refused_post(vote["id"])


async def an_own_account(case: Case) -> None:
    """The account's own Delete, its object being scrubbed."""
    case.doc["object"] = case.doc["actor"]
    await an_account_deletion(case)


WRONG: dict[str, Wrong] = {
    "fep/e232_example_note.json": Wrong("an illustration without an id: no fetch can confirm it", no_id),
    "fep/7888_example_note.json": Wrong(
        "an illustration without an id; its addressees are mail addresses, hence nobody", no_id
    ),
    "fep/b2b8_example_article.json": Wrong(
        "an illustration without attributedTo: it has no author", no_author
    ),
    "gnusocial/like_note.json": Wrong(
        "its host has an underscore, which no certificate may name (CA/B BR 7.1.4.2.1)", no_such_host
    ),
    "gotosocial/doc_posts_delete.json": Wrong(
        "an illustration without an id: an inbox needs one to tell repeats apart", an_activity_without_id
    ),
    "gotosocial/doc_posts_create.json": Wrong(
        "no message but two votes in a poll (a name, no content, inReplyTo): a vote is never shown as a reply",
        votes,
    ),
    "mbin/snap_delete_user.json": Wrong(
        "no moderator's removal: no summary, removeData, and the same payload is inside snap_announce_delete_user;"
        " an account takes itself back",
        an_own_account,
    ),
    "mastodon/announce_private.json": Wrong(
        "nobody boosts what not everybody may read; the post reaches its author's followers by itself",
        a_boost_for_followers,
    ),
    "piefed/feed_add.json": Wrong(
        "a Feed is no actor type, so nobody can have signed it: 401; as a group's word it is acknowledged and ignored",
        a_feed_of_groups,
    ),
}
"""The index's outcomes were derived by rule; in these the rule looked at less than the payload says."""
