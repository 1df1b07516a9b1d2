"""The desk: what waits to be answered, a report with its sealed copy, and what can be done. For server staff, and in a group for
those who answer its reports; to everybody else these pages do not exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from quart import Response

from fedi_community import cases
from fedi_community.domain import account_measures
from fedi_community.domain.reports import Helper
from fedi_community.domain.views import ActorView
from fedi_community.errors import not_found
from fedi_community.media.store import open_store
from fedi_community.storage import measures, moderation, reports, views
from fedi_community.storage.database import Tx
from fedi_community.web.pages.reading import find_group
from fedi_community.web.pages.site import Ask, dressed, form_of, go, object_id_of, render

LENGTHS: Final = {"day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400}
MEASURES: Final = {
    "warn": "none", "sensitive": "sensitive", "silence": "silence", "suspend": "suspend",
    **{undo: undo for undo in ("unsensitive", "unsilence", "unsuspend")},
}  # fmt: skip
NEED_WORDS: Final = ("warn", "warn_here", "silence", "suspend")
"""What nobody is done without being told why."""


def helper(asked: Ask) -> Helper:
    """Who sits here; raises the one 404 for a stranger."""
    if asked.speaker is None:
        raise not_found()
    return asked.speaker.helper


async def queue(asked: Ask) -> Response:
    """All that waits, for server staff."""
    if not helper(asked).staff:
        raise not_found()
    return await _queue(asked, 0, "/moderation")


async def group_queue(asked: Ask, handle: str) -> Response:
    """What waits in a group."""
    who = helper(asked)

    async def unit(tx: Tx) -> int:
        group = await find_group(tx, asked.viewer, handle)
        if group.id not in await reports.answers(tx, who.actor_id, [group.id]):
            raise not_found()
        return group.id

    return await _queue(asked, await asked.house.db.read(unit), f"/groups/{handle.lower()}/reports")


async def _queue(asked: Ask, group_id: int, path: str) -> Response:
    who = helper(asked)

    async def unit(
        tx: Tx,
    ) -> tuple[list[moderation.ReportRow], int, list[measures.Taken], dict[int, ActorView]]:
        rows, count = await reports.queue(tx, group_id, who.login_id)
        powers = await reports.powers_in(tx, who.actor_id, group_id)
        appeals = await measures.appeals(tx, group_id, who.login_id, powers)
        people = {row.target_id for row in rows} | {one.target_id for one in appeals}
        return rows, count, appeals, await views.load_actors(tx, people)

    rows, count, appeals, people = await asked.house.db.read(unit)
    return render(
        asked, "moderation.html", cache=False, rows=rows, more=count - len(rows), appeals=appeals, people=people,
        action=asked.href(path), login=who.login_id,
    )  # fmt: skip


async def decide(asked: Ask) -> Response:
    form = await form_of(asked)
    await cases.answer_appeal(
        asked.house, helper(asked), object_id_of(form.get("appeal", "")), form.get("grant") == "1"
    )
    return go(asked, asked.href("/moderation"), "case_done")


async def decide_in_group(asked: Ask, handle: str) -> Response:
    form = await form_of(asked)
    asked.must_speak()
    group = await asked.house.db.read(lambda tx: find_group(tx, asked.viewer, handle))
    await cases.answer_appeal(
        asked.house, helper(asked), object_id_of(form.get("appeal", "")), form.get("grant") == "1", group.id
    )
    return go(asked, asked.href(f"/groups/{group.handle}/reports"), "case_done")


async def case(asked: Ask, report_id: str) -> Response:
    """One report; that it was read is written down."""
    return await _case(asked, report_id)


async def _case(asked: Ask, report_id: str, problem: str = "", **typed: str) -> Response:
    """problem: what the pressed button lacks (text, sure); typed: what its form held, which is given back."""
    opened = await cases.open_report(asked.house, helper(asked), object_id_of(report_id))
    row = opened.row

    about = await cases.account_notes(asked.house, helper(asked), row.target_id) if opened.by_role else []
    ids = {row.target_id, *(n.by for n in (*opened.notes, *about))} | (
        {row.assigned_to} if row.assigned_to else set()
    )
    ids |= {row.reporter_id} if opened.by_role and row.reporter_id else set()
    people = await asked.house.db.read(lambda tx: views.load_actors(tx, ids))
    path = f"/reports/{row.id}"
    return render(
        asked, "case.html", 422 if problem else 200, cache=False, path=path, row=row, opened=opened, about=about, people=people,
        measures=(*account_measures.MEASURES, *account_measures.LIFTED), copies=row.copy.get("posts", {}),
        action=asked.href(path), problem=problem, typed={"do": "", "text": "", "for": "week", "sure": "", **typed},
    )  # fmt: skip


async def act(asked: Ask, report_id: str) -> Response:
    """What the pressed button says (`do`)."""
    form = await form_of(asked)
    asked.must_speak()
    who, key, do = helper(asked), object_id_of(report_id), form.get("do", "")
    lacks = _lacks(do, form)
    if lacks:
        kept = {name: form.get(name, "") for name in ("do", "text", "for", "sure")}
        return await _case(asked, report_id, lacks, **kept)
    if do == "note":
        await cases.note(asked.house, who, form.get("text", ""), report_id=key)
    elif do == "note_account" and who.staff:
        opened = await cases.open_report(asked.house, who, key)
        await cases.note_account(asked.house, who, opened.row.target_id, form.get("text", ""))
    elif do in ("take", "hand_back", "close", "reopen"):
        await cases.step(asked.house, who, key, do, outcome=form.get("outcome", "").strip())  # type: ignore[arg-type]
    elif do in ("remove", "restore", "warn_here", "ban", "unban"):
        await cases.act(
            asked.house, who, key, do.removesuffix("_here"), post_id=object_id_of(form["post"]) if form.get("post") else 0,
            text=form.get("text", ""), seconds=LENGTHS.get(form.get("for", "")),
        )  # fmt: skip
    elif do in MEASURES and who.staff:
        await _measure(asked, who, key, MEASURES[do], form.get("text", ""), LENGTHS.get(form.get("for", "")))
    else:
        raise not_found()
    return go(asked, asked.href(f"/reports/{key}"), "case_done")


def _lacks(do: str, form: Mapping[str, str]) -> str:
    """What the form of a button is not sent without: words for the member, and a second look before an account is closed."""
    if do in NEED_WORDS and not form.get("text", "").strip():
        return "text"
    return "sure" if do == "suspend" and form.get("sure") != "1" else ""


async def _measure(
    asked: Ask, who: Helper, report_id: int, action: str, text: str, seconds: int | None
) -> None:
    opened = await cases.open_report(asked.house, who, report_id)
    if action not in ("sensitive", "silence", "suspend"):
        seconds = None  # the form has one length for all its buttons; a warning has none
    await cases.measure(
        asked.house, asked.site.settings.keys_dir, opened.row.target_id, action, who, text=text, mail=True, seconds=seconds,
        report_id=report_id,
    )  # fmt: skip


async def picture(asked: Ask, report_id: str, position: str) -> Response:
    """A file of the sealed copy, for who answers the report; that it was read is written down."""
    place = int(position) if position.isascii() and position.isdigit() and len(position) < 4 else -1
    file = await cases.open_file(asked.house, helper(asked), object_id_of(report_id), place)
    settings = asked.site.settings
    store = open_store(settings.media_url, settings.data_dir / "media")
    name = file.url.rsplit("/", 1)[1]
    size = await store.size(name)
    if size is None:
        raise not_found()
    response = Response(store.read(name, 0, size), content_type=file.media_type or "application/octet-stream")
    dressed(asked, response, cache=False)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Content-Length"] = str(size)
    if not file.media_type.startswith(("image/", "video/", "audio/")):
        response.headers["Content-Disposition"] = "attachment"
    return response
