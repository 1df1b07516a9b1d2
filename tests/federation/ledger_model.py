"""Who may read what, written down plainly from the rule's words, and from nothing of the code: sets of strings.

A token says who: `everyone`, `person:ana`, `followers:ana`, `members:quiet`, `mentors:quiet`, `staff:quiet`, and `then1:quiet` for
who was a member when the group was opened for the first time, and has been since. A post has an
audience of tokens, and one gate for its whole thread; somebody passes a set of tokens when he is meant by one of them. What a
server knows of its neighbours' collections is who of its own people is in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.federation.neighbours import GROUP_HOME, GROUPS, HOME, HOSTS, PEOPLE

WORDS = ("staff", "mentors", "members", "server", "everyone")  # of a group's switch, narrow to wide


def width(word: str) -> int:
    return WORDS.index(word)


def readers_of(word: str, group: str) -> frozenset[str]:
    """What a switch's word stands for."""
    run = {f"staff:{group}", f"mentors:{group}", f"person:{group}"}
    return frozenset(
        {
            "everyone": {"everyone"},
            "server": run | {"here", f"members:{group}"},
            "members": run | {f"members:{group}"},
            "mentors": run,
            "staff": {f"staff:{group}", f"person:{group}"},
        }[word]
    )


@dataclass
class Gate:
    """A thread's limit. home: the server that keeps it. group: whose switch may narrow it. elsewhere: whom other servers were
    told of when the thread began, by its author."""

    tokens: frozenset[str]
    elsewhere: frozenset[str]
    home: str
    author: str
    group: str | None = None
    word: str = ""


@dataclass
class Written:
    """A post. held: it waits or was removed. due: who of other servers must have it. entitled: hosts that ever might have it.
    readers: who may read it (None: a stranger); before: who might a step ago."""

    uri: str
    home: str
    author: str
    audience: frozenset[str]
    gate: Gate | None
    group: str | None = None
    parent: str | None = None
    gone: bool = False
    hidden: bool = False
    act: str = ""
    circle: bool = False
    at: dict[str, frozenset[str]] = field(default_factory=dict)
    text: str = ""
    due: set[str] = field(default_factory=set)
    entitled: set[str] = field(default_factory=set)
    readers: set[str | None] = field(default_factory=set)
    before: set[str | None] = field(default_factory=set)
    knows_text: dict[str, str] = field(default_factory=dict)


@dataclass
class Group:
    reads: str = "everyone"
    joins: str = "open"
    listed: set[str] = field(default_factory=set)
    banned: set[str] = field(default_factory=set)

    @property
    def gated(self) -> bool:
        return self.reads != "everyone"


