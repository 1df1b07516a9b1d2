"""What we send, read as the servers that get it do: for each a pure function from a document to what it makes of it.

A reader answers `done: …`, `ignored: …` (harmless: not for them) or `refused: …` (they would have used it, and cannot). Each rule
names what it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

Json = dict[str, Any]
PUBLIC: Final = "https://www.w3.org/ns/activitystreams#Public"
AS2: Final = "https://www.w3.org/ns/activitystreams"
_ID: Final = re.compile(r"https://[A-Za-z0-9.-]+/\S*")
POSTS: Final = frozenset({"Note", "Page", "Article", "Video", "Event", "Question"})
REACTIONS: Final = frozenset({"Like", "Dislike", "EmojiReact"})


def kind_of(uri: str) -> str:
    """What our addresses are: Person or Service, Group, or the instance actor."""
    path = uri.split("://", 1)[-1].partition("/")[2]
    return "Group" if path.startswith("groups/") else "Application" if path == "actor" else "Person"


def _listed(document: Json, name: str) -> list[str]:
    found = document.get(name, [])
    return [found] if isinstance(found, str) else list(found)


def _public(document: Json) -> bool:
    return PUBLIC in (*_listed(document, "to"), *_listed(document, "cc"))


def _lacks(document: Json, *names: str) -> str | None:
    return next((name for name in names if document.get(name) in (None, "")), None)


# --- Lemmy 1.0 ----------------------------------------------------------------------------------------------------------------


def lemmy(document: Json) -> str:
    """Lemmy 1.0, `crates/apub`: what is not deserialised into one of its structs is refused as a whole."""
    bad = _lemmy_ids(document)
    if bad:
        return f"refused: {bad}"
    type_, inner = document["type"], document.get("object")
    if type_ == "Announce":
        if not isinstance(inner, dict):
            return "ignored: an object's id is for microblogs"  # announce.rs: CannotReceivePage
        if not _public(document):
            return "refused: visibility"  # announce.rs: verify_visibility
        return _lemmy_inner(inner)
    if type_ == "Accept":
        whole = (
            isinstance(inner, dict)
            and inner.get("type") == "Follow"
            and not _lacks(inner, "id", "actor", "object")
        )
        return "done: joined" if whole else "refused: the Follow is not embedded"
    if type_ in ("Follow", "Flag", "Reject"):
        return f"done: {type_}"
    if type_ == "Update" and isinstance(inner, dict) and inner.get("type") in ("Person", "Service", "Group"):
        return "ignored: profiles are asked for again within a day"
    return _lemmy_inner(document)


def _lemmy_ids(document: Json) -> str | None:
    """federation library: `Url::domain`, and no port in an id."""
    for name in ("id", "actor"):
        if not _ID.fullmatch(str(document.get(name, ""))):
            return f"{name} {document.get(name)}"
    return None


def _lemmy_inner(document: Json) -> str:
    type_, inner = document["type"], document.get("object")
    bad = _lemmy_ids(document)
    if bad:
        return f"refused: {bad}"
    if kind_of(document["actor"]) not in ("Person", "Service", "Organization"):
        return "refused: the actor is no person"  # every struct: `actor: ObjectId<ApubPerson>`
    if type_ in ("Create", "Update") and isinstance(inner, dict):
        return _lemmy_note(inner) if inner.get("inReplyTo") else _lemmy_page(inner)
    if type_ == "Delete":
        if "to" not in document or isinstance(inner, list):
            return "refused: to"  # delete.rs
        return "done: removed" if document.get("summary") is not None else "done: deleted"
    if type_ in ("Lock", "Add", "Remove", "Block"):
        missing = _lacks(document, "to", "cc", "object", *(() if type_ == "Lock" else ("target",)))
        if missing:
            return f"refused: {missing}"  # lock.rs, collection_add.rs, block_user.rs
        if not _public(document):
            return "refused: visibility"
        last = str(document.get("target", "")).rsplit("/", 1)[-1]
        known = type_ not in ("Add", "Remove") or last in ("moderators", "featured")
        return f"done: {type_}" if known else "refused: target"
    if type_ == "Undo" and isinstance(inner, dict):
        what = _lemmy_inner({**inner, "id": inner.get("id", "")})
        return what.replace("done: ", "done: undone ")
    if type_ in ("Like", "Dislike"):
        return "done: vote" if isinstance(inner, str) else "refused: object"  # vote.rs
    if type_ in ("EmojiReact", "Announce", "Move", "Question"):
        return f"ignored: {type_}"
    return f"refused: {type_}"


def _lemmy_page(page: Json) -> str:
    """page.rs: `PageType`, `attributedTo` one id, the group in `to` or `cc`, attachments of three kinds."""
    if page.get("type") not in ("Page", "Article", "Note", "Video", "Event"):
        return f"ignored: no thread of type {page.get('type')}"
    if not isinstance(page.get("attributedTo"), str):
        return "refused: attributedTo"
    if not _public(page):
        return "refused: visibility"
    named = (*_listed(page, "to"), *_listed(page, "cc"))
    if page.get("audience") is not None and page["audience"] not in named:
        return "refused: audience"
    if page.get("audience") is None and not any(kind_of(uri) == "Group" for uri in named if uri != PUBLIC):
        return "ignored: in no group"
    return _lemmy_attachments(page) or "done: thread"


def _lemmy_note(note: Json) -> str:
    """note.rs: type Note, `content`, `to`, `inReplyTo`, `attributedTo` one id; `audience` as its thread's group."""
    missing = _lacks(note, "content", "to", "inReplyTo")
    if missing or note.get("type") != "Note" or not isinstance(note.get("attributedTo"), str):
        return f"refused: {missing or 'type'}"
    if not isinstance(note.get("audience", ""), str):
        return "refused: audience"
    if not _public(note):
        return "refused: visibility"
    return _lemmy_attachments(note) or "done: comment"


