"""Write a post or a reply, and change one's own: the form with its readers in words, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from quart import Response, request

from fedi_community.domain import uploads
from fedi_community.domain.changes import decide_edit
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Body, Kind
from fedi_community.domain.posts import Compose, compose_needs, decide_compose
from fedi_community.domain.preview import Told
from fedi_community.domain.text import plain
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Problem, Refusal, not_found
from fedi_community.foreseen import foresee
from fedi_community.perform import Change, perform
from fedi_community.storage import views
from fedi_community.storage.database import Tx
from fedi_community.web import audience, compose, forms
from fedi_community.web.compose import Choice
from fedi_community.web.forms import Written, written
from fedi_community.web.pages.acts import own_post
from fedi_community.web.pages.reading import find_group
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render, to_log_in
from fedi_community.web.show import Around, around


@dataclass(frozen=True, slots=True)
class Place:
    """What is written to: the answered post, the chosen group, or neither."""

    me: ActorView
    parent: PostView | None = None
    group: ActorView | None = None
    circle: tuple[int, ...] | None = None
    around: Around = field(default_factory=Around)


async def _place(tx: Tx, asked: Ask, item: Written) -> Place:
    """Raises the one 404 for a post or group that the reader may not see."""
    me = (await views.load_actors(tx, [asked.viewer_id]))[asked.viewer_id]
    if item.reply_to:
        found = await views.load_posts(tx, asked.viewer, [object_id_of(item.reply_to)])
        if not found:
            raise not_found()
        return Place(me, found[0], around=await around(tx, asked.viewer, found))
    handle = item.to.removeprefix("group:") if item.to.startswith("group:") else item.group
    circle = await compose.circle_of(tx, me.id, item.to) if item.to.startswith("circle:") else None
    return Place(me, None, await find_group(tx, asked.viewer, handle) if handle else None, circle)


async def _choices(tx: Tx, asked: Ask, place: Place, group: ActorView | None) -> list[Choice] | Refusal:
    if place.parent is not None:
        return await compose.reply_choices(tx, asked.house, asked.t, place.me, place.parent, more=True)
    return await compose.post_choices(tx, asked.house, asked.t, place.me, group)


# --- the form ---------------------------------------------------------------------------------------------------------


async def write_form(asked: Ask) -> Response:
    """A new post, a reply (`?reply_to=ID`), a post in a group (`?group=HANDLE`), or a change (`?edit=ID`)."""
    if asked.speaker is None:
        return to_log_in(asked, asked.here())
    args = request.args
    if args.get("edit"):
        return await _edit_form(asked, args["edit"])
    item = Written(
        language=asked.t.language,
        reply_to=args.get("reply_to", "")[:20],
        group=args.get("group", "")[:60],
        to=args.get("to", "")[:100],
    )
    return await _form(asked, item)


async def _form(
    asked: Ask,
    item: Written,
    problem: tuple[str, str] | None = None,
    checked: Choice | None = None,
    status: int = 200,
    told: Told | None = None,
) -> Response:
    """The form as far as it is filled in. problem: (field, words). checked: the readers that were chosen in truth. told: who
    could read it, which was asked for."""

    async def unit(tx: Tx) -> tuple[Place, list[Choice] | Refusal]:
        place = await _place(tx, asked, item)
        fixed = place.group if item.group else None
        return place, await _choices(tx, asked, place, fixed)

    place, choices = await asked.house.db.read(unit)
    if isinstance(choices, Refusal):
        raise Problem.of(choices)
    if checked is not None:
        known = {choice.to for choice in choices}
        choices = [checked if choice.to == checked.to else choice for choice in choices]
        choices += [checked] if checked.to not in known else []
    # A reply goes where the discussion is, unless the author says otherwise; a new post is never wide by itself.
    to = item.to or (choices[0].to if place.parent or len(choices) == 1 else "")
    title = "write.title_reply" if place.parent else "write.title"
    return render(
        asked, "write.html", status, show=asked.show(place.around), cache=False, title=asked.t(title), item=item,
        choices=choices, to=to, parent=place.parent, problem=problem, limit=forms.MAX_TEXT, confirm=checked is not None, told=told,
        submit=asked.t("write.submit_reply" if place.parent else "write.submit"),
    )  # fmt: skip


# --- sending ----------------------------------------------------------------------------------------------------------


async def write(asked: Ask) -> Response:
    """Publish, or ask again with everything kept."""
    if asked.speaker is None:
        form = await request.form
        return render(asked, "lost.html", 403, cache=False, path="/write", text=form.get("text", ""))
    item = written(await form_of(asked))
    if item.edit:
        return await _save_edit(asked, item)
    wrong = forms.problem(item)
    if wrong:
        words = asked.t(wrong[1], count=forms.MAX_TEXT) if wrong[1] == "write.too_long" else asked.t(wrong[1])
        return await _form(asked, item, (wrong[0], words), status=422)
    return await _publish(asked, item)


async def _foreseen(asked: Ask, item: Written, place: Place, wanted: Compose) -> Response:
    """The same form again, with who could read it; nothing is published."""
    found = await foresee(
        asked.house, wanted, lambda facts: decide_compose(wanted, facts), "es" if asked.t.language == "es" else "en",
        listed_only=asked.site.settings.federation == "listed",
    )  # fmt: skip
    if isinstance(found, Refusal):
        return await _refused(asked, item, place, wanted, found)
    return await _form(asked, item, told=found.told)


async def _publish(asked: Ask, item: Written) -> Response:
    house = asked.house
    mentions = compose.mentions_of(item.text, house.host)
    place, known = await house.db.read(lambda tx: _gather(tx, asked, item, mentions))
    wanted = _asked(item, place, compose.body_of(item, house.host, house.base_url, known), mentions)
    if wanted is None:
        return await _form(asked, item, ("to", asked.t("write.no_choice")), status=422)
    if (await request.form).get("foresee"):
        return await _foreseen(asked, item, place, wanted)
    decided = await perform(
        house, Change(compose_needs(wanted), compose.guarded(item, wanted, bool(mentions)))
    )
    if isinstance(decided, Refusal):
        return await _refused(asked, item, place, wanted, decided)
    said = "waits" if decided.verdict == "held" else "replied" if item.reply_to else "posted"
    return go(asked, asked.href(f"/objects/{decided.result}"), said)


async def _gather(
    tx: Tx, asked: Ask, item: Written, mentions: tuple[tuple[str, str], ...]
) -> tuple[Place, dict[tuple[str, str], tuple[int, str]]]:
    return await _place(tx, asked, item), await compose.links(tx, asked.house, mentions)


def _asked(item: Written, place: Place, body: Body, mentions: tuple[tuple[str, str], ...]) -> Compose | None:
    """The request in the decision's words; None for a choice there is not."""
    me, parent = place.me.id, place.parent
    if parent is not None:
        if item.to == "author":
            return Compose(me, body, "direct", mentions=mentions, reply_to=parent.id)
        if item.to != "thread":
            return None
        reply = compose.thread_reply(me, parent, body)
        return replace(reply, mentions=tuple(dict.fromkeys((*reply.mentions, *mentions))))
    if item.to.startswith("group:") and place.group is not None:
        return Compose(me, body, "public", mentions=mentions, group_id=place.group.id)
    if item.to.startswith("circle:"):
        return None if place.circle is None else Compose(me, body, "direct", circle=place.circle)
    visibility = compose.VISIBILITY.get(item.to)
    return None if visibility is None else Compose(me, body, visibility, mentions=mentions)


