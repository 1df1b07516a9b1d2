"""The schema of what clients keep for their member: lists, filters, subscriptions and the like. See `tables`."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint

from fedi_community.storage import tables
from fedi_community.storage.schema import (
    actor,
    big,
    flag,
    identifier,
    metadata,
    object_,
    serial,
    string,
    table,
)

# --- lists, filters, notes and the like: each row its owner's alone ----------------------------------------------------

lists = table(
    "lists",
    identifier(),
    actor(index=True),
    string("title", null=False),
    string("replies_policy", null=False, server_default="list"),  # followed, list, none
    flag("exclusive"),
    flag("circle"),  # its owner writes to these people
    big("created", null=False),
)

list_members = table(
    "list_members",
    big("list_id", ForeignKey("lists.id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False, index=True),
    big("created", null=False),
    rowid=False,
)

filters = table(
    "filters",
    identifier(),
    actor(index=True),
    string("title", null=False),
    string("action", null=False, server_default="warn"),  # warn, hide, blur
    string("contexts", null=False),  # home notifications public thread account, separated by spaces
    big("expires"),
    big("created", null=False),
)

filter_keywords = table(
    "filter_keywords",
    identifier(),
    big("filter_id", ForeignKey("filters.id"), null=False, index=True),
    string("keyword", null=False),
    flag("whole_word", 1),
)

filter_statuses = table(
    "filter_statuses",
    identifier(),
    big("filter_id", ForeignKey("filters.id"), null=False),
    object_(index=True),
    UniqueConstraint("filter_id", "object_id"),
)

domain_blocks = table(
    "domain_blocks",
    serial(),
    actor(),
    string("host", null=False),
    big("created", null=False),
    UniqueConstraint("actor_id", "host"),
)

thread_mutes = table(
    "thread_mutes",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("root_id", ForeignKey("objects.id"), null=False, primary_key=True, autoincrement=False),
    big("created", null=False),
    rowid=False,
)

account_notes = table(
    "account_notes",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("note", null=False),
    rowid=False,
)

endorsements = table(
    "endorsements",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("created", null=False),
    rowid=False,
)

dismissed_suggestions = table(
    "dismissed_suggestions",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("target_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    rowid=False,
)

followed_tags = table(
    "followed_tags",
    serial(),
    actor(),
    big("tag_id", ForeignKey("tags.id"), null=False, index=True),
    big("created", null=False),
    UniqueConstraint("actor_id", "tag_id"),
)

featured_tags = table(
    "featured_tags",
    serial(),
    actor(),
    big("tag_id", ForeignKey("tags.id"), null=False),
    big("created", null=False),
    UniqueConstraint("actor_id", "tag_id"),
)

# --- what somebody is told, and by what way -------------------------------------------------------------------------------

notification_policies = table(
    "notification_policies",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("rules", null=False),  # JSON: who -> accept, filter, drop
)

notification_senders = table(
    "notification_senders",
    big("owner_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("state", null=False),  # accepted, dismissed
    big("created", null=False),
    rowid=False,
)

conversations = table(
    "conversations",
    serial(),
    actor("owner_id"),
    big("root_id", null=False),
    big("last_id", null=False, index=True),
    flag("unread"),
    UniqueConstraint("owner_id", "root_id"),
    Index("ix_conversations_owner", "owner_id", "last_id"),
)

push_subscriptions = table(
    "push_subscriptions",
    serial(),
    big("token_id", ForeignKey("tokens.id"), null=False, unique=True),
    actor(index=True),
    string("endpoint", null=False),
    string("p256dh", null=False),
    string("auth", null=False),
    flag("standard"),
    string("alerts", null=False),  # JSON: kind -> bool
    string("policy", null=False, server_default="all"),  # all, followed, follower, none
    big("created", null=False),
)

# --- announcements ------------------------------------------------------------------------------------------------------

announcements = table(
    "announcements",
    identifier(),
    string("texts", null=False),  # JSON language -> words
    big("until"),
    big("published", null=False),
    big("withdrawn"),
)

announcement_reads = table(
    "announcement_reads",
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    big("announcement_id", ForeignKey("announcements.id"), null=False, primary_key=True, autoincrement=False),
    rowid=False,
)

announcement_reactions = table(
    "announcement_reactions",
    big("announcement_id", ForeignKey("announcements.id"), null=False, primary_key=True, autoincrement=False),
    big("actor_id", ForeignKey("actors.id"), null=False, primary_key=True, autoincrement=False),
    string("name", primary_key=True),
    rowid=False,
)

# --- lists as timelines, and what is to be posted later -------------------------------------------------------------------

list_entries = table(
    "list_entries",
    big("list_id", ForeignKey("lists.id"), null=False, primary_key=True, autoincrement=False),
    big("object_id", null=False, primary_key=True, autoincrement=False),
    Index("ix_list_entries_object", "object_id"),
    rowid=False,
)

scheduled = table(
    "scheduled",
    identifier(),
    actor(),
    big("login_id", ForeignKey("logins.id"), null=False),
    big("run_at", null=False),
    string("params", null=False),  # JSON: what the client asked
    big("created", null=False),
    Index("ix_scheduled_actor", "actor_id", "run_at"),
)

__all__ = ["metadata", "tables"]
