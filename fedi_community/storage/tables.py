"""The schema, once, for SQLite and PostgreSQL: the community's own tables. What clients keep is in `client_tables`.

`migrations/` brings a database here; a test holds the two together.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, UniqueConstraint, text

from fedi_community.storage.schema import (
    actor,
    big,
    count,
    flag,
    identifier,
    object_,
    serial,
    string,
    table,
)

# --- who there is -------------------------------------------------------------------------------------------------

meta = table("meta", string("key", primary_key=True), string("value", null=False))

hosts = table(
    "hosts",
    serial(),
    string("name", null=False, unique=True),
    string("state", null=False, server_default="ok"),  # ok, limited, suspended
    flag("listed"),  # may federate where FEDI_FEDERATION=listed
    big("judged_at"),  # when somebody last said how we stand to it
    flag("reject_media"),  # its pictures, films and sounds are shown to nobody here
    flag("reject_reports"),  # its reports are taken and dropped
    flag("obfuscate"),  # its name is not shown whole where blocks are published
    string("public_comment"),
    string("private_comment"),  # for staff alone
    string("software"),  # what it says it runs, as "lemmy 1.0.2"
    big("software_at"),
    string("signature_form"),  # cavage, rfc9421: what the host took last (double knock)
    big("signature_form_at"),
    count("failures"),
    big("failing_since"),
    big("retry_at"),
    big("success_at"),
    big("lease_until"),
    string("lease_by"),  # a worker; or hold (breaker open until lease_until), pause (Retry-After)
    Index("ix_hosts_retry", "retry_at"),
)

actors = table(
    "actors",
    identifier(),
    string("uri", null=False, unique=True),
    string("type", null=False),
    string("handle", null=False),
    big("host_id", ForeignKey("hosts.id")),  # null: of this server
    string(
        "handle_host"
    ),  # what its handle ends in: mostly its own host, else one that confirmed it; null: of this server
    string("state", null=False, server_default="active"),
    flag(
        "barred"
    ),  # its host is suspended: nothing of it is shown, and its own state comes back when that is lifted
    string("name", null=False, server_default=""),
    string("summary", null=False, server_default=""),
    string("summary_source"),
    string("language"),
    string("url"),
    string("inbox"),
    string("shared_inbox"),
    string("outbox"),
    string("followers_uri", unique=True),
    string("following_uri"),
    string("featured_uri"),
    string("moderators_uri"),
    string("icon"),  # JSON {url, mediaType, name}
    string("image"),
    string("fields", null=False, server_default="[]"),  # JSON [{name, value}]
    flag("locked"),
    flag("discoverable"),
    flag("indexable"),
    flag("open_collections"),  # whom it follows, and who follows it, may be shown
    string("also_known_as", null=False, server_default="[]"),
    big("moved_to"),
    flag("kin"),  # its human writes under other names here too: decisions then look at all of them
    big("only_in"),  # a persona's one group
    string("moderators", null=False, server_default="[]"),  # JSON ids a remote group names
    flag("mods_only"),  # a remote group in which they alone start discussions
    string("implements", null=False, server_default="[]"),
    string(
        "badges", null=False, server_default="[]"
    ),  # JSON [{label, issuer}]: those of `badges` that stand, for showing
    string("held_name"),  # claims to be who runs this server: shown by its handle until staff allow it
    string("allowed_name"),  # the name that staff allowed
    flag("sample"),  # invented, for a demonstration
    flag("sensitive"),  # a measure: what it attaches is covered until the reader wants to see it
    big("published"),
    big("updated"),
    big("fetched_at"),
    big("created", null=False),
    big("last_post_at"),
    count("posts_count"),
    Index(None, "host_id"),
    Index("ix_actors_handle", "handle", "host_id"),
    Index("ix_actors_handle_host", "handle", "handle_host"),
    Index("ix_actors_url", "url"),
)

handles = table("handles", string("handle", primary_key=True), big("actor_id"), big("created", null=False))

principals = table(
    "principals",
    string("uri", primary_key=True),
    big("id", null=False),
    actor("owner_id", index=True),
    rowid=False,
)

groups = table(
    "groups",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("finds", null=False),
    string("reads", null=False),
    string("posts", null=False),
    string("replies", null=False),
    string("joins", null=False),
    string("question"),
    string("boosts", null=False, server_default="passed"),
    flag("downvotes", 1),
    big("gate_id"),
    string("peers", null=False, server_default="[]"),  # hosts whose approved members a gated group admits
    string("rules", null=False, server_default="[]"),
    string("holds", null=False, server_default="{}"),  # JSON: what waits to be read first
    count("members_count"),
    big("updated", null=False),
)

keys = table(
    "keys",
    serial(),
    string("uri", null=False, unique=True),
    actor(index=True),
    string("kind", null=False),  # rsa, ed25519
    string("public", null=False),  # PEM or multibase
    Column("private", LargeBinary),  # encrypted under `sealed_by`
    string("sealed_by"),
    big("created", null=False),
    big("retired"),
    big("checked_at"),
)

# --- who may log in and speak -------------------------------------------------------------------------------------

logins = table(
    "logins",
    identifier(),
    string("email", null=False, unique=True),
    string("password", null=False),
    string("role", null=False, server_default="member"),  # member, staff, admin
    string("state", null=False, server_default="active"),  # unconfirmed, pending, active, suspended, deleted
    string("language", null=False, server_default="en"),
    big("created", null=False),
    big("confirmed"),
    big("active_at"),
    string("settings", null=False, server_default="{}"),
)

unmaskings = table(
    "unmaskings",
    identifier(),
    actor(),
    string("reason", null=False),
    big("asked_by", ForeignKey("logins.id"), null=False),
    big("asked_at", null=False),
    big("expires", null=False, index=True),
    big("confirmed_by", ForeignKey("logins.id")),
    big("confirmed_at"),
    string("read_by", null=False, server_default="[]"),  # JSON: log-ins that were shown the name
)

speakers = table(
    "speakers",
    big("login_id", ForeignKey("logins.id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    string("role", null=False),  # self, persona, staff
    big("created", null=False),
    rowid=False,
)

apps = table(
    "apps",
    identifier(),
    string("client_id", null=False, unique=True),
    string("client_secret", null=False),
    string("name", null=False),
    string("website"),
    string("redirect_uris", null=False),
    string("scopes", null=False),
    big("created", null=False),
)

tokens = table(
    "tokens",
    identifier(),
    string("hash", null=False, unique=True),
    string("kind", null=False),  # access, code, session, app, confirm, reset
    big("login_id", ForeignKey("logins.id"), index=True),
    actor(null=True, index=True),
    big("app_id", ForeignKey("apps.id")),
    string("scopes", null=False, server_default=""),
    string("data", null=False, server_default="{}"),  # code: redirect_uri, challenge
    big("made_by", index=True),  # the code it was exchanged for
    big("created", null=False),
    big("used_at"),
    big("expires"),
    big("revoked"),
)

invitations = table(
    "invitations",
    identifier(),
    big("group_id", ForeignKey("groups.actor_id"), null=False, index=True),
    string("hash", null=False, unique=True),  # SHA-256 of the secret, hex
    actor("made_by"),
    string("note", null=False, server_default=""),  # for whom it is, for those who run the group
    big("uses_left"),  # null: any number
    count("used"),
    big("expires", null=False),
    big("revoked"),
    big("created", null=False),
)

join_answers = table(
    "join_answers",
    big("group_id", ForeignKey("groups.actor_id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("answer", null=False),
    big("expires", null=False, index=True),
    rowid=False,
)

badges = table(
    "badges",
    identifier(),
    actor(index=True),
    string("label", null=False),  # what is said of the actor
    string("issuer", null=False),  # who says it
    big("granted_by"),  # log-in; null: on the command line
    big("created", null=False),
    big("revoked"),
)

idempotency = table(
    "idempotency",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("key", null=False, primary_key=True),
    string("kind", null=False),
    big("result", null=False),
    big("created", null=False, index=True),
    rowid=False,
)

# --- what was said ------------------------------------------------------------------------------------------------

gates = table("gates", identifier(), big("group_id", index=True), string("reads"), big("created", null=False))

gate_principals = table(
    "gate_principals",
    big("gate_id", ForeignKey("gates.id"), null=False, primary_key=True, autoincrement=False),
    big("principal_id", null=False, primary_key=True, autoincrement=False),
    rowid=False,
)

_HELD = text("state = 'held'")  # few ever are
_ROOTS = text("reply_to IS NULL AND boost_of IS NULL AND group_id IS NOT NULL")
_TOPICS = text("context_uri IS NOT NULL AND reply_to IS NULL AND group_id IS NOT NULL")
objects = table(
    "objects",
    identifier(),
    string("uri", null=False, unique=True),
    string("kind", null=False),
    actor("author_id"),
    big("posted_by", ForeignKey("logins.id")),
    big("group_id"),
    big("root_id"),
    big("reply_to"),
    string("reply_to_uri"),
    big("boost_of", index=True),
    big("quote_of", index=True),
    big("gate_id", ForeignKey("gates.id")),
    string("state", null=False),
    flag("local"),
    flag("passed"),  # staff wrote it or a mentor passed it: the group may boost it
    flag("released", 1),  # it was published once; what was held from the start was not
    string("held_for"),  # why it waits, or waited last: first, word, link, phone, approval, moderator
    flag("locked"),
    flag("note"),  # what the group itself has to say about the post that it answers: shown first
    flag("asks_first"),  # of a thread's first post: each answer waits until a moderator has read it
    flag("sensitive"),
    flag("indexed"),  # its author lets search engines see it
    count("depth"),
    count("revision"),
    string("language"),
    string("warning", null=False, server_default=""),
    string("url"),
    string("image"),  # JSON
    string("addressed", null=False, server_default="{}"),  # JSON {to, cc, audience} as the author sent it
    string(
        "extra", null=False, server_default="{}"
    ),  # JSON: poll, event, video, interaction policy, origin of an import
    string("context_uri"),
    big("published", null=False),
    big("edited"),
    big("created", null=False),
    count("replies_count"),
    count("boosts_count"),
    count("likes_count"),
    count("dislikes_count"),
    Index("ix_objects_thread", "root_id", "id"),
    Index("ix_objects_author", "author_id", "id"),
    Index("ix_objects_reply_to", "reply_to"),
    Index("ix_objects_reply_to_uri", "reply_to_uri"),
    Index("ix_objects_url", "url"),
    Index("ix_objects_roots", "group_id", "id", sqlite_where=_ROOTS, postgresql_where=_ROOTS),
    Index("ix_objects_topics", "context_uri", sqlite_where=_TOPICS, postgresql_where=_TOPICS),
    Index("ix_objects_held", "group_id", "id", sqlite_where=_HELD, postgresql_where=_HELD),
)

texts = table(
    "texts",
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False, primary_key=True, autoincrement=False),
    string("language", null=False, primary_key=True),
    string("name", null=False, server_default=""),
    string("summary", null=False, server_default=""),
    string("content", null=False, server_default=""),
    string("source"),
    string("source_type"),
    string("translator"),
    string("warning", null=False, server_default=""),
    big("created", null=False),
    rowid=False,
)

attachments = table(
    "attachments",
    identifier(),
    object_(null=True, index=True),
    Column("position", Integer, nullable=False, server_default="0"),
    actor("owner_id", null=True),
    string("kind", null=False),
    string("url", null=False),
    string("preview_url"),
    string("media_type", null=False, server_default=""),
    string("name", null=False, server_default=""),
    Column("width", Integer),
    Column("height", Integer),
    string("blurhash"),
    string("focus"),
    string(
        "state", null=False, server_default="ready"
    ),  # processing, ready, failed; avatar, header: an actor's picture
    string("file", unique=True),  # an upload of ours: its opaque name without ending
    string(
        "meta", null=False, server_default="{}"
    ),  # JSON: small, duration, frame_rate, bitrate; reason of a failure
    big("created", null=False),
)

audience = table(
    "audience",
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    big("principal_id", null=False, primary_key=True, autoincrement=False),
    string("place", null=False),
    rowid=False,
)

mentions = table(
    "mentions",
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    rowid=False,
)

tags = table("tags", serial(), string("name", null=False, unique=True), big("created", null=False))

object_tags = table(
    "object_tags",
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    big("tag_id", ForeignKey("tags.id"), null=False, primary_key=True, autoincrement=False),
    rowid=False,
)

tombstones = table(
    "tombstones", string("uri", primary_key=True), string("owner_uri"), big("created", null=False)
)

polls = table(
    "polls",
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    string("options", null=False),  # JSON [{name, votes}]
    flag("multiple"),
    flag("hide_totals"),
    big("expires"),
    Column("voters", Integer),
)

poll_votes = table(
    "poll_votes",
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    Column("choice", Integer, nullable=False, primary_key=True, autoincrement=False),
    big("created", null=False),
    rowid=False,
)

# --- how people stand to each other and to things -------------------------------------------------------------------

CHOSEN = text("settings <> '{}'")
"""Follows that are shown in another way than usual: few, and asked for whenever somebody posts."""

grants = table(
    "grants",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("collection_id", null=False, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    string("uri"),  # the Follow that asked
    string("settings", null=False, server_default="{}"),  # show boosts, notify, languages
    big("created", null=False),
    big("updated", null=False),
    Index("ix_grants_collection", "collection_id", "state", "actor_id"),
    Index("ix_grants_uri", "uri"),
    Index("ix_grants_chosen", "collection_id", sqlite_where=CHOSEN, postgresql_where=CHOSEN),
    rowid=False,
)

blocks = table(
    "blocks",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    string("uri"),
    big("expires"),
    big("created", null=False),
    rowid=False,
)

mutes = table(
    "mutes",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    flag("notifications", 1),
    big("expires"),
    big("created", null=False),
    rowid=False,
)

reactions = table(
    "reactions",
    serial(),
    actor(),
    object_(),
    string("kind", null=False),
    string("content", null=False, server_default=""),
    string("uri", index=True),
    big("created", null=False),
    UniqueConstraint("object_id", "kind", "actor_id"),
    Index("ix_reactions_actor", "actor_id", "kind", "id"),
    Index("ix_reactions_liked", "object_id", "kind", "id"),
)

pins = table(
    "pins",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("object_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False, index=True),
    big("created", null=False),
    rowid=False,
)

notifications = table(
    "notifications",
    serial(),
    actor("owner_id"),
    string("kind", null=False),
    actor(),
    object_(null=True),
    string("group_key"),
    flag("filtered"),  # its owner's policy keeps it apart, among the requests
    big("created", null=False),
    Index("ix_notifications_owner", "owner_id", "id"),
    Index("ix_notifications_sender", "owner_id", "filtered", "actor_id"),
    Index("ix_notifications_once", "owner_id", "group_key", "actor_id", unique=True),
    never_again=True,  # an id stands in jobs, markers and pages of clients
)

markers = table(
    "markers",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("timeline", null=False, primary_key=True),
    big("last_read", null=False),
    Column("version", Integer, nullable=False, server_default="1"),
    big("updated", null=False),
)

reports = table(
    "reports",
    identifier(),
    actor("reporter_id", null=True),
    actor("target_id"),
    big("group_id"),
    string("uri", unique=True),
    string("category", null=False, server_default="other"),
    string("comment", null=False, server_default=""),
    string("object_ids", null=False, server_default="[]"),
    string("state", null=False, server_default="open"),
    string("copy"),  # what was reported as the reporter saw it, JSON: for those who answer reports alone
    string("rule_ids", null=False, server_default="[]"),
    flag("forwarded"),
    string("language"),  # of what was reported, or of who reported: for whom it is
    flag("urgent"),
    actor("assigned_to", null=True),  # as whom people act
    actor("closed_by", null=True),
    string("outcome"),  # what was done with it
    big("created", null=False),
    big("closed"),
    big("sealed_until"),  # then the copy goes
    Index("ix_reports_group", "group_id", "state"),
)

sealed = table(
    "sealed",  # files of reported posts: they outlive the post until the copy goes
    big("report_id", ForeignKey("reports.id"), null=False, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False, primary_key=True, autoincrement=False),
    big("object_id"),
    string("file", null=False, index=True),
    string("url", null=False),  # as in attachments
    string("preview_url"),
    string("media_type", null=False, server_default=""),
    string("name", null=False, server_default=""),
    rowid=False,
)

moderation_notes = table(
    "moderation_notes",  # only grows
    serial(),
    big("report_id", ForeignKey("reports.id"), index=True),
    actor("target_id", null=True, index=True),  # a note on an account
    big("actor_id", null=False),  # as whom it was written; nobody is shown the log-in
    big("login_id", null=False),
    string("text", null=False),
    big("created", null=False),
)

measures = table(
    "measures",  # what was done about somebody: he is told, and may appeal once
    identifier(),
    actor("target_id", index=True),
    big("login_id"),  # who did it; never shown to whom it was done
    big("group_id", index=True),  # null: those who run the server
    string("action", null=False),
    string("text", null=False, server_default=""),  # what he is told
    string("object_ids", null=False, server_default="[]"),
    big("report_id"),
    string("link", unique=True),  # hash of the secret in his mail: for who cannot log in
    big("created", null=False),
    big("expires"),
    big("ended"),
    string("ended_how"),  # expired, appeal, undone
    string("appeal"),
    big("appealed"),
    string("appeal_state"),  # pending, approved, rejected
    big("appeal_by"),
    big("appeal_answered"),
    Index("ix_measures_appeals", "appeal_state", "id"),
)

audit = table(
    "audit",
    serial(),
    big("at", null=False),
    big("login_id"),
    big("actor_id"),
    string("action", null=False),
    big("group_id", index=True),
    big("object_id"),
    big("target_id"),
    string("detail", null=False, server_default="{}"),
    Index("ix_audit_login", "login_id", "at"),
)

saved_answers = table(
    "saved_answers",
    identifier(),
    actor("group_id", index=True),
    string("name", null=False),
    string("texts", null=False),  # JSON: language -> words
    big("made_by", ForeignKey("logins.id")),
    big("created", null=False),
)

# --- timelines ------------------------------------------------------------------------------------------------------

entries = table(
    "entries",
    Column("timeline", SmallInteger, nullable=False, primary_key=True, autoincrement=False),
    big("ref", null=False, primary_key=True, autoincrement=False),
    big("principal_id", null=False, primary_key=True, autoincrement=False),
    big("object_id", null=False, primary_key=True, autoincrement=False),
    Index("ix_entries_object", "object_id"),
    rowid=False,
)

home = table(
    "home",
    big("owner_id", null=False, primary_key=True, autoincrement=False),
    big("object_id", null=False, primary_key=True, autoincrement=False),
    big("via"),  # the group or booster through which it came
    Index("ix_home_object", "object_id"),
    rowid=False,
)

homes = table(
    "homes",
    big("owner_id", null=False, primary_key=True, autoincrement=False),
    big("built", null=False),
    big("cut", null=False, server_default="0"),  # when it was last cut to its length
    rowid=False,
)

# --- work -----------------------------------------------------------------------------------------------------------

inbox = table(
    "inbox",
    serial(),
    string("uri", null=False),
    string("signer", null=False),
    string("host", null=False),
    Column("body", LargeBinary, nullable=False),
    string("form", null=False, server_default="http"),  # http, fetched
    string("state", null=False, server_default="waiting"),  # waiting, dead
    Column("attempts", Integer, nullable=False, server_default="0"),
    big("run_at", null=False),
    big("lease_until", null=False, server_default="0"),
    big("received", null=False),
    string("reason"),
    string("waits_for", index=True),  # a parent that has not arrived yet
    string("sync"),  # what came with it about the signer's followers here (FEP-8fcf)
    Index("ix_inbox_due", "state", "run_at"),
)

activities = table(
    "activities",
    identifier(),
    string("uri", null=False, unique=True),
    string("type", null=False),
    actor(),
    object_(null=True, index=True),
    big("target_id"),  # the actor a control activity is about or goes to
    string("inner_uri"),
    string("state", null=False, server_default="done"),  # done, undone
    Column("raw", LargeBinary),  # as it came, where a group passes it on
    string("extra", null=False, server_default="{}"),
    big("created", null=False),
    Index("ix_activities_actor", "actor_id", "id"),
)

fanout = table(
    "fanout",
    serial(),
    big("activity_id", ForeignKey("activities.id"), null=False),
    string("mode", null=False),  # content, retraction, control
    string("scope", null=False, server_default="{}"),
    string("cursor"),
    big("lease_until", null=False, server_default="0"),
    big("created", null=False),
)

deliveries = table(
    "deliveries",
    serial(),
    big("activity_id", ForeignKey("activities.id"), null=False),
    big("host_id", ForeignKey("hosts.id"), null=False),
    string("inbox", null=False),
    big("target_id"),  # the one reader, where it is a personal inbox
    string("mode", null=False),
    big("line", null=False),  # thread or actor: deliveries of one line keep their order
    Column("attempts", Integer, nullable=False, server_default="0"),
    big("run_at", null=False),
    string("state", null=False, server_default="waiting"),  # forming (its fan-out goes on), waiting, dead
    string("reason"),
    big("created", null=False),
    Index("ix_deliveries_lane", "state", "host_id", "id"),
    Index("ix_deliveries_once", "activity_id", "inbox", unique=True),
)

ledger = table(
    "ledger",
    big("object_id", null=False, primary_key=True, autoincrement=False),
    big("host_id", null=False, primary_key=True, autoincrement=False),
    string("inbox"),
    string("how", null=False),  # delivered, fetched, received
    big("created", null=False),
    rowid=False,
)

jobs = table(
    "jobs",
    serial(),
    string("kind", null=False),
    string("key", null=False),
    string("payload", null=False, server_default="{}"),
    string("state", null=False, server_default="waiting"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    big("run_at", null=False),
    big("lease_until", null=False, server_default="0"),
    string("reason"),
    big("created", null=False),
    UniqueConstraint("kind", "key"),
    Index("ix_jobs_due", "state", "run_at"),
)

feeds = table(
    "feeds",
    identifier(),
    string("url", null=False),
    actor("group_id"),
    actor("author_id"),
    string("origin", null=False),  # ours, others
    string("etag"),
    string("modified"),
    big("polled_at"),
    big("run_at", null=False),
    count("failures"),
    string("reason"),
    big("created", null=False),
    UniqueConstraint("url", "group_id"),
)

feed_items = table(
    "feed_items",
    big("feed_id", ForeignKey("feeds.id"), null=False, primary_key=True, autoincrement=False),
    string("guid", null=False, primary_key=True),
    object_(),
    string("hash", null=False),
    big("seen", null=False),
    rowid=False,
)
