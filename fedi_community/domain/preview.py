"""Who can read this: what people are told of an audience before they send, in plain words, English and Spanish. Pure.

It unmasks nobody: counts under ten are "fewer than ten", other servers are named from five readers on, and blocks move no count
(see `storage.preview`). Whom the author names himself he is told by name, whether they will see it or not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fedi_community.domain.model import PUBLIC, SERVER, Actor, Group, Post, followers_of, mentors_of, staff_of

FEW: Final = 10
"""Counts below this are not told."""
NAMED_FROM: Final = 5
"""Readers from which a server is named."""
MAX_NAMED: Final = 5
"""Servers that a sentence names, those with the most readers; the list beside it has all."""
Language = Literal["en", "es"]

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "everyone": (
        "Everybody on the internet can read this. It is on the web, and other servers get copies of it.",
        "Cualquiera puede leer esto en internet. Está en la web, y otros servidores reciben copias.",
    ),
    "quiet": (
        "It is in no public list, but anybody who has its address can read it.",
        "No aparece en listas públicas, pero quien tenga su dirección puede leerlo.",
    ),
    "in_group": (
        "It is published in {group}, and goes to all its members.",
        "Se publica en {group} y llega a todos sus miembros.",
    ),
    "server": (
        "All members of this community can read this: {here}. So can everybody who joins later.",
        "Todos los miembros de esta comunidad pueden leer esto: {here}. También quienes se unan más tarde.",
    ),
    "members": (
        "The members of {group} can read this: {people}. So can everybody who is let in later.",
        "Los miembros de {group} pueden leer esto: {people}. También quienes sean admitidos más tarde.",
    ),
    "mentors": (
        "The mentors and the staff of {group} can read this: {people}.",
        "Los mentores y el equipo de {group} pueden leer esto: {people}.",
    ),
    "staff": (
        "The staff of {group} can read this: {people}.",
        "El equipo de {group} puede leer esto: {people}.",
    ),
    "followers": (
        "Your followers can read this: {people}. So can everybody who follows you later.",
        "Sus seguidores pueden leer esto: {people}. También quienes le sigan más tarde.",
    ),
    "named": (
        "The people you name can read this: {names}.",
        "Las personas que usted nombra pueden leer esto: {names}.",
    ),
    "circle": (
        "The people in your circle can read this, and do not learn of each other: {people}.",
        "Las personas de su círculo pueden leer esto, y no saben unas de otras: {people}.",
    ),
    "nobody": ("Only you can read this: you name nobody.", "Solo usted puede leer esto: no nombra a nadie."),
    "thread": (
        "It stays inside its discussion: who cannot read that cannot read this.",
        "Se queda dentro de su conversación: quien no puede leerla no puede leer esto.",
    ),
    "elsewhere": (
        "Some of them are on other servers, which get a copy: {servers}.",
        "Algunos están en otros servidores, que reciben una copia: {servers}.",
    ),
    "listed": (
        "Members may also be on other servers that the staff chose for {group}; they get a copy. The page of the group says which.",
        "También puede haber miembros en otros servidores que el equipo eligió para {group}; esos reciben una copia. La página del "
        "grupo dice cuáles son.",
    ),
    "named_elsewhere": (
        "Some of the people you name are on other servers. Those who may read the discussion get a copy there.",
        "Algunas de las personas que nombra están en otros servidores. Quienes pueden leer la conversación reciben allí una copia.",
    ),
    "here_only": ("No other server gets a copy.", "Ningún otro servidor recibe una copia."),
    "not_on_the_web": (
        "It is not on the web, in search engines or in feeds.",
        "No está en la web, ni en buscadores, ni en canales de noticias.",
    ),
    "no_search": (
        "Search engines are asked to leave it out.",
        "Se pide a los buscadores que no lo incluyan.",
    ),
    "naming": (
        "Naming somebody lets nobody in: who may not read this discussion is not told of it and does not see it.",
        "Nombrar a alguien no le da acceso: quien no puede leer esta conversación no recibe aviso ni la ve.",
    ),
    "held": (
        "Somebody who looks after this community reads your first posts before others see them.",
        "Alguien que cuida de esta comunidad lee sus primeros mensajes antes que los demás.",
    ),
    "held_here": (
        "Somebody who looks after {group} reads this before others see it.",
        "Alguien que cuida de {group} lee esto antes que los demás.",
    ),
    "copies": (
        "What has been read can be copied. Deleting it later asks other servers to delete their copies, and cannot force them.",
        "Lo leído se puede copiar. Si lo borra más tarde, se pide a otros servidores que borren sus copias, sin poder obligarlos.",
    ),
    "few": ("fewer than ten people", "menos de diez personas"),
    "people": ("{count} people", "{count} personas"),
    "here": ("{people} here", "{people} aquí"),
    "here_and_there": ("{people} and {count} on other servers", "{people} y {count} en otros servidores"),
    "few_servers": ("fewer than ten servers", "menos de diez servidores"),
    "servers": ("{count} servers", "{count} servidores"),
    "among_them": ("{servers}, among them {names}", "{servers}, entre ellos {names}"),
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many would read it now: people here, people elsewhere by host, blocks left out of account."""

    everyone: bool
    here: int
    elsewhere: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Around:
    """What the words need beside the post. named: whom it is written to by name, as they are called. naming: somebody is
    mentioned. group, settings: the group that it is in. held: why it waits to be read first."""

    named: tuple[str, ...] = ()
    naming: bool = False
    circle: bool = False
    group: Actor | None = None
    settings: Group | None = None
    searchable: bool = False
    held: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What the author is told. lines: one sentence each, the most important first. here, elsewhere, servers: None for "fewer than
    ten". later: people who are let in later can read it too."""

    lines: tuple[str, ...]
    notices: tuple[str, ...]
    here: int | None
    elsewhere: int | None
    servers: int | None
    named_servers: tuple[str, ...]
    later: bool
    web: bool
    search: bool
    feeds: bool


