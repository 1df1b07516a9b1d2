"""Whether sample content is whole: every reference leads somewhere, and nobody does what his group does not allow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from fedi_community.demo.model import Article, Demo, Discussion, Group, Person, Post, may


def check(demo: Demo) -> str | None:
    """The first fault in plain words, or None."""
    return next(_faults(demo), None)


def _faults(demo: Demo) -> Iterator[str]:
    groups = {group.handle: group for group in demo.groups}
    people = {person.handle: person for person in demo.people}
    articles = {article.id: article for article in demo.articles}
    yield from _repeated("handle", (*(g.handle for g in demo.groups), *(p.handle for p in demo.people)))
    yield from _repeated("article", (a.id for a in demo.articles))
    yield from _repeated("discussion", (d.id for d in demo.discussions))
    yield from _repeated("post", (p.id for d in demo.discussions for p in d.posts))
    for person in demo.people:
        yield from (f"{person.handle}: no group {name}" for name in person.member_of if name not in groups)
    for article in demo.articles:
        yield from _article_faults(article, groups, people)
    for discussion in demo.discussions:
        if discussion.group not in groups:
            yield f"{discussion.id}: no group {discussion.group}"
        elif discussion.article and discussion.article not in articles:
            yield f"{discussion.id}: no article {discussion.article}"
        else:
            about = articles[discussion.article] if discussion.article else None
            yield from _discussion_faults(discussion, groups[discussion.group], people, about)

    yield from _waiting_faults(demo, groups, people)


def _waiting_faults(demo: Demo, groups: dict[str, Group], people: dict[str, Person]) -> Iterator[str]:
    """What waits is by people, in groups and about posts that are there."""
    waiting = demo.waiting
    posts = {post.id: post for d in demo.discussions for post in d.posts}
    named = {*(a.group for a in waiting.asks), *(h.group for h in waiting.holds)}
    named |= {*(a.group for a in waiting.answers), *(p.group for p in waiting.posts)}
    yield from (f"what waits: no group {name}" for name in sorted(named - groups.keys()))
    spoke = {*(a.by for a in waiting.asks), *(p.by for p in waiting.posts), *(r.by for r in waiting.reports)}
    yield from (f"what waits: no person {name}" for name in sorted(spoke - people.keys()))
    for report in waiting.reports:
        if report.post not in posts or posts[report.post].by == report.by:
            yield f"what waits: {report.by} cannot report {report.post}"


def _repeated(what: str, names: Iterable[str]) -> Iterator[str]:
    yield from (f"{what} {name} is there twice" for name, times in Counter(names).items() if times > 1)


def _article_faults(article: Article, groups: dict[str, Group], people: dict[str, Person]) -> Iterator[str]:
    if article.group not in groups:
        yield f"{article.id}: no group {article.group}"
    if article.author not in people:
        yield f"{article.id}: no author {article.author}"
    if not article.versions:
        yield f"{article.id}: no text in any language"
    if article.image and not article.image.path.is_file():
        yield f"{article.id}: no image {article.image.path.name}"


def _discussion_faults(
    discussion: Discussion, group: Group, people: dict[str, Person], article: Article | None
) -> Iterator[str]:
    if article and article.group != group.handle:
        yield f"{discussion.id}: its article is in another group"
    earlier: dict[str, Post] = {}
    for post in discussion.posts:
        author = people.get(post.by)
        parent_days = article.days_ago if article else float("inf")
        root = not article and not earlier
        if post.reply_to is not None:
            parent = earlier.get(post.reply_to)
            parent_days = parent.days_ago if parent else -1.0
        elif not article and earlier:
            yield f"{post.id}: a second root"
        if author is None:
            yield f"{post.id}: no person {post.by}"
        elif not may(group, author, group.posts if root else group.replies):
            yield f"{post.id}: {post.by} may not write in {group.handle}"
        if post.days_ago > parent_days:
            yield f"{post.id}: it answers nothing that was there before"
        if (post.edited_text is None) != (post.edited_days_ago is None) or (
            post.edited_days_ago is not None and post.edited_days_ago > post.days_ago
        ):
            yield f"{post.id}: an edit needs a text and a later time"
        for handle in post.likes:
            if handle not in people or not may(group, people[handle], group.reads):
                yield f"{post.id}: {handle} cannot like what is not shown to him"
        earlier[post.id] = post
