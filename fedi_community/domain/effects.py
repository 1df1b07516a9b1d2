"""What a decision may do, in words a moderator would understand. Pure data; `storage/apply.py` carries them out.

Everything that is written, notified or sent is one of these, so that one transaction holds all of a change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from fedi_community.domain.client_effects import ClientEffect
from fedi_community.domain.desk_effects import DeskEffect
from fedi_community.domain.group_effects import GroupEffect
from fedi_community.domain.model import Actor, Body, Grant, Group, Place, Post, Reaction, State, Who
from fedi_community.domain.persona_effects import PersonaEffect
from fedi_community.domain.status_effects import StatusEffect


@dataclass(frozen=True, slots=True)
class MakeGate:
    """A thread's outer limit. reads: the group's word at the time, None for a root's own audience."""

    id: int
    principals: frozenset[int]
    group_id: int | None = None
    reads: str | None = None


@dataclass(frozen=True, slots=True)
class StorePost:
    """A new post. addressed: {to, cc, audience} as its author sent it, kept for rendering only."""

    post: Post
    body: Body
    created: int
    addressed: dict[str, list[str]] = field(default_factory=dict)
    reply_to_uri: str | None = None
    context_uri: str | None = None
    posted_by: int | None = None
    parent_author: int | None = None
    held_for: str | None = None  # why it waits
    counts: bool = False  # its parent's public count grows


@dataclass(frozen=True, slots=True)
class ReleasePost:
    """A post that was held is published: it is counted and comes into homes and lists now. stored: as it would have been
    stored, without its body, which is there."""

    stored: StorePost


@dataclass(frozen=True, slots=True)
class EditPost:
    """A new revision of a post's text. The audience stays: an edit never widens."""

    post: Post
    body: Body
    edited: int
    keeps_origin: bool = (
        False  # where it came from, and whether search engines may have it, stay as they were
    )


@dataclass(frozen=True, slots=True)
class DeletePost:
    """Its author (or his server) takes it back: text and pictures go, the id is remembered. files_until: its files wait so
    long, for their owner alone, to be posted anew."""

    post: Post
    owner_uri: str
    at: int
    files_until: int | None = None
    counted: bool = False  # its parent's public count grew by it


@dataclass(frozen=True, slots=True)
class RememberGone:
    """A Delete for something never seen: a late Create by the same owner must not bring it back."""

    uri: str
    owner_uri: str
    at: int


@dataclass(frozen=True, slots=True)
class SetState:
    """Hold, publish, remove, bring back: the group's decision, its author keeps his text."""

    post: Post
    state: State
    held_for: str | None = None  # why it waits


@dataclass(frozen=True, slots=True)
class SetFlag:
    """Lock a thread, pass a post so that the group may boost it, or have the answers in a thread read first."""

    post: Post
    flag: Literal["locked", "passed", "asks_first"]
    on: bool


@dataclass(frozen=True, slots=True)
class SetGrant:
    """Somebody is asked, accepted, refused or ended in a collection (a follow or a membership). Who is no longer staff no
    longer speaks as the group."""

    actor_id: int
    collection_id: int
    state: Grant
    at: int
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class SetPowers:
    """What a mentor may do in his group; None: the usual. Ending the role forgets them."""

    actor_id: int
    group_id: int
    powers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class EndHostGrants:
    """What a host's actors were granted here ends, and who asked is refused: in one group, or (None) everywhere here."""

    host: str
    at: int
    group_id: int | None = None


@dataclass(frozen=True, slots=True)
class EndRemoteGrants:
    """Whoever is of another server leaves a group of ours, or is refused, unless his host is among the group's peers. readers:
    on those too, but for the group's mentors and staff."""

    group_id: int
    at: int
    readers: bool = False


@dataclass(frozen=True, slots=True)
class KeepToMembers:
    """A group opens: what was written for its members before stays with those who are members now (`model.members_then`)."""

    group_id: int
    at: int


