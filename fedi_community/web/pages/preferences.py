"""What one chooses for oneself: whether other servers hear whom one thanks. For whoever is logged in."""

from __future__ import annotations

from quart import Response

from fedi_community.domain import profiles
from fedi_community.domain.effects import Decision
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.relations import VOTES_SETTING, tells_votes
from fedi_community.errors import Refusal
from fedi_community.perform import Change, perform_or_raise
from fedi_community.web.pages.site import Ask, form_of, go, render, to_log_in

PATH = "/preferences"


async def shown(asked: Ask) -> Response:
    """The choices as they are."""
    if asked.speaker is None:
        return to_log_in(asked, asked.href(PATH))
    votes = tells_votes(asked.speaker.settings)
    return render(asked, "preferences.html", cache=False, path=PATH, votes=votes)


async def save(asked: Ask) -> Response:
    """Choose: `votes` is 1 or 0."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    wanted = profiles.Profile(settings={**speaker.settings, VOTES_SETTING: form.get("votes") == "1"})

    def decide(facts: Facts) -> Decision | Refusal:
        return profiles.decide_profile(speaker.actor_id, speaker.login_id, wanted, facts, staff=speaker.staff)

    people = frozenset({speaker.actor_id})
    await perform_or_raise(asked.house, Change(Needs(actor_ids=people, subjects=people), decide, 1))
    return go(asked, asked.href(PATH), "preferences_saved")