def _lemmy_attachments(post: Json) -> str | None:
    """page.rs `Attachment`: Link with href, Image or Document with url, always in a list."""
    items = post.get("attachment", [])
    if not isinstance(items, list):
        return "refused: attachment"
    for item in items:
        wanted = {"Link": "href", "Image": "url", "Document": "url"}.get(item.get("type"))
        if wanted is None or not item.get(wanted):
            return f"refused: attachment {item.get('type')}"
    return None


# --- PieFed -------------------------------------------------------------------------------------------------------------------


def piefed(document: Json) -> str:
    """PieFed: an Announce carries an activity (its own `@context` is dropped); of a bare id only one on the group's own host."""
    type_, inner = document["type"], document.get("object")
    if type_ == "Announce" and isinstance(inner, str):
        same = inner.split("/")[2] == document["actor"].split("/")[2]
        return "done: thread by its id" if same else "ignored: an id of another host"
    if type_ == "Announce" and isinstance(inner, dict):
        return piefed({k: v for k, v in inner.items() if k != "@context"})
    if not document.get("id") or not document.get("actor"):
        return "refused: id or actor"
    if type_ in ("Lock", "Block", "Add", "Remove", "Delete") and kind_of(document["actor"]) == "Group":
        return "refused: a group moderates nothing"  # moderators are people of the collection
    if type_ in ("Create", "Update") and isinstance(inner, dict):
        if inner.get("type") in ("Person", "Service", "Group"):
            return "done: profile"
        if not isinstance(inner.get("attributedTo"), str):
            return "refused: attributedTo"
        if inner.get("type") not in POSTS:
            return "refused: type"
        return "done: comment" if inner.get("inReplyTo") else "done: thread"
    if type_ == "Undo":
        return "done: undone" if isinstance(inner, dict) and inner.get("type") else "refused: what is undone"
    if type_ in ("Accept", "Reject"):
        return (
            "done: answered"
            if isinstance(inner, dict) and inner.get("id")
            else "refused: no id of the Follow"
        )
    return f"done: {type_}" if isinstance(inner, str | list) else f"refused: {type_}"


# --- Mbin ---------------------------------------------------------------------------------------------------------------------


def mbin(document: Json) -> str:
    """Mbin, `src/MessageHandler/ActivityPub/Inbox`."""
    type_, inner = document["type"], document.get("object")
    if any(not document.get(name) for name in ("id", "actor", "object")):
        return "refused: malformed"  # BlockHandler: "Malformed block activity", and its neighbours
    if type_ == "Announce":
        return mbin(inner) if isinstance(inner, dict) else "done: boost"
    if (
        type_ in ("Add", "Remove", "Delete", "Lock", "Block", "Create", "Update")
        and kind_of(document["actor"]) == "Group"
    ):
        if type_ == "Update":
            return "done: magazine"
        return "refused: the actor is no user"  # AddHandler: findUserActorOrCreateOrThrow
    if type_ == "Block":
        return "done: Block" if document.get("target") else "refused: target"
    if type_ in ("Add", "Remove"):
        last = str(document.get("target", "")).rsplit("/", 1)[-1]
        return f"done: {type_}" if last in ("moderators", "featured", "pinned") else "refused: target"
    if type_ == "Undo":
        whole = isinstance(inner, dict) and inner.get("id") and inner.get("actor") and inner.get("object")
        return "done: undone" if whole or isinstance(inner, str) else "refused: what is undone"
    return f"done: {type_}"


