"""WebFinger (RFC 7033) and host-meta (RFC 6415): our answers, and how another server's answer is believed.

Pure: documents in, documents or verdicts out; fetching is done by others. A handle is believed only if it loops: the
actor names it, its own host confirms it, and the confirmation leads back to exactly this actor. Otherwise any server
could hand out names of another (the impostor's answer is valid JSON with somebody else's subject).
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Final

from bovine.types.jrd import JrdData, JrdLink

from fedi_community.activitypub.wire import WireActor
from fedi_community.domain.origins import canonical, canonical_host, host_of
from fedi_community.errors import Refusal

JRD_TYPE: Final = "application/jrd+json; charset=utf-8"
XRD_TYPE: Final = "application/xrd+xml; charset=utf-8"
AS2_TYPE: Final = "application/activity+json"
PROFILE_REL: Final = "http://webfinger.net/rel/profile-page"
SUBSCRIBE_REL: Final = "http://ostatus.org/schema/1.0/subscribe"
MAX_LINKS: Final = 100

_NAME: Final = re.compile(r"[\w](?:[\w.~-]{0,253}[\w~-])?\Z")
_LD_TYPE: Final = re.compile(
    r"application/ld\+json\s*;\s*profile=\"?https://www\.w3\.org/ns/activitystreams\"?\Z"
)
_LRDD: Final = re.compile(r"<(?:\w+:)?Link\b[^<>]{0,2000}>", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"""([a-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Handle:
    """`name@host`. Two handles are the same if their names agree in any case and their canonical hosts agree."""

    name: str
    host: str

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"

    def is_same(self, other: Handle) -> bool:
        return self.name.casefold() == other.name.casefold() and self.host == other.host


@dataclass(frozen=True, slots=True)
class RemoteJrd:
    """What a JRD says: `subject` as a handle (None for a URL, FEP-d556), the ActivityPub actors, a subscribe form."""

    subject: Handle | None
    actors: tuple[str, ...]
    subscribe: str | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """The next question of the loop: WebFinger for this handle at this handle's host."""

    handle: Handle


def parse_handle(text: str) -> Handle | None:
    """A handle from `acct:name@host`, `@name@host`, `!name@host` or `name@host`; None if it is none."""
    bare = text.strip().removeprefix("acct:").lstrip("@!")
    name, at, given = bare.partition("@")
    host = canonical_host(given) if at and "/" not in given else None
    return Handle(name, host) if host is not None and _NAME.match(name) else None


# --- our own answers ---


def jrd_document(handle: Handle, actor: str, profile: str, subscribe: str | None = None) -> dict[str, object]:
    """The JRD of a local actor: its handle, its actor document, its page and (for people) the remote-follow form.

    subscribe: a template with `{uri}`.
    """
    links = [
        JrdLink(rel=PROFILE_REL, type="text/html", href=profile),
        JrdLink(rel="self", type=AS2_TYPE, href=actor),
    ]
    if subscribe is not None:
        links.append(JrdLink(rel=SUBSCRIBE_REL, template=subscribe))
    aliases = list(dict.fromkeys([actor, profile]))
    document: dict[str, object] = JrdData(subject=f"acct:{handle}", aliases=aliases, links=links).model_dump(
        exclude_none=True
    )
    return document


def instance_jrd(base_url: str, actor: str) -> dict[str, object]:
    """The JRD for the server's own address, leading to the instance actor (FEP-d556)."""
    link = JrdLink(rel="https://www.w3.org/ns/activitystreams#Service", type=AS2_TYPE, href=actor)
    document: dict[str, object] = JrdData(subject=base_url.rstrip("/") + "/", links=[link]).model_dump(
        exclude_none=True
    )
    return document


def host_meta(base_url: str) -> str:
    """The host-meta document: where to ask WebFinger. Clients read the first template's host as the API's host."""
    template = html.escape(f"{base_url.rstrip('/')}/.well-known/webfinger?resource={{uri}}")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">\n'
        f'  <Link rel="lrdd" type="application/jrd+json" template="{template}"/>\n'
        "</XRD>\n"
    )


# --- other servers' answers ---


def parse_jrd(document: object) -> RemoteJrd | Refusal:
    """A JRD from any JSON value. Refusals (422): `jrd_invalid`, `jrd_without_actor`."""
    if not isinstance(document, dict):
        return _refused("jrd_invalid")
    links = document.get("links")
    actors: dict[str, None] = {}
    subscribe = None
    for link in links[:MAX_LINKS] if isinstance(links, list) else []:
        if not isinstance(link, dict):
            continue
        rel, kind, href, template = (link.get(key) for key in ("rel", "type", "href", "template"))
        if (
            rel in ("self", "https://www.w3.org/ns/activitystreams#Service")
            and _is_as2(kind)
            and isinstance(href, str)
        ):
            found = canonical(href)
            if found is not None:
                actors[found] = None
        elif rel == SUBSCRIBE_REL and isinstance(template, str) and "{uri}" in template:
            subscribe = subscribe or (template if canonical(template.replace("{uri}", "")) else None)
    if not actors:
        return _refused("jrd_without_actor")
    subject = document.get("subject")
    handle = parse_handle(subject) if isinstance(subject, str) and subject.startswith("acct:") else None
    return RemoteJrd(handle, tuple(actors), subscribe)


def first_question(actor: WireActor) -> Ask | Refusal:
    """What to ask about an actor: the handle it names itself (FEP-2c59), else `preferredUsername` at its own host."""
    handle = parse_handle(actor.webfinger) if actor.webfinger else None
    if handle is None and actor.username is not None:
        host = host_of(actor.id)
        handle = Handle(actor.username, host) if host is not None and _NAME.match(actor.username) else None
    return Ask(handle) if handle is not None else _refused("actor_without_handle")


def judge(
    actor_id: str, asked: Handle, answer: RemoteJrd, *, redirected: bool = False
) -> Handle | Ask | Refusal:
    """The next step of the loop, after the host of `asked` gave this answer.

    The confirmed handle (in the spelling of its own host), or a second question when the answer names another subject
    (allowed once: that host must then confirm it itself), or a refusal (422): `handle_of_other_actor`,
    `handle_not_confirmed`.
    """
    if actor_id not in answer.actors:
        return _refused("handle_of_other_actor")
    if answer.subject is None:
        return _refused("handle_not_confirmed")
    if answer.subject.is_same(asked):
        return answer.subject
    return _refused("handle_not_confirmed") if redirected else Ask(answer.subject)


def judge_lookup(asked: Handle, answer: RemoteJrd, *, redirected: bool = False) -> str | Ask | Refusal:
    """The actor to fetch for a handle that a member typed; another subject is asked once more at its own host.

    The fetched actor's own loop (`first_question`, `judge`) must still lead to a handle.
    """
    if answer.subject is not None and not answer.subject.is_same(asked):
        return _refused("handle_not_confirmed") if redirected else Ask(answer.subject)
    return answer.actors[0]


def lrdd_template(document: str, host: str) -> str | None:
    """The WebFinger template of a host-meta document, if it stays on the host or on its parent or child domain."""
    for tag in _LRDD.findall(document[:100_000]):
        attributes = {name.lower(): html.unescape(a or b) for name, a, b in _ATTRIBUTE.findall(tag)}
        template = attributes.get("template", "")
        if attributes.get("rel") != "lrdd" or "{uri}" not in template:
            continue
        found = host_of(template.replace("{uri}", ""))
        if found is not None and _related(found, host) and template.startswith("https://"):
            return template
    return None


def _related(a: str, b: str) -> bool:
    """Same host, or one directly above the other; never a bare top-level domain."""
    if a == b:
        return True
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return "." in shorter and longer.endswith("." + shorter)


def _is_as2(kind: object) -> bool:
    return isinstance(kind, str) and (
        kind.split(";")[0].strip() == AS2_TYPE or bool(_LD_TYPE.match(kind.strip()))
    )


def _refused(reason: str) -> Refusal:
    return Refusal(reason, 422, "The handle is not confirmed by its server.")