@dataclass
class Model:
    """granted: (person, token). asked: (person, token). blocks: (who, whom), known where `who` lives. shut: (server, host)
    that the server suspended."""

    groups: dict[str, Group] = field(default_factory=dict)
    granted: set[tuple[str, str]] = field(default_factory=set)
    asked: set[tuple[str, str]] = field(default_factory=set)
    blocks: set[tuple[str, str]] = field(default_factory=set)
    posts: dict[str, Written] = field(default_factory=dict)
    opened: int = 0

    @classmethod
    def fresh(cls) -> Model:
        return cls(
            {
                name: Group(how.get("reads", "everyone"), how.get("joins", "open"))
                for name, how in GROUPS.items()
            }
        )

    # --- the rule ---------------------------------------------------------------------------------------------------

    def knows(self, server: str, who: str | None, token: str) -> bool:
        """Whether a server takes somebody (None: a stranger) for one who is meant."""
        if token == "everyone":
            return True
        if who is None:
            return False
        home = home_of(who)
        if token == "here":
            return home == server
        kind, _, name = token.partition(":")
        if kind == "person":
            return who == name
        return (who, token) in self.granted and (home == server or home_of(name) == server)

    def passes(self, server: str, who: str | None, tokens: frozenset[str]) -> bool:
        return any(self.knows(server, who, token) for token in tokens)

    def blocked(self, server: str, one: str | None, other: str) -> bool:
        pairs = {(one, other), (other, one)}
        return any(pair in pairs and home_of(pair[0]) == server for pair in self.blocks)

    def runs(self, who: str | None, group: str | None) -> bool:
        if who is None or group is None:
            return False
        return who == group or bool({(who, f"mentors:{group}"), (who, f"staff:{group}")} & self.granted)

    def may_read(self, server: str, who: str | None, post: Written) -> bool:
        """The rule, as that server has to hold to it: the home of the post, the home of its group, or one with a copy."""
        if post.gone:
            return False
        if who == post.author:
            return True
        told = server == post.home or (post.group is not None and server == home_of(post.group))
        if told and home_of(who or "") == server and self.runs(who, post.group):
            return True
        if post.hidden or self.blocked(server, who, post.author):
            return False
        audience = heard(server, post.home, post.author, post.group, post.audience)
        audience = post.at.get(server, audience)
        return self.passes(server, who, audience) and (
            post.gate is None or self.passes(server, who, self.gate_at(server, post.gate))
        )

    def gate_at(self, server: str, gate: Gate) -> frozenset[str]:
        """A thread's limit as a server knows it."""
        if server == gate.home:
            return gate.tokens
        return heard(server, gate.home, gate.author, gate.group, gate.elsewhere) | {f"person:{gate.author}"}

    def host_may(self, server: str, host: str, post: Written) -> bool:
        """What an instance actor is shown: what somebody there, or everybody, is."""
        groups = list(GROUPS) if host == GROUP_HOME else []
        return any(self.may_read(server, who, post) for who in (None, *PEOPLE[host], *groups))

    # --- what follows from what is done --------------------------------------------------------------------------------

    def end(self, who: str, tokens: tuple[str, ...]) -> None:
        for token in tokens:
            self.granted.discard((who, token))
            self.asked.discard((who, token))

    def leave_group(self, who: str, group: str) -> None:
        then = (f"then{n + 1}" for n in range(self.opened))
        self.end(who, tuple(f"{kind}:{group}" for kind in ("members", "mentors", "staff", *then)))

    def answers(self, group: str, who: str) -> str:
        """What becomes of somebody who asks to join."""
        g = self.groups[group]
        local = home_of(who) == home_of(group)
        if (who, f"members:{group}") in self.granted:
            return "known"
        if who in g.banned:
            return "missing"
        if g.gated and not local and home_of(who) not in g.listed:
            return "refused"
        if g.joins == "open" and (local or not g.gated):
            return "in"
        return "asked"

    def widen(self, group: str) -> None:
        """What was written for members before stays with those who are members now."""
        self.opened += 1
        members, then = f"members:{group}", f"then{self.opened}:{group}"
        self.granted |= {(who, then) for who, token in self.granted if token == members}
        for post in self.posts.values():
            gate = post.gate
            if gate is not None and gate.group == group and members in gate.tokens:
                gate.tokens = (gate.tokens - {members}) | {then}

    def narrow(self, group: str, word: str) -> None:
        """A switch that is narrowed holds for what was written, too, and lets out whom it leaves nothing to read elsewhere."""
        g = self.groups[group]
        before, g.reads = g.reads, word
        for post in self.posts.values():
            gate = post.gate
            if gate is not None and gate.group == group and width(gate.word) > width(word):
                gate.tokens, gate.word = readers_of(word, group), word
        for person in HOME:
            if home_of(person) == home_of(group):
                continue
            unlisted = home_of(person) not in g.listed
            nothing = width(word) < width("members") and not self.runs(person, group)
            if width(word) < width(before) and (unlisted or nothing):
                self.leave_group(person, group)

    def settle(self) -> None:
        """After each step: who has to have what from now on, and who might have had it."""
        for post in self.posts.values():
            told = {post.home, post_root(post)}
            post.before, post.readers = (
                post.readers,
                {who for who in (None, *HOME) if any(self.may_read(at, who, post) for at in told)},
            )
            post.due = {who for who in post.due if self.may_read(post_root(post), who, post)}
            for host in HOSTS:
                if self.host_may(post.home, host, post) or self.host_may(post_root(post), host, post):
                    post.entitled.add(host)


def heard(server: str, home: str, author: str, group: str | None, tokens: frozenset[str]) -> frozenset[str]:
    """What another server is told, and takes: its own people by name, the author's followers, the members of the post's group."""
    if server == home:
        return tokens
    kept = {"everyone", f"followers:{author}", f"person:{group}", f"members:{group}"} & tokens
    return frozenset(kept | {t for t in tokens if t.startswith("person:") and home_of(t[7:]) == server})


def home_of(name: str) -> str:
    return HOME.get(name, GROUP_HOME if name in GROUPS else "")


def post_root(post: Written) -> str:
    """The server that knows all who may read it: its group's, else its author's."""
    return home_of(post.group) if post.group is not None else post.home