def by_name(post: Post, actors: Mapping[int, Actor], numbers: Numbers) -> Numbers:
    """Of what people read whom its author names, in a thread that not everybody may read, he is told how many he named: how many of
    them may read the thread would tell who is in the group."""
    if not (is_bounded(post) and written_by_name(post)):
        return numbers
    people = [a for i, a in actors.items() if i in post.audience and i != post.author_id and not a.is_group]
    return Numbers(False, sum(a.local for a in people), Counter(a.host for a in people if not a.local))


def told(post: Post, numbers: Numbers, around: Around, language: Language) -> Told:
    """What to say of a post that `decide_compose` would store."""
    at = 0 if language == "en" else 1
    name = (around.group.name or around.group.handle) if around.group is not None else ""

    def say(key: str, **values: object) -> str:
        return TEXTS[key][at].format(**{"group": name, **values})

    kind, elsewhere = _kind(post, numbers, around), sum(numbers.elsewhere.values())
    hosts = tuple(sorted(h for h, n in numbers.elsewhere.items() if n >= NAMED_FROM))

    people = _people(numbers.here, elsewhere, _listed(around), say)
    first = say(kind, here=_number(numbers.here, say), people=people, names=", ".join(around.named))
    lines = [first, *(say(key, **more) for key, more in _rest(post, numbers, around, kind, hosts, say))]
    feeds = around.group is not None and around.group.local and post.reply_to is None
    return Told(
        tuple(lines),
        tuple(say(key) for key in _notices(post, numbers, around)),
        _bounded(numbers.here),
        _bounded(elsewhere),
        _bounded(len(numbers.elsewhere)),
        hosts,
        kind in ("everyone", "server", "members", "followers"),
        numbers.everyone,
        numbers.everyone and around.searchable,
        numbers.everyone and feeds,
    )


def _rest(
    post: Post, numbers: Numbers, around: Around, kind: str, hosts: tuple[str, ...], say: Callable[..., str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """The sentences after the first, by key."""
    if numbers.everyone:
        if post.audience.get(PUBLIC) == "cc":
            yield "quiet", {}
        if around.group is not None and post.group_id is not None:
            yield "in_group", {}
        if not around.searchable:
            yield "no_search", {}
        return
    by_name = kind in ("named", "circle", "nobody")
    if post.reply_to is not None and not by_name:
        yield "thread", {}
    if _listed(around) and not by_name:
        yield "listed", {}
        if hosts:
            yield "elsewhere", {"servers": _servers(numbers, hosts, say)}
    elif numbers.elsewhere:
        unsure = by_name and is_bounded(post)
        yield (
            "named_elsewhere" if unsure else "elsewhere",
            {} if unsure else {"servers": _servers(numbers, hosts, say)},
        )
    else:
        yield "here_only", {}
    yield "not_on_the_web", {}


def _number(number: int, say: Callable[..., str]) -> str:
    return say("few") if number < FEW else say("people", count=number)


def _people(here: int, elsewhere: int, listed: bool, say: Callable[..., str]) -> str:
    """How many, without a sum: from that and one of its parts the other would follow."""
    if not elsewhere and not listed:
        return _number(here, say)
    people = say("here", people=_number(here, say))
    return people if elsewhere < FEW else say("here_and_there", people=people, count=elsewhere)


def _listed(around: Around) -> bool:
    """Staff opened the group to members on other servers. Whether somebody is there is not told: with one server listed, it would
    tell that somebody there is in the group."""
    return around.settings is not None and bool(around.settings.peers)


def _servers(numbers: Numbers, hosts: tuple[str, ...], say: Callable[..., str]) -> str:
    shown = _bounded(len(numbers.elsewhere))
    servers = say("few_servers") if shown is None else say("servers", count=shown)
    if not hosts:
        return servers
    most = sorted(hosts, key=lambda host: (-numbers.elsewhere[host], host))[:MAX_NAMED]
    return say("among_them", servers=servers, names=", ".join(most))


def _notices(post: Post, numbers: Numbers, around: Around) -> list[str]:
    return [
        *(["naming"] if around.naming and is_bounded(post) else []),
        *(["held" if around.held == "first" else "held_here"] if around.held else []),
        *(["copies"] if numbers.everyone or numbers.elsewhere or _listed(around) else []),
    ]


def _bounded(number: int) -> int | None:
    """A count as it may be told; none is told as 0 only by what is said in words."""
    return None if number < FEW else number


def is_bounded(post: Post) -> bool:
    """It is in a thread for more than people who are named one by one, and for less than everybody."""
    gate = post.gate
    return gate is not None and PUBLIC not in gate and any(p & 3 or p == SERVER for p in gate)


def written_by_name(post: Post) -> bool:
    """For people who are named one by one, and nobody else."""
    return not any(p & 3 or p in (PUBLIC, SERVER) for p in post.audience)


def _kind(post: Post, numbers: Numbers, around: Around) -> str:
    """Which sentence fits."""
    if numbers.everyone:
        return "everyone"
    limit, group = frozenset(post.audience), post.group_id
    if SERVER in limit:
        return "server"
    if group is not None:
        for kind, collection in (("members", followers_of), ("mentors", mentors_of), ("staff", staff_of)):
            if collection(group) in limit:
                return kind
    if any(p & 3 for p in limit):
        return "followers"
    if around.circle:
        return "circle"
    return "named" if limit - {post.author_id} else "nobody"
