"""The words of the house as values: actors, groups, posts, viewers, principals. Pure data, no behaviour beyond reading.

A *principal* is something an audience may hold. Principals are integers: `PUBLIC`, `SERVER`, an actor's own id, and
three more made from an actor's id (a multiple of four) by arithmetic: its followers (a group's followers are its
members), its mentors, its staff. `grants` rows name the same integers, so "is V in this audience" is one index look-up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Literal

PUBLIC: Final = 1
SERVER: Final = 2
NOBODY: Final = 0


def followers_of(actor_id: int) -> int:
    """The principal of an actor's accepted followers; for a group, its members."""
    return actor_id | 1


def mentors_of(group_id: int) -> int:
    """The principal of a group's mentors."""
    return group_id | 2


def staff_of(group_id: int) -> int:
    """The principal of a group's staff."""
    return group_id | 3


def owner_of(principal: int) -> int:
    """The actor a collection principal belongs to, or the actor itself."""
    return principal & ~3


class Kind(StrEnum):
    """What an object is. BOOST is an Announce; the others are ActivityStreams types we read and write."""

    NOTE = "Note"
    ARTICLE = "Article"
    PAGE = "Page"
    VIDEO = "Video"
    EVENT = "Event"
    QUESTION = "Question"
    BOOST = "Announce"


TITLED: Final = frozenset({Kind.ARTICLE, Kind.PAGE, Kind.VIDEO, Kind.EVENT})
"""Kinds that have a title of their own; a Note's title, where there is one, is only its first line."""


class State(StrEnum):
    """Where an object is in its life. Only PUBLISHED meets the rule for anybody but its author and moderators."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    HELD = "held"
    PUBLISHED = "published"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"
    DELETED = "deleted"
    UNHEARD = "unheard"  # its author takes it for published, and to everybody else it is not there


MODERATED_STATES: Final = frozenset({State.HELD, State.PUBLISHED, State.REMOVED})
GONE_STATES: Final = frozenset({State.DELETED})


class Grant(IntEnum):
    """How an actor stands to a collection (a follow or a membership)."""

    ASKED = 0
    ACCEPTED = 1
    REFUSED = 2
    ENDED = 3
    UNHEARD = 4  # asked as far as the asker can tell, and shown to nobody else

    @property
    def to_asker(self) -> Grant:
        """What the asker himself is shown."""
        return Grant.ASKED if self is Grant.UNHEARD else self


class Who(StrEnum):
    """The values of a group's switches."""

    EVERYONE = "everyone"
    SERVER = "server"
    MEMBERS = "members"
    MENTORS = "mentors"
    STAFF = "staff"


WIDTH: Final = {Who.EVERYONE: 4, Who.SERVER: 3, Who.MEMBERS: 2, Who.MENTORS: 1, Who.STAFF: 0}


class Joins(StrEnum):
    """How somebody joins a group."""

    OPEN = "open"
    APPROVAL = "approval"
    INVITE = "invite"


POWERS: Final = ("posts", "members", "reports", "settings")
"""What staff may let a mentor do: look after posts; answer who asks, invite, take out and ban; work on reports; change the
group's switches and words."""
USUAL_POWERS: Final = frozenset({"posts", "members", "reports"})
"""Those of a mentor for whom staff chose none."""

ActorState = Literal["active", "limited", "suspended", "deleted", "waiting"]
Place = Literal["to", "cc"]
Reaction = Literal["like", "dislike", "bookmark", "react"]
Visibility = Literal["public", "unlisted", "private", "direct"]

