"""What was done on this server, for admins; to everybody else there is no such page. Who is behind a name is never in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from quart import Response, request

from fedi_community.storage import audit_shown, views
from fedi_community.storage.audit import Wanted
from fedi_community.storage.audit_shown import Page
from fedi_community.storage.database import Tx
from fedi_community.web.pages.hosts import admin
from fedi_community.web.pages.site import Ask, before, render

LINES: Final = 50


async def log(asked: Ask) -> Response:
    """The newest first; `by`, `group` (handles), `action`, `since`, `until` (days) choose, `before` a line leads on."""
    admin(asked)
    typed = {
        name: request.args.get(name, "").strip()[:100] for name in ("by", "group", "action", "since", "until")
    }
    bound = before()

    async def unit(tx: Tx) -> Page | None:
        ids = {}
        for name in ("by", "group"):
            handle = typed[name].removeprefix("@").lower()
            found = await views.actor_by_handle(tx, handle) if handle else None
            hides = (
                found is not None
                and found.is_group
                and not await views.findable(tx, asked.viewer, [found.id])
            )
            if handle and (found is None or hides):
                return None
            ids[name] = found.id if found else 0
        wanted = Wanted(
            typed["action"], ids["by"], ids["group"], _day(typed["since"]), _day(typed["until"], 1)
        )
        return await audit_shown.page(tx, asked.viewer, wanted, bound, None, LINES)

    page = await asked.house.db.read(unit)
    return render(
        asked, "audit.html", cache=False, page=page, typed=typed, what=_what(asked), path="/moderation/log",
        chosen={name: value for name, value in typed.items() if value},
    )  # fmt: skip


def _day(text: str, after: int = 0) -> int:
    """Milliseconds UTC of a day's beginning, or of the day `after` it; 0 for what is none."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return 0
    return max(0, int((day + timedelta(days=after)).timestamp() * 1000))


def _what(asked: Ask) -> Callable[[str], str]:
    def words(action: str) -> str:
        for key in (f"audit.{action}", f"log.{action}"):
            try:
                return asked.t(key)
            except KeyError:
                continue
        return asked.t("log.other", action=action.replace("_", " "))

    return words