@dataclass(frozen=True, slots=True)
class TightenGates:
    """All gates of a group that are wider than `reads` let in no more than that: one row a gate, and no post is touched."""

    group_id: int
    reads: Who


@dataclass(frozen=True, slots=True)
class EndExpired:
    """Blocks and mutes whose time is over are lifted. now: milliseconds."""

    now: int


@dataclass(frozen=True, slots=True)
class React:
    """A like, dislike, emoji or bookmark; once per actor, object and kind."""

    actor_id: int
    post: Post
    kind: Reaction
    at: int
    uri: str | None = None
    content: str = ""


@dataclass(frozen=True, slots=True)
class Unreact:
    actor_id: int
    post: Post
    kind: Reaction


@dataclass(frozen=True, slots=True)
class SetBlock:
    """One actor blocks another, or (on=False) no longer does. A group's block of a person is a ban."""

    actor_id: int
    target_id: int
    on: bool
    at: int
    uri: str | None = None
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    actor_id: int
    post: Post
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell a local actor, once of a post and once of what an actor did. Listing asks the rule again. anew: this may happen again,
    and is told each time."""

    owner_id: int
    kind: str
    actor_id: int
    at: int
    object_id: int | None = None
    anew: bool = False


@dataclass(frozen=True, slots=True)
class NotifyModerators:
    """Tell the mentors and staff of a group of ours, each once for an actor."""

    group_id: int
    kind: str
    actor_id: int
    at: int


@dataclass(frozen=True, slots=True)
class LearnActor:
    """Store or refresh a remote actor from its own document. columns: of the `actors` table; keys: each
    (uri, kind, public)."""

    id: int
    uri: str
    host: str
    columns: dict[str, Any]
    keys: tuple[tuple[str, str, str], ...]
    at: int
    group: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class MarkActor:
    """Suspend, limit, revive (or let in) or delete an actor; deleting takes back what it wrote."""

    actor: Actor
    state: Literal["active", "limited", "suspended", "deleted"]
    at: int


@dataclass(frozen=True, slots=True)
class Moved:
    """An actor says it lives elsewhere now, and the new one agrees."""

    actor_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class File:
    """A report to those who moderate. It never names its reporter to anyone outside. copy: what was reported, as the
    reporter saw it; files of ours that belong to it are kept with it until `sealed_until`. language: "" for that of the post."""

    id: int
    reporter_id: int | None
    target_id: int
    object_ids: tuple[int, ...]
    comment: str
    at: int
    group_id: int | None = None
    uri: str | None = None
    category: str = "other"
    rule_ids: tuple[str, ...] = ()
    forwarded: bool = False
    copy: dict[str, Any] = field(default_factory=dict)
    language: str | None = None
    urgent: bool = False
    sealed_until: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """An activity happened: seen once, found again by Undo, dereferenced under its id."""

    id: int
    uri: str
    type: str
    actor_id: int
    at: int
    object_id: int | None = None
    target_id: int | None = None
    inner_uri: str | None = None
    raw: bytes | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    state: Literal["done", "undone"] = "done"


@dataclass(frozen=True, slots=True)
class MarkUndone:
    """The activity with this URI no longer holds."""

    uri: str


@dataclass(frozen=True, slots=True)
class Send:
    """The one row from which an activity's deliveries are fanned out.

    mode: "content" goes to whom the rule admits at sending; "retraction" carries ids alone and goes to every host the
    ledger names; "control" has one addressee. collections, actors: whose inboxes are candidates.
    """

    activity_id: int
    mode: Literal["content", "retraction", "control"]
    at: int
    collections: tuple[int, ...] = ()
    actors: tuple[int, ...] = ()
    object_id: int | None = None


@dataclass(frozen=True, slots=True)
class TellEach:
    """Control activities, any number of them, each recorded and sent to its own `target_id`."""

    records: tuple[Record, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Audit:
    """A line in the log that only grows."""

    action: str
    at: int
    actor_id: int | None = None
    login_id: int | None = None
    group_id: int | None = None
    object_id: int | None = None
    target_id: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LinkFeedItem:
    """A feed's entry became this object; hash tells whether its text changed since."""

    feed_id: int
    guid: str
    object_id: int
    hash: str
    at: int