ACTOR_TYPES: Final = frozenset({"Person", "Group", "Application", "Service", "Organization"})


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as decisions need it. `host` is "" for local actors, else the authority of its id; `handle_host` is what its
    handle ends in, which may be another."""

    id: int
    uri: str
    type: str
    handle: str
    host: str
    state: ActorState = "active"
    locked: bool = False
    inbox: str | None = None
    shared_inbox: str | None = None
    followers_uri: str | None = None
    name: str = ""
    also_known_as: tuple[str, ...] = ()
    moved_to: int | None = None
    host_state: str = "ok"
    moderators: tuple[str, ...] = ()
    mods_only: bool = False  # a group elsewhere in which its moderators alone start discussions
    handle_host: str = ""
    reports_dropped: bool = False  # what its host reports is taken and dropped
    kin: bool = False  # its human writes under other names here too
    only_in: int | None = None  # the one group it writes in
    software: str = ""  # what its host says it runs

    @property
    def local(self) -> bool:
        return self.host == ""

    @property
    def is_group(self) -> bool:
        return self.type == "Group"

    @property
    def gated_elsewhere(self) -> bool:
        """A group of another server that only its members read: it answers each who asks (Lemmy's private communities)."""
        return self.is_group and not self.local and self.locked

    @property
    def limited(self) -> bool:
        """Heard only by those who follow it: staff limited the actor or its host."""
        return "limited" in (self.state, self.host_state)


@dataclass(frozen=True, slots=True)
class Holds:
    """What a group wants to read before others do. links, replies: whose; a newcomer never wrote in it before."""

    words: tuple[str, ...] = ()
    links: Literal["nobody", "newcomers", "everybody"] = "nobody"
    phones: bool = False
    replies: Literal["nobody", "newcomers", "everybody"] = "nobody"

    @property
    def by_newcomers(self) -> bool:
        """Whether it matters if somebody wrote in the group before."""
        return "newcomers" in (self.links, self.replies)


@dataclass(frozen=True, slots=True)
class Group:
    """A group's switches and standing decisions."""

    id: int
    finds: Who = Who.EVERYONE
    reads: Who = Who.EVERYONE
    posts: Who = Who.MEMBERS
    replies: Who = Who.EVERYONE
    joins: Joins = Joins.OPEN
    gate_id: int | None = None
    boosts: Literal["passed", "all", "none"] = "passed"
    downvotes: bool = True
    language: str | None = None
    peers: frozenset[str] = frozenset()
    question: str = ""
    holds: Holds = Holds()

    @property
    def gated(self) -> bool:
        return self.reads != Who.EVERYONE

    @property
    def listed(self) -> tuple[str, ...]:
        """Other servers that may hold copies of it, as staff chose them: a setting, whether somebody is there or not."""
        return tuple(sorted(self.peers)) if self.gated else ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks. NOBODY has id 0; an instance actor speaks for its whole host. vouched: the members of a group of another
    server (a principal), which said just now that some of them are on that host; 0 for none."""

    id: int = NOBODY
    local: bool = False
    host: str = ""
    instance: bool = False
    suspended_host: bool = False
    login_id: int | None = None
    vouched: int = 0


STRANGER: Final = Viewer()


@dataclass(frozen=True, slots=True)
class Post:
    """An object as the rule and the decisions need it (its text is elsewhere).

    audience: principal -> place. gate: the principals of the thread's gate, or None where there is none.
    """

    id: int
    uri: str
    kind: Kind
    author_id: int
    state: State
    audience: dict[int, Place] = field(default_factory=dict)
    gate_id: int | None = None
    gate: frozenset[int] | None = None
    group_id: int | None = None
    root_id: int | None = None
    reply_to: int | None = None
    boost_of: int | None = None
    quote_of: int | None = None
    author_state: ActorState = "active"
    local: bool = False
    locked: bool = False
    depth: int = 0
    published: int = 0
    edited: int | None = None
    passed: bool = False
    note: bool = False  # the group's own word about what it answers: shown first
    asks_first: bool = False  # of a thread's first post: its answers wait to be read
    released: bool = True  # it was published once: it was sent, counted and told then
    circle: bool = False  # its thread is for its author's circle, whose people do not know of each other

    @property
    def public(self) -> bool:
        """Everyone on the web may read it, as far as audience and gate go."""
        return PUBLIC in self.audience and (self.gate is None or PUBLIC in self.gate)


def label(audience: dict[int, Place], author_id: int) -> Visibility:
    """The word people and clients see for an audience. No rule asks it; never "public" when Public is not in it."""
    if PUBLIC in audience:
        return "public" if audience[PUBLIC] == "to" else "unlisted"
    if any(p == SERVER or p & 3 for p in audience):
        return "private"
    return "direct"


def audience_of(who: Who, group_id: int) -> frozenset[int]:
    """The principals that a switch's word stands for; those who run the group are always among them."""
    inside = {mentors_of(group_id), staff_of(group_id), group_id}
    match who:
        case Who.EVERYONE:
            return frozenset({PUBLIC})
        case Who.SERVER:
            return frozenset(inside | {SERVER, followers_of(group_id)})
        case Who.MEMBERS:
            return frozenset(inside | {followers_of(group_id)})
        case Who.MENTORS:
            return frozenset(inside)
        case Who.STAFF:
            return frozenset({staff_of(group_id), group_id})


def members_then(gate_id: int) -> int:
    """The collection of those who were members of a gate's group when the group was opened: nobody enters it any more, and who
    leaves the group leaves it too."""
    return gate_id | 1


def gate_as_told(gate: frozenset[int], gate_id: int, group_id: int | None) -> frozenset[int]:
    """A gate as people and peers are told of it, who know of no other members than the group's."""
    then = members_then(gate_id)
    return (gate - {then}) | {followers_of(group_id)} if group_id is not None and then in gate else gate


@dataclass(frozen=True, slots=True)
class Text:
    """One language's text of one revision. `html` fields are sanitised; `source` is what the author typed."""

    language: str
    content: str
    name: str = ""
    summary: str = ""
    source: str | None = None
    source_type: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture, video, sound or link that belongs to a post. `url` is remote, or a path below our media address."""

    kind: Literal["image", "video", "audio", "link", "unknown"]
    url: str
    media_type: str = ""
    name: str = ""
    width: int | None = None
    height: int | None = None
    blurhash: str | None = None
    focus: tuple[float, float] | None = None
    media_id: int | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """All that a post says, for storing: texts of all languages, tags, mentions, attachments and the rest."""

    texts: tuple[Text, ...]
    language: str | None = None
    sensitive: bool = False
    warning: str = ""
    url: str | None = None
    attachments: tuple[Attachment, ...] = ()
    hashtags: tuple[str, ...] = ()
    mentions: tuple[int, ...] = ()
    emojis: tuple[tuple[str, str], ...] = ()
    image: Attachment | None = None
    extra: dict[str, object] = field(default_factory=dict)
