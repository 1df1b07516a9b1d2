"""Activities as documents. Pure; the built documents are embedded or signed by whoever asked.

An inner activity keeps its own `@context` and proof, so that it can be verified wherever it is carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bovine.activitystreams.activity_factory import Activity

from fedi_community.activitypub.render.common import Addressing, Document, iso, without_context
from fedi_community.activitypub.render.contexts import CONTEXT, UPDATE_CONTEXT

NOBODY = Addressing((), ())


def activity(
    type_: str,
    uri: str,
    actor: str,
    object_: Any,
    addressing: Addressing,
    *,
    published: int | None = None,
    target: str | None = None,
    content: str | None = None,
    summary: str | None = None,
    context: list[Any] = CONTEXT,
) -> Document:
    """Any activity. object_: an id or a document; `to` and `cc` keep their order (the builder's sets have none)."""
    built: Document = Activity(
        type=type_,
        id=uri,
        actor=actor,
        published=iso(published) if published is not None else None,
        target=target,
        content=content,
        summary=summary,
        object=object_,
    ).build()
    return {**built, **addressing.fields(), "@context": context}


def create(uri: str, post: Document, actor: str) -> Document:
    """Create, addressed as its object is."""
    return _carrying("Create", uri, post, actor, post["published"])


def create_vote(uri: str, actor: str, poll: str, answer: str, addressing: Addressing, at: int) -> Document:
    """A vote in a poll, one answer: a Note with a name and no content, in answer to the Question."""
    note: Document = {
        "id": f"{uri}#vote",
        "type": "Note",
        "name": answer,
        "attributedTo": actor,
        "inReplyTo": poll,
        "published": iso(at),
        **addressing.fields(),
    }
    return activity("Create", uri, actor, note, addressing, published=at)


def update(uri: str, post: Document, actor: str) -> Document:
    """Update of a post."""
    return _carrying("Update", uri, post, actor, post.get("updated") or post["published"])


def _carrying(type_: str, uri: str, post: Document, actor: str, published: str) -> Document:
    addressing = Addressing(tuple(post["to"]), tuple(post["cc"]), post.get("audience"))
    return {
        **activity(type_, uri, actor, without_context(post), addressing),
        "published": published,
    }


def update_actor(uri: str, document: Document, addressing: Addressing, at: int) -> Document:
    """Update of an actor by itself."""
    return activity(
        "Update",
        uri,
        document["id"],
        without_context(document),
        addressing,
        published=at,
        context=UPDATE_CONTEXT,
    )


def delete(uri: str, actor: str, object_uri: str, addressing: Addressing, summary: str = "") -> Document:
    """Delete: ids alone. summary: says that it is a removal by those who run the group (Lemmy reads it so)."""
    return activity("Delete", uri, actor, object_uri, addressing, summary=summary or None)


def announce(uri: str, actor: str, object_: Any, addressing: Addressing, at: int) -> Document:
    """A boost (object_: an id), or a group passing on an activity (object_: the whole of it, unchanged; FEP-1b12)."""
    return activity("Announce", uri, actor, object_, addressing, published=at)


def reaction(
    type_: str, uri: str, actor: str, object_uri: str, addressing: Addressing, content: str = ""
) -> Document:
    """Like, Dislike or EmojiReact."""
    return activity(type_, uri, actor, object_uri, addressing, content=content or None)


def follow(uri: str | None, actor: str, target: str) -> Document:
    """Follow; without an id where the peer gave none."""
    return {
        name: part
        for name, part in activity("Follow", uri or "", actor, target, Addressing((target,), ())).items()
        if name != "id" or part
    }


def answer(type_: str, uri: str, owner: str, asker: str, follow_uri: str | None) -> Document:
    """Accept or Reject with the Follow embedded and its id: some peers match by the one, some by the other."""
    inner = without_context(follow(follow_uri, asker, owner))
    return activity(type_, uri, owner, {k: inner[k] for k in ("id", "type", "actor", "object") if k in inner},
                    Addressing((asker,), ()))  # fmt: skip


def undo(uri: str, actor: str, inner: Document, addressing: Addressing) -> Document:
    """Undo with what is undone embedded, ids alone. inner: of what moderators did with all that Lemmy 1.0 asks of the activity
    itself (`to`, `cc`, and the `summary` that makes a Delete a removal)."""
    names = ("id", "type", "actor", "object", "to", "cc", "target", "audience", "summary")
    kept = {k: inner[k] for k in names if k in inner}
    return activity("Undo", uri, actor, kept, addressing)


def flag(uri: str, instance: str, objects: Sequence[str], comment: str, addressee: str) -> Document:
    """A report, as the instance: it never names who reported."""
    return activity(
        "Flag", uri, instance, list(objects), Addressing((addressee,), ()), content=comment or None
    )