async def _refused(asked: Ask, item: Written, place: Place, wanted: Compose, refusal: Refusal) -> Response:
    """Ask again. Where the readers are others than shown, the true ones stand in the form now."""
    if refusal.status == 404:
        raise Problem.of(refusal)
    if refusal.reason in ("check_audience", "check_mentions"):
        checked = await asked.house.db.read(lambda tx: _true_choice(tx, asked, item, place, wanted))
        words = asked.t(f"write.{refusal.reason}")
        told = refusal.reason == "check_mentions" or bool(wanted.mentions)
        if told and refusal.reason == "check_audience" and checked is not None:
            words += " " + asked.t("write.check_mentions")
        return await _form(asked, replace(item, told=told), ("to", words), checked, 422)
    key = "write.nobody_named" if refusal.reason == "nobody_named" else ""
    words = asked.t(key) if key else asked.t.refused(refusal.reason, refusal.safe)
    return await _form(asked, item, ("text", words), status=422)


async def _true_choice(tx: Tx, asked: Ask, item: Written, place: Place, wanted: Compose) -> Choice | None:
    found = await compose.dry(tx, asked.house, wanted)
    if isinstance(found, Refusal):
        return None
    actors = await views.load_actors(tx, audience.owners(found.audience, found.gate))
    group = place.group or (place.parent.group if place.parent else None)
    readers = audience.Readers(found.audience, found.gate, place.me, place.me.id, group, (), actors)
    labels = {
        "thread": asked.t("write.to.thread"),
        **{k: asked.t(f"write.to.{k}") for k in compose.VISIBILITY},
    }
    label = labels.get(item.to) or (asked.t("write.to.group", group=group.name) if group else item.to)
    return Choice(item.to, label, compose.said(asked.t, found, readers), found.token)


