"""Decide about closing an account, which its human alone does: all that he wrote goes, here and wherever it went, and all his names
end, his own at once, the others each at a time of its own. It cannot be taken back."""

from __future__ import annotations

from typing import Final

from fedi_community.domain.effects import Audit, Decision, Effect, MaySpeak, RevokeTokens, SetLogin
from fedi_community.domain.facts import Facts, Login, Needs
from fedi_community.domain.kin import departed, followed_by_names
from fedi_community.domain.personas import AS_YOURSELF
from fedi_community.errors import NOT_FOUND, Refusal

RUNS_SERVER: Final = Refusal(
    "runs_server", 403,
    "Those who run the server cannot close their account here. Another of them deletes it, after the command line suspended it.",
)  # fmt: skip
WRONG_PASSWORD: Final = Refusal("wrong_password", 422, "The password is not right.")


def close_needs(login_id: int, actor_id: int) -> Needs:
    """What `decide_close` looks at."""
    return Needs(logins=frozenset({login_id}), actor_ids=frozenset({actor_id}), humans=True)


def decide_close(login_id: int, actor_id: int, facts: Facts) -> Decision | Refusal:
    """actor_id: as whom he speaks, which must be himself; who he is was shown by his password. Needs 1 new id."""
    login, actor = facts.login_by_id.get(login_id), facts.actors.get(actor_id)
    if login is None or actor is None or login.state != "active" or actor.state == "deleted":
        return NOT_FOUND
    if login.own != actor_id:
        return AS_YOURSELF
    if login.role == "admin":
        return RUNS_SERVER
    effects: tuple[Effect, ...] = (
        Audit("account_closed", facts.now, None, login.id),
        *forgotten(login, facts),
        RevokeTokens(facts.now, login_id=login.id),
        *followed_by_names(facts, actor_id),
        *departed(facts, actor, facts.new_ids[0]),
        unbound(login, actor_id, facts),
    )
    return Decision(effects, actor_id, "closed")


def forgotten(login: Login, facts: Facts) -> tuple[Effect, ...]:
    """The address, the password and the preferences of somebody who is no more."""
    return (SetLogin(login.id, facts.now, "deleted", "", {}, email=f"{login.id}@erased.invalid"),)


def unbound(login: Login, actor_id: int, facts: Facts) -> Effect:
    """A name that has departed is nobody's any more."""
    return MaySpeak(login.id, actor_id, "self" if actor_id == login.own else "persona", False, facts.now)
