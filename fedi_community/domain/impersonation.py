"""Names that claim to be who runs this server: refused here, held from afar. Pure.

Names are compared by their *skeleton*: what the eye reads of them. Letters that look alike (of other alphabets too), accents, case,
width, spaces, dots and signs that are not seen make no difference. It is a fence, not a wall: staff hear of what it catches, and
reports catch the rest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import orjson

from fedi_community.domain.client_effects import NotifyStaff
from fedi_community.domain.effects import Decision, Effect, File, LearnActor
from fedi_community.domain.facts import Facts
from fedi_community.domain.text import plain
from fedi_community.errors import Refusal

CLAIMS: Final = Refusal(
    "claims_a_name", 422, "This name is kept for those who run this server. Please choose another one."
)
MARKED: Final = Refusal(
    "claims_a_badge",
    422,
    "Signs and words that look like a badge are kept for badges, which staff give. Please leave them out.",
)
SHORTEST: Final = 4
"""A protected name with fewer letters is compared with whole words, since it stands inside many others."""
MARKS: Final = frozenset("✓✔☑✅🗸🗹☒✗✘🛡🏅🎖⚕")
_LIKE: Final = str.maketrans(
    "аɑαсϲԁеёεоοօσрρѕһніıӏιɩјкκмтτυսνѵωԝхχуүγᴢпηвβ0135847@$|!ɡց9ʟɴʀᴀᴄᴇᴏɪʏᴍ",
    "aaaccdeeeooooppshhllllljkkmttuuvvwwxxyyyznnbbolesbatasllggglnraceolym",
)
_CAPITALS: Final = str.maketrans(
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧАВЕКМНОРСТУХІЅЈԀԜ",
    "abezhikmnoptyxabekmhopctyxisjdw",
)
"""Capitals that look Latin while their small letters do not: they are read before case is folded."""
_SAYS: Final = re.compile(r"\b(says|dice)\b\W*$")


def skeleton(text: str) -> str:
    """What the eye reads: small Latin letters without accents, spaces and signs."""
    folded = unicodedata.normalize("NFKC", text).translate(_CAPITALS).casefold().translate(_LIKE)
    bare = unicodedata.normalize("NFD", folded).translate(_LIKE)
    letters = "".join(c for c in bare if c.isalnum()).translate(_LIKE)
    return letters.replace("rn", "m").replace("vv", "w").replace("i", "l")


def skeletons(names: Iterable[str]) -> frozenset[str]:
    """The protected names as they are compared."""
    return frozenset(made for name in names if (made := skeleton(name)))


def claims(text: str, protected: frozenset[str]) -> bool:
    """The text reads as one of the protected names, or holds it."""
    if not protected or not text:
        return False
    whole = skeleton(text)
    words = {skeleton(one) for one in re.split(r"[\s._\-/|,;:()\[\]]+", unicodedata.normalize("NFKC", text))}
    return any(one == whole or one in words or (len(one) >= SHORTEST and one in whole) for one in protected)


def _looks_like_badge(text: str) -> bool:
    return any(c in MARKS for c in text)


def refused_name(name: str, facts: Facts) -> Refusal | None:
    """Why a member may not be called so."""
    if _looks_like_badge(name):
        return MARKED
    return CLAIMS if claims(name, facts.protected) else None


def refused_fields(fields: Iterable[tuple[str, str]], facts: Facts) -> Refusal | None:
    """Why a member may not say so in his profile. A link to a protected name's site is no claim."""
    for name, value in fields:
        if _looks_like_badge(name) or _looks_like_badge(value) or _SAYS.search(name.casefold().strip()):
            return MARKED
        linked = value.strip().startswith(("https://", "http://"))
        if claims(name, facts.protected) or (not linked and claims(value, facts.protected)):
            return CLAIMS
    return None


def judged(learned: LearnActor, facts: Facts) -> Decision:
    """What another server says of an actor: a name that claims is kept aside, and fields that do are left out. Staff are told
    once. The actor is shown by its handle until they allow the name."""
    columns = dict(learned.columns)
    told: tuple[Effect, ...] = ()
    if claims(columns["name"], facts.protected):
        columns |= {"held_name": columns["name"], "name": ""}
        told = _told(learned, facts)
    fields = orjson.loads(columns["fields"])
    kept = [f for f in fields if not _field_claims(f, facts)]
    if len(kept) != len(fields):
        columns["fields"] = orjson.dumps(kept).decode()
    return Decision((replace(learned, columns=columns), *told), learned.id, "learned")


def _field_claims(field: dict[str, str], facts: Facts) -> bool:
    name, value = field.get("name", ""), plain(field.get("value", ""))
    linked = value.strip().startswith(("https://", "http://"))
    return claims(name, facts.protected) or (not linked and claims(value, facts.protected))


def _told(learned: LearnActor, facts: Facts) -> tuple[Effect, ...]:
    """A report of it lies among those that staff work on; the address keeps it from coming twice."""
    report_id = facts.new_ids[-1]
    comment = "The name of this account claims to be who runs this server. It is shown by its handle."
    about = f"{learned.uri}#held-name"
    filed = File(report_id, None, learned.id, (), comment, facts.now, uri=about, category="impersonation")
    return (filed, NotifyStaff("admin.report", learned.id, f"held-name-{learned.id}", facts.now))