# --- changing ---------------------------------------------------------------------------------------------------------


async def _edit_form(asked: Ask, object_id: str) -> Response:
    post = await own_post(asked, object_id_of(object_id))
    text = post.text(asked.t.language)
    item = Written(
        text=text.source if text.source is not None and text.source_type != "text/html" else plain(text.content),
        warning=post.warning, language=text.language.split("-")[0], edit=str(post.id),
    )  # fmt: skip
    return await _edit_page(asked, post, item)


async def _edit_page(
    asked: Ask, post: PostView, item: Written, problem: tuple[str, str] | None = None, status: int = 200
) -> Response:
    if post.kind is Kind.QUESTION or not post.local:
        raise Problem(422, "not_here", asked.t("refused.not_here"))
    found = await asked.house.db.read(lambda tx: around(tx, asked.viewer, [post]))
    show = asked.show(found)
    return render(
        asked, "write.html", status, show=show, cache=False, title=asked.t("write.title_edit"), item=item, to="",
        choices=[Choice("", "", show.audience(post), "")], parent=None, told=None, problem=problem, limit=forms.MAX_TEXT,
        confirm=False, submit=asked.t("write.submit_edit"),
    )  # fmt: skip


async def _save_edit(asked: Ask, item: Written) -> Response:
    house, me = asked.house, asked.viewer_id
    post = await own_post(asked, object_id_of(item.edit))
    if post.kind is Kind.QUESTION or not post.local:
        raise Problem(422, "not_here", asked.t("refused.not_here"))
    wrong = forms.problem(item)
    if wrong:
        words = asked.t(wrong[1], count=forms.MAX_TEXT) if wrong[1] == "write.too_long" else asked.t(wrong[1])
        return await _edit_page(asked, post, item, (wrong[0], words), 422)
    mentions = compose.mentions_of(item.text, house.host)
    known = await house.db.read(lambda tx: compose.links(tx, house, mentions))
    new = compose.body_of(item, house.host, house.base_url, known)
    body = compose.edited_body(post, item, new, tuple(found[0] for found in known.values()))
    needs = Needs(
        post_ids=frozenset({post.id}), actor_ids=frozenset({me}), subjects=frozenset({me}),
        uploads=uploads.attached_ids(body.attachments), boosts=True,
    )  # fmt: skip

    def decide(facts: Facts) -> Decision | Refusal:
        return decide_edit(post.id, me, body, facts)

    decided = await perform(house, Change(needs, decide))
    if isinstance(decided, Refusal):
        raise Problem.of(decided)
    return go(asked, asked.href(f"/objects/{post.id}"), "edited")
