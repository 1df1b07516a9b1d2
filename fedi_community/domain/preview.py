"""Who can read this: what people are told of an audience before they send, in plain words, English and Spanish. Pure.

It unmasks nobody: counts under ten are "fewer than ten", other servers are named from five readers on, and blocks move no count
(see `storage.preview`). Whom the author names himself he is told by name, whether they will see it or not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from fedi_community.domain.model import PUBLIC, SERVER, Actor, Post, followers_of, mentors_of, staff_of

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
    "nobody": ("Only you can read this: you name nobody.", "Solo usted puede leer esto: no nombra a nadie."),
    "thread": (
        "It stays inside its discussion: who cannot read that cannot read this.",
        "Se queda dentro de su conversación: quien no puede leerla no puede leer esto.",
    ),
    "elsewhere": (
        "Some of them are on other servers, which get a copy: {servers}.",
        "Algunos están en otros servidores, que reciben una copia: {servers}.",
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
        "Alguien que cuida de esta comunidad lee sus primeras publicaciones antes que los demás.",
    ),
    "copies": (
        "What has been read can be copied. Deleting it later asks other servers to delete their copies, and cannot force them.",
        "Lo leído se puede copiar. Si lo borra más tarde, se pide a otros servidores que borren sus copias, sin poder obligarlos.",
    ),
    "few": ("fewer than ten people", "menos de diez personas"),
    "people": ("{count} people", "{count} personas"),
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


def told(
    post: Post, numbers: Numbers, group: Actor | None, named: Mapping[int, str], *, searchable: bool, held: bool, language: Language
) -> Told:  # fmt: skip
    """What to say of a post that `decide_compose` would store. named: whom its author names, by id, as typed."""
    at = 0 if language == "en" else 1

    def say(key: str, **values: object) -> str:
        return TEXTS[key][at].format(**values)

    elsewhere = sum(numbers.elsewhere.values())
    hosts = tuple(sorted(h for h, n in numbers.elsewhere.items() if n >= NAMED_FROM))
    shown = _bounded(len(numbers.elsewhere))
    servers = say("few_servers") if shown is None else say("servers", count=shown)
    if hosts:
        most = sorted(hosts, key=lambda host: (-numbers.elsewhere[host], host))[:MAX_NAMED]
        servers = say("among_them", servers=servers, names=", ".join(most))
    kind, where = _kind(post, numbers)
    name = (group.name or group.handle) if group is not None else ""

    def people(number: int) -> str:
        return say("few") if number < FEW else say("people", count=number)

    first = say(
        kind,
        here=people(numbers.here),
        people=people(numbers.here + elsewhere),
        group=name,
        names=", ".join(named.values()),
    )
    lines = [first]
    if numbers.everyone:
        if post.audience.get(PUBLIC) == "cc":
            lines.append(say("quiet"))
        if group is not None and post.group_id is not None:
            lines.append(say("in_group", group=name))
        if not searchable:
            lines.append(say("no_search"))
    else:
        if post.reply_to is not None and kind != "named":
            lines.append(say("thread"))
        lines.append(say("elsewhere", servers=servers) if numbers.elsewhere else say("here_only"))
        lines.append(say("not_on_the_web"))
    notices = []
    if named and where == "gate":
        notices.append(say("naming"))
    if held:
        notices.append(say("held"))
    if numbers.everyone or numbers.elsewhere:
        notices.append(say("copies"))
    return Told(
        tuple(lines),
        tuple(notices),
        _bounded(numbers.here),
        _bounded(elsewhere),
        shown,
        hosts,
        kind in ("everyone", "server", "members", "followers"),
        numbers.everyone,
        numbers.everyone and searchable,
        numbers.everyone and group is not None and group.local and post.reply_to is None,
    )


def _bounded(number: int) -> int | None:
    """A count as it may be told; none is told as 0 only by what is said in words."""
    return None if number < FEW else number


def _kind(post: Post, numbers: Numbers) -> tuple[str, str]:
    """(which sentence fits, what bounds it: gate or audience)."""
    if numbers.everyone:
        return "everyone", "audience"
    limit = frozenset(post.audience)
    bounded = post.gate is not None and PUBLIC not in post.gate
    where = "gate" if bounded and any(p & 3 or p == SERVER for p in post.gate or ()) else "audience"
    group = post.group_id
    if SERVER in limit:
        return "server", where
    if group is not None and followers_of(group) in limit:
        return "members", where
    if group is not None and mentors_of(group) in limit:
        return "mentors", where
    if group is not None and staff_of(group) in limit:
        return "staff", where
    if any(p & 3 for p in limit):
        return "followers", where
    return ("named" if limit - {post.author_id} else "nobody"), where
