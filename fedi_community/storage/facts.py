"""Look up what a decision needs, in the transaction that will apply it: a fixed number of statements, none in a loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from sqlalchemy import Select, and_, bindparam, func, or_, select

from fedi_community.domain import holds
from fedi_community.domain.facts import Facts, Happened, Kept, Needs, Poll, Principal, collections_of
from fedi_community.domain.model import (
    Actor,
    Grant,
    Group,
    Holds,
    Joins,
    Kind,
    Post,
    State,
    Viewer,
    Who,
    followers_of,
    mentors_of,
    staff_of,
)
from fedi_community.domain.origins import origin
from fedi_community.domain.posts import CIRCLE
from fedi_community.storage import (
    desk,
    held,
    joining,
    kept,
    measures,
    media,
    personas,
    reports,
    scheduled,
    sessions,
)  # fmt: skip
from fedi_community.storage import hosts as host_rows
from fedi_community.storage.database import Row, Tx
from fedi_community.storage.dialect import Statement, among, number, one_of, param, word
from fedi_community.storage.schema import Str
from fedi_community.storage.tables import (
    activities,
    actors,
    audience,
    blocks,
    feed_items,
    feeds,
    gate_principals,
    gates,
    grants,
    groups,
    handles,
    hosts,
    logins,
    objects,
    poll_votes,
    polls,
    principals,
    reactions,
    speakers,
    tombstones,
)
from fedi_community.storage.visible import shown_state, visible_ids

A, O = actors.c, objects.c  # noqa: E741


def _select_actors() -> Select[Any]:
    return select(
        A.id, A.uri, A.type, A.handle, A.handle_host, A.host_id, hosts.c.name.label("host"), hosts.c.state.label("host_state"),
        hosts.c.reject_reports, hosts.c.software,
        A.state, A.locked, A.inbox, A.shared_inbox, A.followers_uri, A.name, A.also_known_as, A.moved_to, A.moderators, A.mods_only,
        A.kin, A.only_in,
    ).select_from(actors.outerjoin(hosts, hosts.c.id == A.host_id))  # fmt: skip


def actor_of(row: Row) -> Actor:
    """A row of `_select_actors` as an `Actor`."""
    known, mods = row["also_known_as"], row["moderators"]
    return Actor(
        id=row["id"],
        uri=row["uri"],
        type=row["type"],
        handle=row["handle"],
        host=row["host"] or "",
        handle_host=row["handle_host"] or "",
        state=row["state"],
        locked=bool(row["locked"]),
        inbox=row["inbox"],
        shared_inbox=row["shared_inbox"],
        followers_uri=row["followers_uri"],
        name=row["name"],
        also_known_as=() if known == "[]" else tuple(orjson.loads(known)),
        moved_to=row["moved_to"],
        host_state=row["host_state"] or "ok",
        reports_dropped=bool(row["reject_reports"]),
        software=row["software"] or "",
        kin=bool(row["kin"]),
        only_in=row["only_in"],
        moderators=() if mods == "[]" else tuple(orjson.loads(mods)),
        mods_only=bool(row["mods_only"]),
    )


def _select_posts() -> Select[Any]:
    return select(
        O.id, O.uri, O.kind, O.author_id, O.state, O.gate_id, O.group_id, O.root_id, O.reply_to, O.boost_of, O.quote_of,
        O.local, O.locked, O.passed, O.released,
        O.note, O.asks_first, O.depth, O.published, O.edited, shown_state().label("author_state"),
    ).select_from(objects.join(actors, A.id == O.author_id))  # fmt: skip


_PRINCIPALS = Statement(
    select(principals.c.uri, principals.c.id, principals.c.owner_id).where(
        one_of(principals.c.uri, "uris", text=True)
    )
)
_ACTORS = Statement(_select_actors().where(one_of(A.id, "ids")))
_ACTORS_BY_URI = Statement(_select_actors().where(one_of(A.uri, "uris", text=True)))
_LOCAL_HANDLES = Statement(
    _select_actors().where(one_of(A.handle, "handles", text=True), A.host_id.is_(None))
)
_REMOTE_HANDLES = Statement(
    _select_actors().where(one_of(A.handle, "handles", text=True), one_of(A.handle_host, "hosts", text=True))
)
_POSTS_BY_ID = Statement(_select_posts().where(one_of(O.id, "ids")))
_POSTS_BY_URI = Statement(_select_posts().where(one_of(O.uri, "uris", text=True)))
_origin = bindparam("origin", type_=Str)
_THREAD = Statement(
    select(O.id)
    .where(
        O.context_uri.is_not(None),  # as the index says it
        O.context_uri == bindparam("context", type_=Str),
        O.reply_to.is_(None),
        O.group_id.is_not(None),
        O.local == number(0),
        func.substr(O.uri, number(1), func.length(_origin)) == _origin,
    )
    .order_by(O.id)
    .limit(number(1))
)
_BOOSTS = Statement(
    _select_posts().where(
        one_of(O.boost_of, "ids"), one_of(O.author_id, "authors"), among(O.state, "published", "unheard")
    )
)
_AUDIENCE = Statement(
    select(audience.c.object_id, audience.c.principal_id, audience.c.place).where(
        one_of(audience.c.object_id, "ids")
    )
)
_GATES = Statement(
    select(gate_principals.c.gate_id, gate_principals.c.principal_id, gates.c.reads)
    .join(gates, gates.c.id == gate_principals.c.gate_id)
    .where(one_of(gate_principals.c.gate_id, "ids"))
)
_GROUPS = Statement(
    select(groups, A.language.label("language"))
    .join(actors, A.id == groups.c.actor_id)
    .where(one_of(groups.c.actor_id, "ids"))
)
_GRANTS = Statement(
    select(grants.c.actor_id, grants.c.collection_id, grants.c.state, grants.c.uri, grants.c.settings).where(
        one_of(grants.c.actor_id, "subjects"), one_of(grants.c.collection_id, "collections")
    )
)
_BLOCKS = Statement(
    select(blocks.c.actor_id, blocks.c.target_id)
    .where(one_of(blocks.c.actor_id, "subjects"), one_of(blocks.c.target_id, "others"))
    .union(
        select(blocks.c.actor_id, blocks.c.target_id).where(
            one_of(blocks.c.target_id, "subjects"), one_of(blocks.c.actor_id, "others")
        )
    )
)
_TOMBSTONES = Statement(
    select(tombstones.c.uri, tombstones.c.owner_uri).where(one_of(tombstones.c.uri, "uris", text=True))
)
_ACTIVITIES = Statement(
    select(
        activities.c.id, activities.c.uri, activities.c.type, activities.c.actor_id, activities.c.object_id,
        activities.c.target_id, activities.c.state,
    ).where(one_of(activities.c.uri, "uris", text=True))
)  # fmt: skip
_REACTIONS = Statement(
    select(reactions.c.actor_id, reactions.c.object_id, reactions.c.kind, reactions.c.uri).where(
        one_of(reactions.c.object_id, "ids"), one_of(reactions.c.actor_id, "subjects")
    )
)
_FOLLOWED = Statement(
    select(grants.c.collection_id)
    .join(actors, A.id == grants.c.actor_id)
    .where(
        one_of(grants.c.collection_id, "ids"), grants.c.state == number(Grant.ACCEPTED), A.host_id.is_(None)
    )
    .distinct()
)
_FEED_ITEM = Statement(
    select(feed_items.c.object_id, feed_items.c.hash).where(
        feed_items.c.feed_id == param("feed_id"), feed_items.c.guid == bindparam("guid")
    )
)
_HOST_MEMBERS = Statement(
    select(grants.c.actor_id, grants.c.uri)
    .join(actors, A.id == grants.c.actor_id)
    .join(hosts, hosts.c.id == A.host_id)
    .where(
        hosts.c.name == bindparam("host"),
        grants.c.collection_id == param("collection"),
        or_(grants.c.state == number(Grant.ASKED), grants.c.state == number(Grant.ACCEPTED)),
    )
)
_REMOTE_MEMBERS = Statement(
    select(grants.c.actor_id, grants.c.uri, hosts.c.name)
    .join(actors, A.id == grants.c.actor_id)
    .join(hosts, hosts.c.id == A.host_id)
    .where(
        grants.c.collection_id == param("collection"),
        or_(grants.c.state == number(Grant.ASKED), grants.c.state == number(Grant.ACCEPTED)),
    )
)
_REMOTE_RUNNERS = Statement(
    select(grants.c.actor_id).where(
        or_(grants.c.collection_id == param("mentors"), grants.c.collection_id == param("staff")),
        grants.c.state == number(Grant.ACCEPTED),
    )
)
_HANDLES = Statement(select(handles.c.handle).where(one_of(handles.c.handle, "handles", text=True)))
_EMAILS = Statement(select(logins.c.email, logins.c.id).where(one_of(logins.c.email, "emails", text=True)))
_LOGINS = Statement(
    select(speakers.c.actor_id, speakers.c.login_id).where(
        one_of(speakers.c.actor_id, "ids"), speakers.c.role == word("self")
    )
)
_FEEDS = Statement(
    select(feeds.c.url, feeds.c.group_id, feeds.c.id).where(one_of(feeds.c.url, "urls", text=True))
)
_POLLS = Statement(
    select(polls.c.object_id, polls.c.options, polls.c.multiple, polls.c.expires).where(
        one_of(polls.c.object_id, "ids")
    )
)
_VOTES = Statement(
    select(poll_votes.c.object_id, poll_votes.c.actor_id, poll_votes.c.choice).where(
        one_of(poll_votes.c.object_id, "ids"), one_of(poll_votes.c.actor_id, "subjects")
    )
)
_TAKEN = Statement(select(O.id).where(and_(O.id >= param("low"), O.id <= param("high"))))


class _Loader:
    """Collects what was found while the statements of one `load` run."""

    def __init__(self, tx: Tx) -> None:
        self.tx = tx
        self.actors: dict[int, Actor] = {}
        self.principals: dict[str, Principal] = {}
        self.posts: dict[int, Post] = {}

    async def load_actors(self, ids: Iterable[int]) -> None:
        missing = [i for i in set(ids) if i and i not in self.actors]
        if missing:
            for row in await self.tx.rows(_ACTORS, ids=missing):
                self.actors[row["id"]] = actor_of(row)

    async def load_posts(self, uris: frozenset[str], ids: frozenset[int]) -> None:
        found: list[Row] = []
        if uris:
            found += await self.tx.rows(_POSTS_BY_URI, uris=list(uris))
        if ids:
            found += await self.tx.rows(_POSTS_BY_ID, ids=list(ids))
        known = {row["id"] for row in found}
        # What a found post boosts or quotes, and the root of its thread, decide with it.
        for _ in range(2):
            chain = {
                row[c] for row in found for c in ("boost_of", "quote_of", "root_id") if row[c] is not None
            } - known
            if not chain:
                break
            found += await self.tx.rows(_POSTS_BY_ID, ids=list(chain))
            known |= chain
        await self._finish_posts({row["id"]: row for row in found})

    async def load_boosts(self, authors: set[int]) -> None:
        if self.posts and authors:
            found = await self.tx.rows(_BOOSTS, ids=list(self.posts), authors=list(authors))
            await self._finish_posts({row["id"]: row for row in found})

    async def _finish_posts(self, rows: dict[int, Row]) -> None:
        if not rows:
            return
        places: dict[int, dict[int, Any]] = {i: {} for i in rows}
        for object_id, principal, place in await self.tx.rows(_AUDIENCE, ids=list(rows)):
            places[object_id][principal] = place
        gate_ids = {row["gate_id"] for row in rows.values() if row["gate_id"] is not None}
        inside: dict[int, set[int]] = {g: set() for g in gate_ids}
        circles: set[int] = set()
        if gate_ids:
            for gate, principal, word_ in await self.tx.rows(_GATES, ids=list(gate_ids)):
                inside[gate].add(principal)
                if word_ == CIRCLE:
                    circles.add(gate)
        for i, row in rows.items():
            gate = None if row["gate_id"] is None else frozenset(inside[row["gate_id"]])
            self.posts[i] = post_of(row, places[i], gate, row["gate_id"] in circles)


def post_of(row: Row, places: dict[int, Any], gate: frozenset[int] | None, circle: bool = False) -> Post:
    """A row of `_select_posts` with its audience and gate as a `Post`."""
    return Post(
        id=row["id"],
        uri=row["uri"],
        kind=Kind(row["kind"]),
        author_id=row["author_id"],
        state=State(row["state"]),
        audience=places,
        gate_id=row["gate_id"],
        gate=gate,
        group_id=row["group_id"],
        root_id=row["root_id"],
        reply_to=row["reply_to"],
        boost_of=row["boost_of"],
        quote_of=row["quote_of"],
        author_state=row["author_state"],
        local=bool(row["local"]),
        locked=bool(row["locked"]),
        depth=row["depth"],
        published=row["published"],
        edited=row["edited"],
        passed=bool(row["passed"]),
        released=bool(row["released"]),
        note=bool(row["note"]),
        asks_first=bool(row["asks_first"]),
        circle=circle,
    )


def group_of(row: Row) -> Group:
    """A row of `groups` (with the actor's language) as a `Group`."""
    return Group(
        id=row["actor_id"],
        finds=Who(row["finds"]),
        reads=Who(row["reads"]),
        posts=Who(row["posts"]),
        replies=Who(row["replies"]),
        joins=Joins(row["joins"]),
        gate_id=row["gate_id"],
        boosts=row["boosts"],
        downvotes=bool(row["downvotes"]),
        language=row["language"],
        peers=frozenset(orjson.loads(row["peers"])),
        question=row["question"] or "",
        holds=Holds() if row["holds"] == "{}" else holds.holds_of(orjson.loads(row["holds"])),
    )


async def _load_handles(loader: _Loader, wanted: frozenset[tuple[str, str]]) -> dict[tuple[str, str], Actor]:
    found: dict[tuple[str, str], Actor] = {}
    local = [name for name, host in wanted if not host]
    remote = [(name, host) for name, host in wanted if host]
    rows: list[Row] = []
    if local:
        rows += await loader.tx.rows(_LOCAL_HANDLES, handles=local)
    if remote:
        rows += await loader.tx.rows(
            _REMOTE_HANDLES, handles=[n for n, _ in remote], hosts=list({h for _, h in remote})
        )
    for row in rows:
        actor = loader.actors[row["id"]] = actor_of(row)
        if (actor.handle, actor.handle_host) in wanted:
            found[actor.handle, actor.handle_host] = actor
    return found


async def load(tx: Tx, needs: Needs, now: int, new_ids: tuple[int, ...], base_url: str) -> Facts:
    """Everything `needs` asks for, and what belongs to it. About ten statements, whatever the sizes."""
    loader = _Loader(tx)
    happened = await tx.rows(_ACTIVITIES, uris=list(needs.activities)) if needs.activities else ()
    uris = needs.uris | {s for s in needs.subjects if isinstance(s, str)}
    if uris:
        for uri, principal, owner in await tx.rows(_PRINCIPALS, uris=list(uris)):
            loader.principals[uri] = Principal(principal, owner)
    told_of = frozenset(row["object_id"] for row in happened if row["object_id"] is not None)
    first = await _first_of(tx, needs.thread) if needs.thread else None
    await loader.load_posts(needs.posts, needs.post_ids | told_of | ({first} if first else frozenset()))
    if needs.around:
        above = {p.reply_to for p in loader.posts.values() if p.reply_to and p.reply_to not in loader.posts}
        await loader.load_posts(frozenset(), frozenset(above))
    by_handle = await _load_handles(loader, needs.handles) if needs.handles else {}
    posts = loader.posts.values()
    wanted = {p.owner_id for p in loader.principals.values()} | needs.actor_ids
    wanted |= {s for s in needs.subjects if isinstance(s, int)}
    wanted |= {i for row in happened for i in (row["actor_id"], row["target_id"]) if i is not None}
    report = await reports.known(tx, needs.report) if needs.report is not None else None
    if report is not None:
        wanted |= {report.target_id, report.group_id or 0}
    wanted |= {post.author_id for post in posts} | {post.group_id for post in posts if post.group_id}
    if needs.around:
        wanted |= {
            p for i in needs.post_ids if i in loader.posts for p in loader.posts[i].audience if not p & 3
        }
    await loader.load_actors(wanted)
    found = {actor.uri: actor for actor in loader.actors.values()}
    subjects = {s if isinstance(s, int) else loader.principals[s].owner_id for s in needs.subjects
                if isinstance(s, int) or s in loader.principals}  # fmt: skip
    subjects |= {row["actor_id"] for row in happened}
    subjects |= {i for i in (report.target_id, report.group_id) if i} if report is not None else set()
    group_ids = [a.id for a in loader.actors.values() if a.is_group]
    if needs.boosts:
        await loader.load_boosts({*subjects, *group_ids})
    settings = {}
    if group_ids:
        settings = {row["actor_id"]: group_of(row) for row in await tx.rows(_GROUPS, ids=group_ids)}
    relations = await _relations(loader, subjects, group_ids)
    mails = await tx.rows(_EMAILS, emails=list(needs.emails)) if needs.emails else ()
    known_tokens = await sessions.known_tokens(tx, needs.tokens) if needs.tokens else {}
    people = needs.logins | {x.login_id for x in known_tokens.values() if x.login_id is not None}
    people |= {row[1] for row in mails}
    humans = await personas.humans(tx, loader.actors) if needs.humans else {}
    people |= set(humans.values())
    members: Sequence[Row] = ()
    if needs.host_members:
        host, group_id = needs.host_members
        if host == "**":
            run = {
                r[0]
                for r in await tx.rows(
                    _REMOTE_RUNNERS, mentors=mentors_of(group_id), staff=staff_of(group_id)
                )
            }
            everyone_there = await tx.rows(_REMOTE_MEMBERS, collection=followers_of(group_id))
            members = [row for row in everyone_there if row[0] not in run]
        elif host == "*":
            admitted = settings[group_id].peers if group_id in settings else frozenset()
            found_members = await tx.rows(_REMOTE_MEMBERS, collection=followers_of(group_id))
            members = [row for row in found_members if row["name"] not in admitted]
        else:
            members = await tx.rows(_HOST_MEMBERS, host=host, collection=followers_of(group_id))
    questions = [post.id for post in posts if post.kind is Kind.QUESTION]
    gone = await tx.rows(_TOMBSTONES, uris=list(needs.posts)) if needs.posts else ()
    item = None
    if needs.feed_item:
        row = await tx.row(_FEED_ITEM, feed_id=needs.feed_item[0], guid=needs.feed_item[1])
        item = (row[0], row[1]) if row else None
    taken: set[int] = set()
    for wanted_id in needs.new_post_ids:
        taken |= {r[0] for r in await tx.rows(_TAKEN, low=wanted_id, high=wanted_id + 400)}
    names = await tx.rows(_HANDLES, handles=list(needs.new_handles)) if needs.new_handles else ()
    known_feeds = await tx.rows(_FEEDS, urls=list(needs.feeds)) if needs.feeds else ()
    owners: Sequence[Row] = ()
    if needs.new_handles or needs.emails or needs.handles or needs.humans:
        owners = await tx.rows(_LOGINS, ids=list(loader.actors))
    groups_of_posts = [post.group_id for post in posts if post.group_id] if needs.group_pins else []
    pins_of = needs.pins_of or next(iter(groups_of_posts), 0)
    return Facts(
        now=now,
        new_ids=new_ids,
        base_url=base_url,
        actors=loader.actors,
        actor_by_uri=found,
        actor_by_handle=by_handle,
        principals=loader.principals,
        groups=settings,
        posts=loader.posts,
        post_by_uri={post.uri: post for post in posts},
        thread=loader.posts.get(first) if first else None,
        shown_on=await _shown_on(tx, needs.shown_on, loader) if needs.shown_on else frozenset(),
        tombstones={row[0]: row[1] for row in gone},
        activities={row["uri"]: Happened(**{k: row[k] for k in Happened.__slots__}) for row in happened},
        polls=await _polls(tx, questions, subjects) if questions else {},
        feed_item=item,
        taken_ids=frozenset(taken),
        taken_handles=frozenset(row[0] for row in names),
        logins={row[0]: row[1] for row in mails},
        login_of={row[0]: row[1] for row in owners},
        feeds={(row[0], row[1]): row[2] for row in known_feeds},
        host_members={row[0]: row[1] for row in members},
        tokens=known_tokens,
        login_by_id=await sessions.known_logins(tx, people) if people else {},
        hosts=await host_rows.stands(tx, needs.hosts) if needs.hosts else {},
        scheduled=await scheduled.one(tx, needs.scheduled) if needs.scheduled else None,
        put_off=await scheduled.counted(tx, *needs.schedule_of) if needs.schedule_of else (0, 0),
        pinned=await scheduled.pinned(tx, pins_of) if pins_of else frozenset(),
        uploads=await media.known_uploads(tx, needs.uploads) if needs.uploads else {},
        done_before=await sessions.done_before(tx, *needs.done_before, now) if needs.done_before else None,
        heard=await held.heard(tx, subjects, [g.id for g in settings.values() if g.holds.by_newcomers]),
        branch=(below := await desk.branch(tx, loader.posts.get(needs.branch)))
        if needs.branch
        else frozenset(),
        public_branch=await desk.public_among(tx, below - {needs.branch}) if needs.branch else frozenset(),
        saved_answers=await desk.saved_ids(tx, needs.saved_answers) if needs.saved_answers else frozenset(),
        creates=await held.creates(tx, needs.post_ids) if needs.around else {},
        passed_posts=await held.passed_of(tx, needs.newcomer) if needs.newcomer is not None else 0,
        invitations={one.id: one for one in await joining.living(tx, needs.invitations_of, now)}
        if needs.invitations_of
        else {},
        measures=await measures.known(tx, needs.measure or 0, needs.measures_of or 0)
        if needs.measure or needs.measures_of
        else {},
        report=report,
        kept=await kept.load(tx, needs.keeps) if needs.keeps is not None else Kept(),
        human_of=humans,
        unmasking=await personas.unmasking(tx, needs.unmasking) if needs.unmasking is not None else None,
        **relations,
    )


async def _first_of(tx: Tx, context: str) -> int | None:
    """The first post of a discussion that a group elsewhere keeps under this address. Only a post of the same server counts:
    anybody may write an address of others into his own."""
    found = await tx.value(_THREAD, context=context, origin=f"{origin(context)}/")
    return None if found is None else int(found)


async def _shown_on(tx: Tx, host: str, loader: _Loader) -> frozenset[int]:
    """Of the posts at hand, what somebody of the host may see, where its instance actor asks: of people only that is asked."""
    if not any(actor.type == "Application" and actor.host == host for actor in loader.actors.values()):
        return frozenset()
    return await visible_ids(tx, Viewer(0, False, host, instance=True), loader.posts)


async def _polls(tx: Tx, ids: list[int], subjects: set[int]) -> dict[int, Poll]:
    chosen: dict[int, dict[int, set[int]]] = {i: {} for i in ids}
    for post, actor, choice in await tx.rows(_VOTES, ids=ids, subjects=list(subjects)):
        chosen[post].setdefault(actor, set()).add(choice)
    return {
        row["object_id"]: Poll(
            tuple(option["name"] for option in orjson.loads(row["options"])),
            bool(row["multiple"]),
            row["expires"],
            {actor: frozenset(found) for actor, found in chosen[row["object_id"]].items()},
        )
        for row in await tx.rows(_POLLS, ids=ids)
    }


async def _relations(loader: _Loader, subjects: set[int], group_ids: list[int]) -> dict[str, Any]:
    """Grants, blocks and reactions of the subjects, as far as the actors and posts at hand go."""
    tx = loader.tx
    everyone = list(loader.actors)
    held: dict[tuple[int, int], Grant] = {}
    asked: dict[tuple[int, int], str | None] = {}
    powers: dict[tuple[int, int], frozenset[str]] = {}
    collections = {followers_of(a) for a in everyone}
    collections |= {c for g in group_ids for c in (mentors_of(g), staff_of(g))}
    for post in loader.posts.values():
        collections |= collections_of(post.audience) | collections_of(post.gate or ())
    if subjects:
        for actor, collection, state, uri, chosen in await tx.rows(
            _GRANTS, subjects=list(subjects), collections=list(collections)
        ):
            held[actor, collection] = Grant(state)
            asked[actor, collection] = uri
            if chosen != "{}" and collection & 3 == 2:
                powers[actor, collection & ~3] = frozenset(orjson.loads(chosen).get("powers", ()))
    blocked = await tx.rows(_BLOCKS, subjects=list(subjects), others=everyone) if subjects else ()
    kin = [i for i in subjects if i in loader.actors and loader.actors[i].kin]
    done: Sequence[Row] = ()
    if loader.posts and subjects:
        done = await tx.rows(_REACTIONS, ids=list(loader.posts), subjects=list(subjects))
    remote = [followers_of(a.id) for a in loader.actors.values() if not a.local]
    followed = await tx.rows(_FOLLOWED, ids=remote) if remote else ()
    return {
        "grants": held,
        "grant_uris": asked,
        "powers": powers,
        "blocks": frozenset((one, other) for one, other in blocked),
        "bound": await personas.bound(tx, kin, everyone) if kin else frozenset(),
        "reactions": frozenset((a, o, k) for a, o, k, _ in done),
        "untold": frozenset((a, o, k) for a, o, k, uri in done if uri == ""),
        "followed": frozenset(c & ~3 for (c,) in followed),
    }