@dataclass(frozen=True, slots=True)
class VotePoll:
    """One actor's choices in a poll (indexes)."""

    actor_id: int
    post: Post
    choices: tuple[int, ...]
    at: int


@dataclass(frozen=True, slots=True)
class TallyPoll:
    """What a peer's poll has counted: votes in the order of its answers, people, and when it ends or ended."""

    post: Post
    votes: tuple[int, ...]
    voters: int | None
    expires: int | None


@dataclass(frozen=True, slots=True)
class CompleteInbox:
    """The accepted activity is dealt with; its row goes in the same transaction."""

    id: int


@dataclass(frozen=True, slots=True)
class MakeActor:
    """A new actor of this server. Its handle is taken for ever. keys are made when first needed."""

    id: int
    uri: str
    type: str
    handle: str
    at: int
    name: str = ""
    summary: str = ""
    language: str | None = None
    locked: bool = False
    discoverable: bool = False
    sample: bool = False
    state: Literal["active", "waiting"] = "active"  # waiting: unknown to everybody until its owner is let in


@dataclass(frozen=True, slots=True)
class MakeGroup:
    """A group's switches; the actor is made beside it. gate: of the threads begun from now on."""

    group: Group
    at: int


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """New switches of a group (the whole of them)."""

    group: Group
    at: int


