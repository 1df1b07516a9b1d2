"""What happened for whoever is logged in: answers, followers, what groups and the server did."""

from __future__ import annotations

from quart import Response

from fedi_community.web.news import news_page
from fedi_community.web.pages.site import Ask, before, render, to_log_in

PATH = "/news"


async def listed(asked: Ask) -> Response:
    """The newest first, some on each page."""
    if asked.speaker is None:
        return to_log_in(asked, asked.href(PATH))
    viewer, start = asked.viewer, before()
    found = await asked.house.db.read(lambda tx: news_page(tx, viewer, asked.now, start))
    return render(
        asked, "news.html", cache=False, path=PATH, news=found.news, older=found.last, start=start
    )  # fmt: skip