# --- NodeBB -------------------------------------------------------------------------------------------------------------------


def nodebb(document: Json) -> str:
    """NodeBB, `src/activitypub/inbox.js`: no lists of authors, nothing that is not public, deletes of the same origin alone."""
    type_, inner = document["type"], document.get("object")
    if type_ == "Announce":
        if isinstance(inner, dict) and inner.get("type") == "Create":
            return nodebb(inner)
        return (
            "done: topic by its id"
            if isinstance(inner, str)
            else f"ignored: {inner.get('type') if inner else ''}"
        )
    if type_ in ("Create", "Update") and isinstance(inner, dict):
        if inner.get("type") in ("Person", "Service", "Group"):
            return "done: profile"
        if not isinstance(inner.get("attributedTo"), str):
            return "refused: attributedTo"
        if document["actor"].split("/")[2] != str(inner.get("id")).split("/")[2]:
            return "refused: origin"
        return "done: post" if _public(inner) else "ignored: a private message"
    if type_ == "Delete":
        uri = inner if isinstance(inner, str) else inner.get("id", "") if isinstance(inner, dict) else ""
        return (
            "done: deleted"
            if uri.split("/")[2:3] == document["actor"].split("/")[2:3]
            else "refused: origin-mismatch"
        )
    if type_ == "Undo":
        same = isinstance(inner, dict) and inner.get("actor") == document["actor"]
        return "done: undone" if same else "refused: actor-mismatch"
    if type_ in ("Accept", "Reject"):
        return (
            "done: answered"
            if isinstance(inner, dict) and inner.get("type") == "Follow"
            else "refused: object"
        )
    return f"ignored: {type_}"


# --- Mastodon and GoToSocial --------------------------------------------------------------------------------------------------


def visibility(post: Json, followers: str) -> str:
    """Mastodon, `ActivityPub::Parser::StatusParser#visibility`."""
    to, cc = _listed(post, "to"), _listed(post, "cc")
    if PUBLIC in to:
        return "public"
    if PUBLIC in cc:
        return "unlisted"
    return "private" if followers in (*to, *cc) else "direct"


def mastodon(document: Json) -> str:
    """Mastodon: the AS2 context, one id, `Announce` of an object alone (of an activity it finds no status to boost)."""
    context = document.get("@context", [])
    if AS2 not in (context if isinstance(context, list) else [context]):
        return "refused: no context"
    type_, inner = document["type"], document.get("object")
    if type_ == "Announce":
        if isinstance(inner, dict):
            return "ignored: no status"
        return "done: boost" if _public(document) else "refused: a boost for nobody"
    if type_ in ("Create", "Update") and isinstance(inner, dict) and inner.get("type") in POSTS:
        author = inner.get("attributedTo")
        if author != document["actor"]:
            return "refused: author"
        return f"done: {visibility(inner, f'{author}/followers')} status"
    if type_ in ("Lock", "Move"):
        return f"ignored: {type_}"
    if type_ == "Block" and document.get("target"):
        return "ignored: of people it knows none here"  # `object` must be a local account
    return f"done: {type_}" if document.get("id") and document.get("actor") else "refused: id or actor"


def gotosocial(document: Json) -> str:
    """GoToSocial: as Mastodon; an object keeps one author, and `interactionPolicy` is a map of three lists."""
    made = mastodon(document)
    inner = document.get("object")
    policy = inner.get("interactionPolicy") if isinstance(inner, dict) else None
    for rule in (policy or {}).values():
        if not all(isinstance(rule.get(name), list) for name in ("automaticApproval", "manualApproval")):
            return "refused: interactionPolicy"
    return made


READERS: Final[dict[str, Callable[[Json], str]]] = {
    "lemmy": lemmy,
    "piefed": piefed,
    "mbin": mbin,
    "nodebb": nodebb,
    "mastodon": mastodon,
    "gotosocial": gotosocial,
}