@dataclass(frozen=True, slots=True)
class SetProfile:
    """An actor of ours says who it is. columns: of the `actors` table."""

    actor_id: int
    columns: dict[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class MakeLogin:
    """Somebody may log in. password: an argon2 hash, never the word itself. settings: preferences, and why they came."""

    id: int
    email: str
    password: str
    role: str
    language: str
    at: int
    state: str = "active"
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MaySpeak:
    """A login may (or, on=False, no longer may) speak as an actor: itself, a persona, or a group as its staff."""

    login_id: int
    actor_id: int
    role: Literal["self", "persona", "staff"]
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class MakeToken:
    """A token, code or session; hash: SHA-256 of the secret, hex. It names both who logged in and who speaks.

    made_by: the code it was exchanged for. confirm, reset: what a mail's link holds.
    """

    id: int
    hash: str
    kind: Literal["access", "code", "session", "app", "confirm", "reset"]
    at: int
    login_id: int | None = None
    actor_id: int | None = None
    app_id: int | None = None
    scopes: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    expires: int | None = None
    made_by: int | None = None


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """End tokens: one by its hash, or what a code was exchanged for, or all of a login, or all that speak as an actor for
    a login."""

    at: int
    hash: str | None = None
    login_id: int | None = None
    actor_id: int | None = None
    made_by: int | None = None


@dataclass(frozen=True, slots=True)
class MakeApp:
    """A client application registered itself."""

    id: int
    client_id: str
    client_secret: str
    name: str
    website: str | None
    redirect_uris: tuple[str, ...]
    scopes: str
    at: int


@dataclass(frozen=True, slots=True)
class SetLogin:
    """A login changes: its state (suspended, active), password, address or settings. Only what is not None.

    confirmed: when its address was shown to be its own.
    """

    login_id: int
    at: int
    state: str | None = None
    password: str | None = None
    settings: dict[str, Any] | None = None
    email: str | None = None
    confirmed: int | None = None


@dataclass(frozen=True, slots=True)
class AddJob:
    """Work that outlives the request: a row in the same transaction, done by `jobs`. A kind and key is there once."""

    kind: str
    key: str
    payload: dict[str, Any]
    at: int


@dataclass(frozen=True, slots=True)
class MakeUpload:
    """Somebody's file came in and waits to be processed. file: its opaque name, without ending. kind: image, video, audio."""

    id: int
    owner_id: int
    kind: str
    file: str
    at: int
    name: str = ""
    focus: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class FinishUpload:
    """It is ready. url, preview_url: paths below our address. meta: {small, duration, bitrate, frame_rate}."""

    id: int
    kind: str
    url: str
    preview_url: str | None
    media_type: str
    width: int | None
    height: int | None
    blurhash: str | None
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FailUpload:
    """It could not be read. reason: a word that clients are told the meaning of."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class ChangeUpload:
    """Its description, focus or cover changes. Only what is not None."""

    id: int
    name: str | None = None
    focus: tuple[float, float] | None = None
    preview_url: str | None = None
    blurhash: str | None = None
    meta: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class DropUpload:
    """It goes, and its files with it."""

    id: int
    at: int


@dataclass(frozen=True, slots=True)
class KeepPicture:
    """An actor of ours has a new avatar or header; the former one's file goes. url: a path below our address, None for none."""

    id: int
    actor_id: int
    which: Literal["avatar", "header"]
    at: int
    file: str | None = None
    url: str | None = None
    media_type: str = ""
    width: int | None = None
    height: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class RememberKey:
    """What a client's request with an idempotency key made: the same key gives it again for an hour.

    kind: the decision's verdict. result: its id.
    """

    actor_id: int
    key: str
    kind: str
    result: int
    at: int


@dataclass(frozen=True, slots=True)
class StoreKey:
    """A key pair of ours; private: encrypted at rest under the key named `sealed_by`."""

    actor_id: int
    uri: str
    kind: Literal["rsa", "ed25519"]
    public: str
    private: bytes
    sealed_by: str
    at: int


@dataclass(frozen=True, slots=True)
class SetHost:
    """How we stand to a host: ok, limited or suspended; listed: it may federate where only listed hosts may. None: as it
    was. What a limited or suspended host's actors wrote leaves the public and topic timelines."""

    host: str
    state: Literal["ok", "limited", "suspended"] | None = None
    listed: bool | None = None
    at: int = 0
    reject_media: bool | None = None
    reject_reports: bool | None = None
    obfuscate: bool | None = None
    public_comment: str | None = None
    private_comment: str | None = None


@dataclass(frozen=True, slots=True)
class SetSoftware:
    """What a host says it runs: name and version, "" where it does not say."""

    host: str
    software: str
    at: int


@dataclass(frozen=True, slots=True)
class AddFeed:
    """Follow a blog, channel or news feed into a group. origin: "ours" or "others"."""

    id: int
    url: str
    group_id: int
    author_id: int
    origin: Literal["ours", "others"]
    at: int


Effect = (
    MakeGate | StorePost | ReleasePost | EditPost | DeletePost | RememberGone | SetState | SetFlag | SetGrant | React | Unreact
    | SetBlock | Pin | Notify | LearnActor | MarkActor | Moved | File | Record | MarkUndone | Send | Audit
    | SetPowers | EndHostGrants | EndRemoteGrants | KeepToMembers | TightenGates | EndExpired | NotifyModerators | TellEach
    | LinkFeedItem | VotePoll | TallyPoll | CompleteInbox | MakeActor | MakeGroup | ChangeGroup | SetProfile | MakeLogin | MaySpeak
    | MakeToken | RevokeTokens | MakeApp | SetLogin | StoreKey | SetHost | SetSoftware | AddFeed | AddJob | RememberKey
    | MakeUpload | FinishUpload | FailUpload | ChangeUpload | DropUpload | KeepPicture
    | ClientEffect | StatusEffect | GroupEffect | PersonaEffect | DeskEffect
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decision:
    """What a `decide` says yes to. effects in order; result: an id the caller may want (a post's, an actor's).

    verdict: snake_case word for logs and metrics ("stored", "duplicate", "ignored_unknown_object", …).
    """

    effects: tuple[Effect, ...] = ()
    result: int | None = None
    verdict: str = "done"
    addressed: dict[int, Place] = field(default_factory=dict)


def ignored(verdict: str) -> Decision:
    """Nothing to do, and that is fine."""
    return Decision((), None, verdict)
