"""Other names one writes under: which there are, making one, choosing the one to write as, ending one.

The page is for the human in front of it, under whichever of his names he is logged in; nobody else is ever shown it.
"""

from __future__ import annotations

from quart import Response

from fedi_community import auth
from fedi_community.auth import names
from fedi_community.domain import personas
from fedi_community.domain.views import ActorView, PostView
from fedi_community.errors import Refusal, not_found
from fedi_community.storage import moderation, views
from fedi_community.storage import personas as rows
from fedi_community.storage.database import Tx
from fedi_community.web.pages.account import set_cookie
from fedi_community.web.pages.reading import groups_for
from fedi_community.web.pages.site import Ask, form_of, go, object_id_of, render, to_log_in

PATH = "/names"


async def _own(asked: Ask) -> list[rows.Name]:
    login = asked.must_speak().login_id
    return await asked.house.db.read(lambda tx: rows.names(tx, login))


async def listed(asked: Ask) -> Response:
    """What one's names are, what they protect from and what not, and the form for another."""
    return to_log_in(asked, asked.href(PATH)) if asked.speaker is None else await _page(asked)


async def _page(
    asked: Ask, message: str = "", name: str = "", handle: str = "", group: str = "", status: int = 200
) -> Response:
    found, viewer = await _own(asked), asked.viewer

    async def unit(tx: Tx) -> list[ActorView]:
        return [one for one in await groups_for(tx, viewer, asked.t.language) if one.local]

    groups = await asked.house.db.read(unit)
    full = sum(one.role == "persona" for one in found) >= personas.MAX_PERSONAS
    return render(
        asked, "names.html", status, cache=False, path=PATH, names=found, groups=groups, full=full, limit=personas.MAX_PERSONAS,
        message=message, name=name, handle=handle, group=group,
    )  # fmt: skip


async def make(asked: Ask) -> Response:
    """Another name."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    name, handle, group = form.get("name", ""), form.get("handle", ""), form.get("group", "")
    group_id = object_id_of(group) if group else None
    made = await names.make_persona(
        asked.house, speaker.login_id, handle[:100], name[:500], group_id, asked.t.language
    )
    if isinstance(made, Refusal):
        if made.status == 404:
            raise not_found()
        words = asked.t.refused(made.reason, made.safe)
        return await _page(asked, words, name[:500], handle[:100], group, 422)
    return go(asked, asked.href(PATH), "name_made")


async def use(asked: Ask) -> Response:
    """The session goes on under another of one's names: a new one begins, and the old one ends."""
    form = await form_of(asked)
    speaker = asked.must_speak()
    chosen = object_id_of(form.get("actor", ""))
    if chosen not in {one.id for one in await _own(asked) if one.state in ("active", "limited")}:
        raise not_found()
    secret = await auth.open_session(asked.house, speaker.login_id, chosen)
    await auth.end_session(asked.house, asked.secret)
    response = go(asked, asked.href(PATH), "name_used")
    set_cookie(asked, response, "session", secret, auth.SESSION_MS // 1000)
    return response


async def _one(asked: Ask, key: str) -> rows.Name:
    wanted = object_id_of(key)
    found = next((one for one in await _own(asked) if one.id == wanted and one.role == "persona"), None)
    if found is None:
        raise not_found()
    return found


async def end_form(asked: Ask, key: str) -> Response:
    """The question before a name ends."""
    if asked.speaker is None:
        raise not_found()
    return render(asked, "name_end.html", cache=False, path=PATH, one=await _one(asked, key))


async def end(asked: Ask, key: str) -> Response:
    """It ends. Who was writing under it writes as himself again."""
    await form_of(asked)
    speaker, one = asked.must_speak(), await _one(asked, key)
    itself = next(found.id for found in await _own(asked) if found.role == "self")
    done = await names.end_persona(asked.house, speaker.login_id, one.id)
    if isinstance(done, Refusal):
        raise not_found()
    response = go(asked, asked.href(PATH), "name_ended")
    if speaker.actor_id == one.id:
        secret = await auth.open_session(asked.house, speaker.login_id, itself)
        set_cookie(asked, response, "session", secret, auth.SESSION_MS // 1000)
    return response


async def strikes(asked: Ask, object_id: str) -> Response:
    """How often moderators had to do with a post's author, for those who look after its group."""
    key, viewer = object_id_of(object_id), asked.viewer

    async def unit(tx: Tx) -> tuple[PostView, int] | None:
        post = next(iter(await views.load_posts(tx, viewer, [key])), None)
        group = post.group if post is not None else None
        if post is None or group is None or not group.local or not viewer.id:
            return None
        if group.id not in await moderation.run_by(tx, viewer.id, [group.id]):
            return None
        until = personas.strikes_until(post.author.id, asked.now)
        return post, await rows.strikes(tx, post.author.id, until)

    found = await asked.house.db.read(unit)
    if found is None:
        raise not_found()
    post, count = found
    asked.shown.append(post)
    text = personas.strikes_text(personas.strikes_word(count), asked.t.language)
    return render(asked, "strikes.html", show=asked.show(), cache=False, post=post, text=text)
