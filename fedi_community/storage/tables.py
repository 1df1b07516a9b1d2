"""The schema, once, for SQLite and PostgreSQL.

Times are integer milliseconds UTC. Ids are 64-bit (see `ids`). Text compares in "C" collation (SQLite's BINARY).
`migrations/` brings a database here; a test holds the two together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

Big: TypeEngine[int] = BigInteger().with_variant(Integer(), "sqlite")
Str: TypeEngine[str] = Text().with_variant(Text(collation="C"), "postgresql")
Flag: TypeEngine[int] = SmallInteger().with_variant(Integer(), "sqlite")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _table(name: str, *items: Column[Any] | Index | UniqueConstraint, rowid: bool = True) -> Table:
    return Table(name, metadata, *items, sqlite_with_rowid=rowid)


def _id(name: str = "id") -> Column[int]:
    return Column(name, Big, primary_key=True, autoincrement=False)


def _serial() -> Column[int]:
    return Column("id", Big, primary_key=True, autoincrement=True)


def _big(name: str, *more: ForeignKey, null: bool = True, **options: Any) -> Column[int]:
    return Column(name, Big, *more, nullable=null, **options)


def _str(name: str, null: bool = True, **options: Any) -> Column[str]:
    return Column(name, Str, nullable=null and not options.get("primary_key"), **options)


def _flag(name: str, default: int = 0) -> Column[int]:
    return Column(name, Flag, nullable=False, server_default=str(default))


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default="0")


def _actor(name: str = "actor_id", null: bool = False, **options: Any) -> Column[int]:
    return _big(name, ForeignKey("actors.id"), null=null, **options)


def _object(name: str = "object_id", null: bool = False, **options: Any) -> Column[int]:
    return _big(name, ForeignKey("objects.id"), null=null, **options)


# --- who there is -------------------------------------------------------------------------------------------------

meta = _table("meta", _str("key", primary_key=True), _str("value", null=False))

hosts = _table(
    "hosts",
    _serial(),
    _str("name", null=False, unique=True),
    _str("state", null=False, server_default="ok"),  # ok, limited, suspended
    _flag("listed"),  # may federate where FEDI_FEDERATION=listed
    _str("software"),
    _str("software_version"),
    _big("nodeinfo_at"),
    _str("signature_form"),  # cavage, rfc9421: what the host took last (double knock)
    _big("signature_form_at"),
    _count("failures"),
    _big("failing_since"),
    _big("retry_at"),
    _big("success_at"),
    _big("lease_until"),
    _str("lease_by"),  # a worker; or hold (breaker open until lease_until), pause (Retry-After)
    Index("ix_hosts_retry", "retry_at"),
)

actors = _table(
    "actors",
    _id(),
    _str("uri", null=False, unique=True),
    _str("type", null=False),
    _str("handle", null=False),
    _big("host_id", ForeignKey("hosts.id")),  # null: of this server
    _str("state", null=False, server_default="active"),
    _str("name", null=False, server_default=""),
    _str("summary", null=False, server_default=""),
    _str("summary_source"),
    _str("language"),
    _str("url"),
    _str("inbox"),
    _str("shared_inbox"),
    _str("outbox"),
    _str("followers_uri", unique=True),
    _str("following_uri"),
    _str("featured_uri"),
    _str("moderators_uri"),
    _str("icon"),  # JSON {url, mediaType, name}
    _str("image"),
    _str("fields", null=False, server_default="[]"),  # JSON [{name, value}]
    _flag("locked"),
    _flag("discoverable"),
    _flag("indexable"),
    _str("also_known_as", null=False, server_default="[]"),
    _big("moved_to"),
    _str("moderators", null=False, server_default="[]"),  # JSON ids a remote group names
    _str("implements", null=False, server_default="[]"),
    _str("badges", null=False, server_default="[]"),
    _flag("sample"),  # invented, for a demonstration
    _big("published"),
    _big("updated"),
    _big("fetched_at"),
    _big("created", null=False),
    _big("last_post_at"),
    _count("posts_count"),
    Index(None, "host_id"),
    Index("ix_actors_handle", "handle", "host_id"),
    Index("ix_actors_url", "url"),
)

handles = _table("handles", _str("handle", primary_key=True), _big("actor_id"), _big("created", null=False))

principals = _table(
    "principals",
    _str("uri", primary_key=True),
    _big("id", null=False),
    _actor("owner_id", index=True),
    rowid=False,
)

groups = _table(
    "groups",
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _str("finds", null=False),
    _str("reads", null=False),
    _str("posts", null=False),
    _str("replies", null=False),
    _str("joins", null=False),
    _str("question"),
    _str("boosts", null=False, server_default="passed"),
    _flag("downvotes", 1),
    _big("gate_id"),
    _str("peers", null=False, server_default="[]"),  # hosts whose approved members a gated group admits
    _str("rules", null=False, server_default="[]"),
    _count("members_count"),
    _big("updated", null=False),
)

keys = _table(
    "keys",
    _serial(),
    _str("uri", null=False, unique=True),
    _actor(index=True),
    _str("kind", null=False),  # rsa, ed25519
    _str("public", null=False),  # PEM or multibase
    Column("private", LargeBinary),  # encrypted under `sealed_by`
    _str("sealed_by"),
    _big("created", null=False),
    _big("retired"),
    _big("checked_at"),
)

# --- who may log in and speak -------------------------------------------------------------------------------------

logins = _table(
    "logins",
    _id(),
    _str("email", null=False, unique=True),
    _str("password", null=False),
    _str("role", null=False, server_default="member"),  # member, staff, admin
    _str("state", null=False, server_default="active"),  # unconfirmed, pending, active, suspended, deleted
    _str("language", null=False, server_default="en"),
    _big("created", null=False),
    _big("confirmed"),
    _big("active_at"),
    _str("settings", null=False, server_default="{}"),
)

speakers = _table(
    "speakers",
    _big("login_id", ForeignKey("logins.id"), null=False, primary_key=True, autoincrement=False),
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    _str("role", null=False),  # self, persona, staff
    _big("created", null=False),
    rowid=False,
)

apps = _table(
    "apps",
    _id(),
    _str("client_id", null=False, unique=True),
    _str("client_secret", null=False),
    _str("name", null=False),
    _str("website"),
    _str("redirect_uris", null=False),
    _str("scopes", null=False),
    _big("created", null=False),
)

tokens = _table(
    "tokens",
    _id(),
    _str("hash", null=False, unique=True),
    _str("kind", null=False),  # access, code, session, app
    _big("login_id", ForeignKey("logins.id"), index=True),
    _actor(null=True, index=True),
    _big("app_id", ForeignKey("apps.id")),
    _str("scopes", null=False, server_default=""),
    _str("data", null=False, server_default="{}"),  # code: redirect_uri, challenge
    _big("created", null=False),
    _big("used_at"),
    _big("expires"),
    _big("revoked"),
)

# --- what was said ------------------------------------------------------------------------------------------------

gates = _table("gates", _id(), _big("group_id"), _str("reads"), _big("created", null=False))

gate_principals = _table(
    "gate_principals",
    _big("gate_id", ForeignKey("gates.id"), null=False, primary_key=True, autoincrement=False),
    _big("principal_id", null=False, primary_key=True, autoincrement=False),
    rowid=False,
)

objects = _table(
    "objects",
    _id(),
    _str("uri", null=False, unique=True),
    _str("kind", null=False),
    _actor("author_id"),
    _big("posted_by", ForeignKey("logins.id")),
    _big("group_id"),
    _big("root_id"),
    _big("reply_to"),
    _str("reply_to_uri"),
    _big("boost_of", index=True),
    _big("quote_of", index=True),
    _big("gate_id", ForeignKey("gates.id")),
    _str("state", null=False),
    _flag("local"),
    _flag("passed"),  # staff wrote it or a mentor passed it: the group may boost it
    _flag("locked"),
    _flag("sensitive"),
    _flag("indexed"),  # its author lets search engines see it
    _count("depth"),
    _count("revision"),
    _str("language"),
    _str("warning", null=False, server_default=""),
    _str("url"),
    _str("image"),  # JSON
    _str("addressed", null=False, server_default="{}"),  # JSON {to, cc, audience} as the author sent it
    _str(
        "extra", null=False, server_default="{}"
    ),  # JSON: poll, event, video, interaction policy, origin of an import
    _str("context_uri"),
    _big("published", null=False),
    _big("edited"),
    _big("created", null=False),
    _count("replies_count"),
    _count("boosts_count"),
    _count("likes_count"),
    _count("dislikes_count"),
    Index("ix_objects_thread", "root_id", "id"),
    Index("ix_objects_author", "author_id", "id"),
    Index("ix_objects_reply_to", "reply_to"),
    Index("ix_objects_reply_to_uri", "reply_to_uri"),
    Index("ix_objects_url", "url"),
)

texts = _table(
    "texts",
    _big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False, primary_key=True, autoincrement=False),
    _str("language", null=False, primary_key=True),
    _str("name", null=False, server_default=""),
    _str("summary", null=False, server_default=""),
    _str("content", null=False, server_default=""),
    _str("source"),
    _str("source_type"),
    _str("translator"),
    _str("warning", null=False, server_default=""),
    _big("created", null=False),
    rowid=False,
)

attachments = _table(
    "attachments",
    _id(),
    _object(null=True, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    _actor("owner_id", null=True),
    _str("kind", null=False),
    _str("url", null=False),
    _str("preview_url"),
    _str("media_type", null=False, server_default=""),
    _str("name", null=False, server_default=""),
    Column("width", Integer),
    Column("height", Integer),
    _str("blurhash"),
    _str("focus"),
    _str("state", null=False, server_default="ready"),
    _str("file"),
    _big("created", null=False),
)

audience = _table(
    "audience",
    _big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    _big("principal_id", null=False, primary_key=True, autoincrement=False),
    _str("place", null=False),
    rowid=False,
)

mentions = _table(
    "mentions",
    _big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    rowid=False,
)

tags = _table("tags", _serial(), _str("name", null=False, unique=True), _big("created", null=False))

object_tags = _table(
    "object_tags",
    _big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    _big("tag_id", ForeignKey("tags.id"), null=False, primary_key=True, autoincrement=False),
    rowid=False,
)

tombstones = _table(
    "tombstones", _str("uri", primary_key=True), _str("owner_uri"), _big("created", null=False)
)

polls = _table(
    "polls",
    _big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    _str("options", null=False),  # JSON [{name, votes}]
    _flag("multiple"),
    _flag("hide_totals"),
    _big("expires"),
    Column("voters", Integer),
)

poll_votes = _table(
    "poll_votes",
    _big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    Column("choice", Integer, nullable=False, primary_key=True, autoincrement=False),
    _big("created", null=False),
    rowid=False,
)

# --- how people stand to each other and to things -------------------------------------------------------------------

grants = _table(
    "grants",
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _big("collection_id", null=False, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    _str("uri"),  # the Follow that asked
    _str("settings", null=False, server_default="{}"),  # show boosts, notify, languages
    _big("created", null=False),
    _big("updated", null=False),
    Index("ix_grants_collection", "collection_id", "state", "actor_id"),
    Index("ix_grants_uri", "uri"),
    rowid=False,
)

blocks = _table(
    "blocks",
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    _str("uri"),
    _big("expires"),
    _big("created", null=False),
    rowid=False,
)

mutes = _table(
    "mutes",
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _flag("notifications", 1),
    _big("expires"),
    _big("created", null=False),
    rowid=False,
)

reactions = _table(
    "reactions",
    _serial(),
    _actor(),
    _object(),
    _str("kind", null=False),
    _str("content", null=False, server_default=""),
    _str("uri", index=True),
    _big("created", null=False),
    UniqueConstraint("object_id", "kind", "actor_id"),
    Index("ix_reactions_actor", "actor_id", "kind", "id"),
)

pins = _table(
    "pins",
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _big(
        "object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False, index=True
    ),
    _big("created", null=False),
    rowid=False,
)

notifications = _table(
    "notifications",
    _serial(),
    _actor("owner_id"),
    _str("kind", null=False),
    _actor(),
    _object(null=True),
    _str("group_key"),
    _big("created", null=False),
    Index("ix_notifications_owner", "owner_id", "id"),
    Index("ix_notifications_once", "owner_id", "kind", "actor_id", "object_id"),
)

markers = _table(
    "markers",
    _big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    _str("timeline", null=False, primary_key=True),
    _big("last_read", null=False),
    Column("version", Integer, nullable=False, server_default="1"),
    _big("updated", null=False),
)

reports = _table(
    "reports",
    _id(),
    _actor("reporter_id", null=True),
    _actor("target_id"),
    _big("group_id"),
    _str("uri", unique=True),
    _str("category", null=False, server_default="other"),
    _str("comment", null=False, server_default=""),
    _str("object_ids", null=False, server_default="[]"),
    _str("state", null=False, server_default="open"),
    _str("copy"),  # what was reported, sealed for staff
    _big("assigned_to"),
    _big("created", null=False),
    _big("closed"),
)

audit = _table(
    "audit",
    _serial(),
    _big("at", null=False),
    _big("login_id"),
    _big("actor_id"),
    _str("action", null=False),
    _big("group_id", index=True),
    _big("object_id"),
    _big("target_id"),
    _str("detail", null=False, server_default="{}"),
)

# --- timelines ------------------------------------------------------------------------------------------------------

entries = _table(
    "entries",
    Column("timeline", SmallInteger, nullable=False, primary_key=True, autoincrement=False),
    _big("ref", null=False, primary_key=True, autoincrement=False),
    _big("principal_id", null=False, primary_key=True, autoincrement=False),
    _big("object_id", null=False, primary_key=True, autoincrement=False),
    Index("ix_entries_object", "object_id"),
    rowid=False,
)

home = _table(
    "home",
    _big("owner_id", null=False, primary_key=True, autoincrement=False),
    _big("object_id", null=False, primary_key=True, autoincrement=False),
    _big("via"),  # the group or booster through which it came
    Index("ix_home_object", "object_id"),
    rowid=False,
)

homes = _table(
    "homes",
    _big("owner_id", null=False, primary_key=True, autoincrement=False),
    _big("built", null=False),
    rowid=False,
)

# --- work -----------------------------------------------------------------------------------------------------------

inbox = _table(
    "inbox",
    _serial(),
    _str("uri", null=False),
    _str("signer", null=False),
    _str("host", null=False),
    Column("body", LargeBinary, nullable=False),
    _str("form", null=False, server_default="http"),  # http, fetched
    _str("state", null=False, server_default="waiting"),  # waiting, dead
    Column("attempts", Integer, nullable=False, server_default="0"),
    _big("run_at", null=False),
    _big("lease_until", null=False, server_default="0"),
    _big("received", null=False),
    _str("reason"),
    _str("waits_for", index=True),  # a parent that has not arrived yet
    Index("ix_inbox_due", "state", "run_at"),
)

activities = _table(
    "activities",
    _id(),
    _str("uri", null=False, unique=True),
    _str("type", null=False),
    _actor(),
    _object(null=True, index=True),
    _big("target_id"),  # the actor a control activity is about or goes to
    _str("inner_uri"),
    _str("state", null=False, server_default="done"),  # done, undone
    Column("raw", LargeBinary),  # as it came, where a group passes it on
    _str("extra", null=False, server_default="{}"),
    _big("created", null=False),
    Index("ix_activities_actor", "actor_id", "id"),
)

fanout = _table(
    "fanout",
    _serial(),
    _big("activity_id", ForeignKey("activities.id"), null=False),
    _str("mode", null=False),  # content, retraction, control
    _str("scope", null=False, server_default="{}"),
    _str("cursor"),
    _big("lease_until", null=False, server_default="0"),
    _big("created", null=False),
)

deliveries = _table(
    "deliveries",
    _serial(),
    _big("activity_id", ForeignKey("activities.id"), null=False),
    _big("host_id", ForeignKey("hosts.id"), null=False),
    _str("inbox", null=False),
    _big("target_id"),  # the one reader, where it is a personal inbox
    _str("mode", null=False),
    _big("line", null=False),  # thread or actor: deliveries of one line keep their order
    Column("attempts", Integer, nullable=False, server_default="0"),
    _big("run_at", null=False),
    _str("state", null=False, server_default="waiting"),  # forming (its fan-out goes on), waiting, dead
    _str("reason"),
    _big("created", null=False),
    Index("ix_deliveries_lane", "state", "host_id", "id"),
    Index("ix_deliveries_once", "activity_id", "inbox", unique=True),
)

ledger = _table(
    "ledger",
    _big("object_id", null=False, primary_key=True, autoincrement=False),
    _big("host_id", null=False, primary_key=True, autoincrement=False),
    _str("inbox"),
    _str("how", null=False),  # delivered, fetched, received
    _big("created", null=False),
    rowid=False,
)

jobs = _table(
    "jobs",
    _serial(),
    _str("kind", null=False),
    _str("key", null=False),
    _str("payload", null=False, server_default="{}"),
    _str("state", null=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _big("run_at", null=False),
    _big("lease_until", null=False, server_default="0"),
    _str("reason"),
    _big("created", null=False),
    UniqueConstraint("kind", "key"),
    Index("ix_jobs_due", "state", "run_at"),
)

feeds = _table(
    "feeds",
    _id(),
    _str("url", null=False),
    _actor("group_id"),
    _actor("author_id"),
    _str("origin", null=False),  # ours, others
    _str("etag"),
    _str("modified"),
    _big("polled_at"),
    _big("run_at", null=False),
    _count("failures"),
    _str("reason"),
    _big("created", null=False),
    UniqueConstraint("url", "group_id"),
)

feed_items = _table(
    "feed_items",
    _big("feed_id", ForeignKey("feeds.id"), null=False, primary_key=True, autoincrement=False),
    _str("guid", null=False, primary_key=True),
    _object(),
    _str("hash", null=False),
    _big("seen", null=False),
    rowid=False,
)
