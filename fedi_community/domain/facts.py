"""What a decision may know: `Needs` says what to look up, `Facts` is what was found. Pure data and reading of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fedi_community.domain.model import (
    PUBLIC,
    SERVER,
    USUAL_POWERS,
    Actor,
    Grant,
    Group,
    Joins,
    Post,
    Viewer,
    Who,
    followers_of,
    mentors_of,
    staff_of,
)
from fedi_community.domain.stands import Stand
from fedi_community.domain.visibility import Sight, may_view, sight_of


@dataclass(frozen=True, slots=True)
class Needs:
    """What a decision asks for, by URI or id. Groups of actors and posts, gates, grants and blocks come along.

    subjects: actors whose grants and blocks matter (who acts, who may be told).
    """

    uris: frozenset[str] = frozenset()  # actors and collections: anything an audience may hold
    actor_ids: frozenset[int] = frozenset()
    handles: frozenset[tuple[str, str]] = frozenset()  # (handle, host), host "" for local
    posts: frozenset[str] = frozenset()
    thread: str | None = None  # the `context` of a discussion elsewhere: its first post is looked for
    post_ids: frozenset[int] = frozenset()
    activities: frozenset[str] = frozenset()
    subjects: frozenset[str | int] = frozenset()
    feed_item: tuple[int, str] | None = None
    shown_on: str | None = None  # a host: which posts its people may see, if its instance actor is at hand
    boosts: bool = False  # the posts' boosts by the subjects, and by the posts' groups, come along
    new_post_ids: tuple[int, ...] = ()  # ids that must be free
    new_handles: frozenset[str] = frozenset()  # names that must be free
    emails: frozenset[str] = frozenset()
    feeds: frozenset[str] = frozenset()
    host_members: tuple[str, int] | None = (
        None  # (host, group id): its actors who are in the group, or asked; "*": of all hosts
    )
    # that are not among its peers; "**": of all hosts, but for those who run it
    tokens: frozenset[str] = frozenset()  # hashes
    logins: frozenset[int] = frozenset()  # with whom they may speak as; those of `tokens` come along
    done_before: tuple[int, str] | None = None  # (actor id, idempotency key)
    uploads: frozenset[int] = frozenset()
    scheduled: int | None = None  # a post that is to be published later
    schedule_of: tuple[int, int] | None = (
        None  # (actor id, milliseconds): how much he has put off, in all and that day
    )
    pins_of: int | None = None
    around: bool = (
        False  # what the asked-for posts answer, the actors in their audience, and how they were sent
    )
    branch: int | None = None  # a post: the ids of all that answers it, however deep
    saved_answers: int | None = None  # a group: which saved answers it has
    group_pins: bool = False  # what is pinned by the group that the asked-for post is in
    newcomer: int | None = None  # an author: how many of his posts for many people were passed
    invitations_of: int | None = None  # a group: its invitations that let in now
    humans: bool = False  # the log-ins of the actors at hand come along, with all that they write as
    unmasking: int | None = None
    measure: int | None = None  # one, with what else still stands against the same human
    measures_of: int | None = None  # an actor: what still stands against it and its human's other names
    report: int | None = None  # with whom and which group it is about
    keeps: int | None = None  # an actor: which lists, filters, tags and marks are his
    hosts: frozenset[str] = frozenset()  # how this server stands to them


@dataclass(frozen=True, slots=True)
class Principal:
    """An audience member by URI: an actor itself, or a collection of `owner_id`."""

    id: int
    owner_id: int

    @property
    def is_collection(self) -> bool:
        return self.id != self.owner_id


@dataclass(frozen=True, slots=True)
class Happened:
    """An activity we know."""

    id: int
    uri: str
    type: str
    actor_id: int
    object_id: int | None
    target_id: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Token:
    """A token, code or mailed link as it stands. data: what it was made with (a code: redirect_uri, challenge)."""

    id: int
    kind: str
    login_id: int | None
    actor_id: int | None
    app_id: int | None
    scopes: str
    data: dict[str, Any]
    expires: int | None
    revoked: int | None


@dataclass(frozen=True, slots=True)
class Persona:
    """Another name that somebody writes under. only_in: the one group it is for."""

    id: int
    handle: str
    name: str
    state: str
    only_in: int | None


@dataclass(frozen=True, slots=True)
class Unmasking:
    """Staff want to know who is behind a persona. asked_by, confirmed_by: log-ins. read_by: who has read the name."""

    id: int
    actor_id: int
    reason: str
    asked_by: int
    asked_at: int
    expires: int
    confirmed_by: int | None
    read_by: frozenset[int]


@dataclass(frozen=True, slots=True)
class Login:
    """Somebody who logs in. actors: whom they may speak as. own: the actor they are. personas: those that were, too."""

    id: int
    email: str
    state: str
    role: str
    language: str
    own: int | None
    actors: frozenset[int]
    personas: tuple[Persona, ...] = ()


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll's answers in their order, and what the subjects chose (indexes), by actor."""

    options: tuple[str, ...]
    multiple: bool
    expires: int | None
    votes: dict[int, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of ours. object_id: the post it is attached to. state: processing, ready or failed."""

    id: int
    owner_id: int
    object_id: int | None
    state: str
    kind: str
    file: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that lets into a group. uses_left: None for any number. Times in milliseconds."""

    id: int
    group_id: int
    hash: str
    made_by: int
    note: str
    uses_left: int | None
    used: int
    expires: int
    revoked: int | None
    created: int

    def works(self, now: int) -> bool:
        return self.revoked is None and self.expires > now and self.uses_left != 0


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody keeps for himself, as far as decisions ask. keywords, statuses: id -> filter. featured: tag name -> id
    of the row. markers: timeline -> (last read, version)."""

    lists: frozenset[int] = frozenset()
    filters: frozenset[int] = frozenset()
    keywords: dict[int, int] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)
    featured: dict[str, int] = field(default_factory=dict)
    followed_tags: frozenset[str] = frozenset()
    endorsed: frozenset[int] = frozenset()
    domain_blocks: frozenset[str] = frozenset()
    markers: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """What was done about somebody, as decisions need it. login_id: who did it. appeal_state: None, pending, approved, rejected."""

    id: int
    target_id: int
    login_id: int | None
    group_id: int | None
    action: str
    object_ids: tuple[int, ...]
    expires: int | None
    ended: int | None
    appeal_state: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """A report, as those who answer it need it. state: open or closed. assigned_to: who takes care of it, as whom he acts."""

    id: int
    target_id: int
    group_id: int | None
    object_ids: tuple[int, ...]
    state: str
    assigned_to: int | None
    outcome: str


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What somebody wants to post later: who, when, and what his client asked for."""

    id: int
    actor_id: int
    login_id: int
    run_at: int
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found, in the transaction that applies the decision."""

    now: int
    new_ids: tuple[int, ...] = ()
    base_url: str = ""
    actors: dict[int, Actor] = field(default_factory=dict)
    actor_by_uri: dict[str, Actor] = field(default_factory=dict)
    actor_by_handle: dict[tuple[str, str], Actor] = field(default_factory=dict)
    principals: dict[str, Principal] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)
    posts: dict[int, Post] = field(default_factory=dict)
    post_by_uri: dict[str, Post] = field(default_factory=dict)
    thread: Post | None = None
    shown_on: frozenset[int] = frozenset()  # posts that somebody of the asked-for host may see
    tombstones: dict[str, str | None] = field(default_factory=dict)
    activities: dict[str, Happened] = field(default_factory=dict)
    grants: dict[tuple[int, int], Grant] = field(default_factory=dict)
    grant_uris: dict[tuple[int, int], str | None] = field(default_factory=dict)
    powers: dict[tuple[int, int], frozenset[str]] = field(
        default_factory=dict
    )  # (mentor, group), where chosen
    blocks: frozenset[tuple[int, int]] = frozenset()
    reactions: frozenset[tuple[int, int, str]] = frozenset()
    untold: frozenset[tuple[int, int, str]] = frozenset()  # those that no other server was told of
    polls: dict[int, Poll] = field(default_factory=dict)  # by post
    hosts: dict[str, Stand] = field(default_factory=dict)  # those that are known
    followed: frozenset[int] = frozenset()  # actors somebody here follows
    feed_item: tuple[int, str] | None = None  # (object id, hash)
    taken_ids: frozenset[int] = frozenset()
    taken_handles: frozenset[str] = frozenset()
    logins: dict[str, int] = field(default_factory=dict)  # e-mail address -> id
    login_of: dict[int, int] = field(default_factory=dict)  # actor id -> the login it is the self of
    feeds: dict[tuple[str, int], int] = field(default_factory=dict)  # (url, group id) -> id
    host_members: dict[int, str | None] = field(default_factory=dict)  # actor id -> its Follow
    tokens: dict[str, Token] = field(default_factory=dict)  # by hash
    login_by_id: dict[int, Login] = field(default_factory=dict)
    done_before: tuple[str, int] | None = None  # (verdict, result) of the first request with the key
    uploads: dict[int, Upload] = field(default_factory=dict)
    scheduled: Scheduled | None = None
    put_off: tuple[int, int] = (0, 0)  # posts put off: in all, and to the day asked about
    pinned: frozenset[int] = frozenset()
    branch: frozenset[int] = frozenset()  # with the asked-for post itself
    public_branch: frozenset[int] = frozenset()  # of these, answers that everybody could read
    saved_answers: frozenset[int] = frozenset()
    creates: dict[int, tuple[str, bytes | None]] = field(
        default_factory=dict
    )  # post id -> its Create: id, as it came
    kept: Kept = Kept()
    measures: dict[int, Measure] = field(default_factory=dict)
    report: Report | None = None
    invitations: dict[int, Invitation] = field(default_factory=dict)
    protected: frozenset[str] = (
        frozenset()
    )  # skeletons of names that nobody but staff may bear (`impersonation`)
    hold_first: int = 0  # how many first posts of a newcomer are held
    voice: int = 0  # the actor that tells peers what those who run groups did; 0: the group itself
    heard: frozenset[tuple[int, int]] = (
        frozenset()
    )  # (subject, group) who wrote in a group that asks about newcomers
    passed_posts: int = 0  # of the newcomer: published in groups or in public, as far as that matters
    bound: frozenset[tuple[int, int]] = (
        frozenset()
    )  # (who blocked, another actor of the human who was blocked)
    human_of: dict[int, int] = field(
        default_factory=dict
    )  # actor id -> the login that writes as it for itself
    unmasking: Unmasking | None = None
    draws: tuple[int, ...] = ()  # numbers that nobody can foresee, for delays; come with `humans`

    def granted(self, actor_id: int, collection_id: int) -> bool:
        """Accepted into the collection."""
        return self.grants.get((actor_id, collection_id)) is Grant.ACCEPTED

    def blocked(self, one: int, other: int) -> bool:
        """A block stands between the two, whoever set it."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    def unheard(self, actor_id: int, other: int) -> bool:
        """`other` blocked another actor of the same human, so what this one says to it is heard by nobody. It stands beside
        the rule, never in it: who may see whom stays a matter of each actor."""
        return (other, actor_id) in self.bound

    def human(self, actor_id: int) -> Login | None:
        """Who writes as the actor for himself: as his self or a persona."""
        return self.login_by_id.get(self.human_of.get(actor_id, 0))

    def is_staff(self, actor_id: int, group_id: int) -> bool:
        return actor_id == group_id or self.granted(actor_id, staff_of(group_id))

    def moderates(self, actor_id: int, group_id: int) -> bool:
        return self.is_staff(actor_id, group_id) or self.granted(actor_id, mentors_of(group_id))

    def may(self, actor_id: int, group_id: int, power: str) -> bool:
        """Who runs the group has this power in it: staff have all, a mentor those that were chosen (or the usual ones)."""
        if self.is_staff(actor_id, group_id):
            return True
        chosen = self.powers.get((actor_id, group_id), USUAL_POWERS)
        return power in chosen and self.granted(actor_id, mentors_of(group_id))

    def within(self, actor: Actor, who: Who, group_id: int) -> bool:
        """The actor is among those a switch's word stands for."""
        if self.blocked(actor.id, group_id):
            return False
        if who is Who.EVERYONE or self.is_staff(actor.id, group_id):
            return True
        if who is Who.STAFF:
            return False
        if self.granted(actor.id, mentors_of(group_id)):
            return True
        member = self.granted(actor.id, followers_of(group_id))
        if who is Who.MEMBERS:
            return member
        return who is Who.SERVER and (actor.local or member)

    def admits(self, actor: Actor, group_id: int) -> bool:
        """Whether the actor may be in the group at all: a gated one stays on this server, unless staff listed the host."""
        settings = self.group(group_id)
        return actor.local or not settings.gated or actor.host in settings.peers

    def group(self, group_id: int) -> Group:
        """A group's switches; a remote group has none and counts as open."""
        return self.groups.get(group_id) or Group(group_id, joins=Joins.OPEN)

    def viewer(self, actor_id: int) -> Viewer:
        actor = self.actors.get(actor_id)
        if actor is None:
            return Viewer()
        if actor.host_state == "suspended" or actor.state in ("suspended", "deleted"):
            return Viewer(actor_id, actor.local, actor.host, suspended_host=True)
        return Viewer(actor_id, actor.local, actor.host)

    def sight(self, actor_id: int) -> Sight:
        """The sight of an actor who is among the subjects."""
        viewer = self.viewer(actor_id)
        held = frozenset(
            c for (a, c), state in self.grants.items() if a == actor_id and state is Grant.ACCEPTED
        )
        others = frozenset(b if a == actor_id else a for a, b in self.blocks if actor_id in (a, b))
        return sight_of(viewer, held, others)

    def may_view(self, actor_id: int, post: Post) -> bool:
        return may_view(self.sight(actor_id), post, self.posts.get)

    def may_report(self, actor_id: int, post: Post) -> bool:
        """What somebody may see; an instance actor reports for anybody of its server, as Mastodon does (`shown_on`)."""
        actor = self.actors.get(actor_id)
        if actor is not None and actor.type == "Application" and post.id in self.shown_on:
            return True
        return self.may_view(actor_id, post)

    def free_id(self, wanted: int) -> int:
        """The wanted id, or the next one that no post has."""
        while wanted in self.taken_ids:
            wanted += 4
        return wanted


def collections_of(principals: Iterable[int]) -> frozenset[int]:
    """Those that are held by grants: not Public, not this server, not single actors."""
    return frozenset(p for p in principals if p & 3 and p not in (PUBLIC, SERVER))
