"""What waits for those who look after the groups of the sample community: people who ask to join, posts that are held, saved
answers, reports. So the pages of staff and mentors show what their day looks like."""

from __future__ import annotations

from collections.abc import Mapping

from fedi_community.cli.common import must
from fedi_community.demo.model import Answer, Demo, HeldPost, Hold, Report
from fedi_community.domain import holds, joining, posts, reports
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Body, Holds, Text
from fedi_community.domain.moderation import desk
from fedi_community.domain.text import hashtags_in, markdown_to_html
from fedi_community.errors import Refusal
from fedi_community.perform import Change, House


async def fill_desks(house: House, sample: Demo, actors: Mapping[str, int], known: Mapping[str, int]) -> None:
    """actors: handle -> actor id. known: a sample post's id -> the id it has here."""
    runs = {group: actors[p.handle] for p in sample.people for group in p.staff_of if p.role == "staff"}
    waiting = sample.waiting

    for hold in waiting.holds:
        await _hold(house, hold, actors[hold.group], runs[hold.group])
    for answer in waiting.answers:
        await _answer(house, answer, actors[answer.group], runs[answer.group])
    for ask in waiting.asks:
        await _ask(house, actors[ask.by], actors[ask.group])
    for post in waiting.posts:
        await _write(house, post, actors)
    for report in waiting.reports:
        await _report(house, report, sample, actors, known)


async def _hold(house: House, hold: Hold, group: int, staff: int) -> None:
    wanted = Holds(hold.words, hold.links, hold.phones)
    needs = desk.group_needs(group, staff)
    await must(house, Change(needs, lambda facts: holds.decide_holds(group, staff, None, wanted, facts), 1))


async def _answer(house: House, answer: Answer, group: int, staff: int) -> None:
    texts = {"en": answer.texts.en, "es": answer.texts.es}

    def decide(facts: Facts) -> Decision | Refusal:
        return desk.decide_save(group, staff, None, answer.name, texts, facts)

    await must(house, Change(desk.group_needs(group, staff), decide, 1))


async def _ask(house: House, actor: int, group: int) -> None:
    needs = Needs(actor_ids=frozenset({actor, group}), subjects=frozenset({actor}))
    await must(house, Change(needs, lambda facts: joining.decide_join(actor, group, "", facts), 2))


async def _write(house: House, post: HeldPost, actors: Mapping[str, int]) -> None:
    body = body_of(post.text, post.language, None)
    asked = posts.Compose(actors[post.by], body, "public", group_id=actors[post.group])
    await must(house, Change(posts.compose_needs(asked), lambda facts: posts.decide_compose(asked, facts), 4))


async def _report(
    house: House, report: Report, sample: Demo, actors: Mapping[str, int], known: Mapping[str, int]
) -> None:
    author = next(p.by for d in sample.discussions for p in d.posts if p.id == report.post)
    by, about, post = actors[report.by], actors[author], known[report.post]
    asked = reports.NewReport(by, about, (post,), report.comment, report.category, language=report.language)
    needs = Needs(actor_ids=frozenset({by, about}), post_ids=frozenset({post}), subjects=frozenset({by}))
    await must(house, Change(needs, lambda facts: reports.decide_report(asked, facts), 2))


def body_of(words: str, language: str, warning: str | None) -> Body:
    """A sample post's body, marked as one."""
    text = Text(language, markdown_to_html(words), source=words, source_type="text/markdown")
    tags = tuple(dict.fromkeys(tag.lower() for tag in hashtags_in(words)))
    return Body((text,), language, bool(warning), warning or "", hashtags=tags, extra={"sample": True})
