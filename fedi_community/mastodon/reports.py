"""/api/v1/reports: tell those who run the server about an account and its posts, which are kept as the reporter saw them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fedi_community.domain import reports
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.views import PostView
from fedi_community.errors import Refusal, not_found
from fedi_community.mastodon import entities
from fedi_community.mastodon.base import Call, Table, member
from fedi_community.mastodon.entities import notifications as shapes
from fedi_community.mastodon.lookup import account_of
from fedi_community.mastodon.params import Param
from fedi_community.perform import Change
from fedi_community.storage import moderation, views

table = Table("reports")
MAX_RULES: Final = 20
"""Rules that one report may name."""


def copy_of(post: PostView) -> dict[str, Any]:
    """What the reporter saw of a post, sealed with the report."""
    text = post.text()
    return {
        "content": text.content,
        "title": text.name or "",
        "spoiler_text": post.warning,
        "created_at": entities.moment(post.published),
        "visibility": post.visibility,
        "language": text.language,
        "media": [a.name for a in post.attachments],
    }


def language_of(posts: Sequence[PostView], own: str) -> str:
    """For whom a report is: those who read the language of what is reported, else that of who reports."""
    return posts[0].text().language if posts and posts[0].text().language else own


@table.post(
    "/api/v1/reports", member("write:reports"), shapes.REPORT,
    Param("account_id", "id", required=True), Param("status_ids", "ids", default=(), maximum=reports.MAX_REPORTED),
    Param("comment", default=""), Param("forward", "flag", doc="Also to the account's server, in no person's name"),
    Param("category", choices=reports.CATEGORIES, default="other"),
    Param("rule_ids", "texts", default=(), maximum=MAX_RULES),
)  # fmt: skip
async def report(call: Call) -> Any:
    """Report an account, with posts of it that one can see"""
    target = await account_of(call, call["account_id"])
    posts = await call.read(lambda tx: views.load_posts(tx, call.viewer, call["status_ids"]))
    if len(posts) < len(call["status_ids"]):
        raise not_found()
    instance = await call.read(views.instance_actor) if call["forward"] else None
    rules = tuple(call["rule_ids"] or ())
    asked = reports.NewReport(
        call.actor_id, target.id, tuple(p.id for p in posts), call["comment"] or "",
        "violation" if rules and not call.sent("category") else call["category"], rules,
        {p.id: copy_of(p) for p in posts}, instance, language_of(posts, call.who.language),
    )  # fmt: skip

    def decide(facts: Facts) -> Decision | Refusal:
        return reports.decide_report(asked, facts)

    needs = Needs(
        actor_ids=frozenset({call.actor_id, target.id}), post_ids=frozenset(asked.post_ids),
        subjects=frozenset({call.actor_id}),
    )  # fmt: skip
    made = await call.perform(Change(needs, decide, 2))
    row = await call.read(lambda tx: moderation.report(tx, made.result or 0))
    if row is None:
        raise not_found()
    return shapes.report(row, entities.account(target, call.base))
