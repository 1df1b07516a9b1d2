"""Both languages are whole, and dates and plurals are right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from fedi_community.domain.account_measures import LIFTED, MEASURES
from fedi_community.domain.model import PUBLIC, SERVER
from fedi_community.domain.moderation.acts import ACTS
from fedi_community.domain.reports import STEPS
from fedi_community.domain.views import ActorView
from fedi_community.mastodon.words import PUSHED, SPANISH
from fedi_community.storage.audit import BY_STAFF, PRIVATE
from fedi_community.web import audience
from fedi_community.web.catalogue import LANGUAGES, WORDS
from fedi_community.web.i18n import Words, preferred
from fedi_community.web.pages.site import TEMPLATES

WEB = Path(audience.__file__).parent
NOW = 1_767_607_230_000
PREFIXES = ("report.category.", "lifeline.", "warned.", "settings.", "power.", "log.", "desk.of.",
    "state.", "said.", "refused.", "reads.", "posts.", "replies.", "joins.", "write.to.", "write.check_", "language.name.",
    "aud.members.", "scope.", "signup.", "hosts.grade.", "hosts.why.", "audit.", "held.why.", "case.outcome.",
    "case.is.", "case.do.",
    "home.group_", "home.mention", "home.follow", "home.favourite", "home.moderation",
)  # fmt: skip


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    for key, texts in WORDS.items():
        assert len(texts) == len(LANGUAGES), key
        assert all(text.strip() == text and text for text in texts), key
        places = [sorted(re.findall(r"{(\w+)}", text)) for text in texts]
        assert set(places[0]) == set(places[1]), key
        assert texts[0] != texts[1], key


def test_spanish_is_spanish() -> None:
    english = re.compile(r"\b(the|and|you|your|this|with|people|group|who|write|read)\b", re.IGNORECASE)
    for key, (_, spanish) in WORDS.items():
        if key not in ("language.other",):
            assert not english.search(re.sub(r"{\w+}", "", spanish)), key


def test_every_plural_has_both_forms() -> None:
    for key in WORDS:
        if key.endswith(".one"):
            assert key.removesuffix(".one") + ".other" in WORDS


def test_every_key_that_is_used_exists_and_every_key_is_used() -> None:
    used: set[str] = set()
    counted: set[str] = set()
    for path in [*TEMPLATES.glob("*.html"), *TEMPLATES.glob("*.xml")]:
        text = path.read_text("utf-8")
        used |= set(re.findall(r"""\b(?:t|offer)\(["']([a-z_.]+)["']""", text))
        counted |= set(re.findall(r"""t\.count\(["']([a-z_.]+)["']""", text))
    for path in WEB.rglob("*.py"):
        text = path.read_text("utf-8")
        counted |= set(re.findall(r"""count\(["']([a-z_.]+)["']""", text))
        if not path.name.startswith("catalogue"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in WORDS:
                    used.add(node.value)
    counted = {f"{key}.{form}" for key in counted for form in ("one", "other")}
    used = {key for key in used if not key.endswith(".")}
    assert used <= WORDS.keys()
    assert counted <= WORDS.keys()
    templates = "".join(path.read_text("utf-8") for path in TEMPLATES.glob("*.*ml"))
    inline = {key for key in WORDS if f'"{key}"' in templates}
    spare = {key for key in WORDS.keys() - used - counted - inline if not key.startswith(PREFIXES)}
    assert spare == set()


def test_every_expected_refusal_has_words_in_both_languages() -> None:
    root = WEB.parent / "domain"
    reasons: set[str] = set()
    for name in ("posts.py", "arrivals.py", "changes.py", "relations.py"):
        reasons |= set(re.findall(r'Refusal\(\s*"([a-z_]+)",\s*4\d\d,', (root / name).read_text("utf-8")))
    reasons -= {"not_found"}
    assert {"two_groups", "locked", "may_not_post"} <= reasons
    from_peers = {
        "unknown_author", "suspended_author", "unknown_parent", "wider_than_thread", "gated_group", "wider_than_group",
        "not_public", "no_back_link",
    }  # fmt: skip
    assert reasons - from_peers <= {key.removeprefix("refused.") for key in WORDS}
    assert Words("es").refused("never_heard_of", "In English") == "Esto no es posible."
    assert Words("en").refused("never_heard_of", "In English") == "In English"


MADE: dict[tuple[str, str], tuple[str, ...]] = {
    ("activitypub/handlers/moderation.py", "f'{word}_{which}'"): (
        "add_featured", "remove_featured", "add_moderators", "remove_moderators",
    ),
    ("cases.py", "action"): (),  # of `read_noted`
    ("domain/account_measures.py", "f'account_{measure}'"): tuple(f"account_{m}" for m in (*MEASURES, *LIFTED)),
    ("domain/account_measures.py", "f'account_{word}'"): ("account_suspend", "account_unsuspend"),
    ("domain/badges.py", "word"): ("name_allowed", "name_held"),
    ("domain/held.py", "word"): ("held_published", "held_removed"),
    ("domain/hosts.py", "f'host_{new.state}'"): ("host_ok", "host_limited", "host_suspended"),
    ("domain/measures.py", "f'appeal_{state}'"): ("appeal_approved", "appeal_rejected"),
    ("domain/memberships.py", "action"): (),  # of `_logged`
    ("domain/memberships.py", "f'peer_{word}'"): ("peer_allowed", "peer_denied"),
    ("domain/memberships.py", "f'request_{word}'"): ("request_accepted", "request_refused"),
    ("domain/memberships.py", "f'{role}_removed'"): ("staff_removed", "mentor_removed"),
    ("domain/memberships.py", "word"): ("host_ok", "host_limited", "host_suspended", "host_listed", "host_unlisted"),
    ("domain/moderation/acts.py", "act"): ACTS,
    ("domain/moderation/bans.py", "word"): ("ban", "unban"),
    ("domain/moderation/desk.py", "word"): ("answer_saved", "answer_changed"),
    ("domain/moderation/peers.py", "f'undo_{type_.lower()}'"): ("undo_delete", "undo_remove"),
    ("domain/moderation/peers.py", "word"): ("lock", "undo_lock"),
    ("domain/moderation/reported.py", "act"): ("remove", "restore"),
    ("domain/reports.py", "action"): (),  # of `_logged`
    ("domain/reports.py", "f'report_{word or STEPS[step]}'"): (
        "report_resolved", *(f"report_{word}" for word in STEPS.values()),
    ),
    ("domain/roles.py", "word"): tuple(f"{r}_{w}" for r in ("staff", "mentor") for w in ("added", "changed", "removed")),
    ("domain/signups.py", "word"): ("member_approved", "member_refused"),
}  # fmt: skip
"""Where the log calls an action by a word that is put together: (file, expression) -> what it can be."""


def test_every_line_that_a_log_shows_has_words() -> None:
    root, actions, seen = WEB.parent, set(BY_STAFF), set()
    places = {"Audit": 0, "logged": 0, "_logged": 0, "read_noted": 2}
    for path in root.rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = (
                getattr(call.func, "id", getattr(call.func, "attr", "")) if isinstance(call, ast.Call) else ""
            )
            if not isinstance(call, ast.Call) or name not in places or len(call.args) <= places[name]:
                continue
            action = call.args[places[name]]
            if isinstance(action, ast.Constant):
                actions.add(action.value)
            else:
                seen.add((path.relative_to(root).as_posix(), ast.unparse(action)))
    assert seen == MADE.keys()
    actions |= {action for made in MADE.values() for action in made}
    silent = {a for a in actions - set(PRIVATE) if f"log.{a}" not in WORDS and f"audit.{a}" not in WORDS}
    assert silent == set()


@pytest.mark.parametrize(
    ("age_s", "english", "spanish"),
    [
        (5, "1 minute ago", "hace 1 minuto"),
        (119, "1 minute ago", "hace 1 minuto"),
        (3600, "1 hour ago", "hace 1 hora"),
        (7200 + 59 * 60, "2 hours ago", "hace 2 horas"),
        (26 * 3600, "1 day ago", "hace 1 día"),
        (6 * 86_400, "6 days ago", "hace 6 días"),
        (8 * 86_400, "28 December 2025", "28 de diciembre de 2025"),
        (-60, "5 January 2026", "5 de enero de 2026"),
    ],
)
def test_times_are_said_as_people_say_them(age_s: int, english: str, spanish: str) -> None:
    at = NOW - age_s * 1000
    assert Words("en").when(at, NOW) == english
    assert Words("es").when(at, NOW) == spanish


def test_numbers_and_plurals() -> None:
    assert Words("en").count("post.replies", 1) == "1 reply"
    assert Words("en").count("post.replies", 0) == "0 replies"
    assert Words("es").count("post.replies", 2) == "2 respuestas"
    assert Words("es").count("post.replies", 12_345) == "12.345 respuestas"
    assert Words("en").members(9) == "Fewer than 10 members"
    assert Words("en").members(12) == "10 members or more"
    assert Words("en").members(12, runs=True) == "12 members"
    assert Words("es").members(0) == "Menos de 10 miembros"
    assert Words("en").language_name("fr") == "French"
    assert Words("es").language_name("fr") == "francés"
    assert Words("en").language_name("x'y") == "x'y"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, None),
        ("", None),
        ("es", "es"),
        ("fr, es;q=0.4, en;q=0.8", "en"),
        ("ES-mx", "es"),
        ("de", None),
        ("es;q=x, en;q=0.1", "en"),
    ],
)
def test_the_browsers_language_is_read(header: str | None, found: str | None) -> None:
    assert preferred(header) == found


NADIA = ActorView(400, "u", "Person", "nadia", "", "Nadia", "", "u")
OMAR = ActorView(800, "u", "Person", "omar", "", "Omar", "", "u")
GROUP = ActorView(1200, "u", "Group", "sleep", "", "Sleep", "", "u", followers_count=12)


@pytest.mark.parametrize(
    ("chosen", "gate", "viewer", "words"),
    [
        ({PUBLIC}, None, 0, "Everyone on the web can read this."),
        (
            {PUBLIC, 1201},
            {1201, 1200},
            0,
            "Only members of Sleep can read this (10 members or more now, and people who join later).",
        ),
        (
            {SERVER, 1201, 1202, 1203},
            None,
            0,
            "Everyone who has an account here can read this, and nobody else.",
        ),
        ({1202, 1203, 1200}, None, 0, "Only the mentors and staff of Sleep can read this."),
        ({1203, 1200}, {1201, 1202, 1203, 1200}, 0, "Only the staff of Sleep can read this."),
        ({401, 400}, None, 800, "Only people who follow Nadia can read this."),
        ({401, 400}, None, 400, "Only people who follow you can read this, now and later."),
        ({800}, None, 400, "Only you and these people can read this: Omar."),
        ({800}, None, 800, "Only Nadia and the people Nadia chose can read this. You are one of them."),
        ({400}, None, 400, "Only you can read this."),
        ({PUBLIC}, {801, 800}, 400, "Only people who follow Omar can read this."),
        ({PUBLIC}, {PUBLIC}, 0, "Everyone on the web can read this."),
    ],
)
def test_who_can_read_is_said_by_the_narrower_of_audience_and_gate(
    chosen: set[int], gate: set[int] | None, viewer: int, words: str
) -> None:
    readers = audience.Readers(
        frozenset(chosen),
        None if gate is None else frozenset(gate),
        NADIA,
        viewer,
        GROUP,
        (OMAR,),
        {800: OMAR},
    )
    assert audience.words(Words("en"), readers) == words


def test_the_token_changes_with_the_kind_of_readers_and_not_with_a_name() -> None:
    everyone, members = frozenset({PUBLIC}), frozenset({1201, 1200})
    assert audience.token(everyone, None) != audience.token(members, None)
    assert audience.token(members, None) == audience.token(members | {800}, None)
    assert audience.token(everyone, members) == audience.token(members, members)


def test_spanish_has_one_word_for_posts_and_calls_nobody_he_or_she_where_it_need_not() -> None:
    not_ours = re.compile(
        r"publicaci(ón|ones)|correo basura|no está solo|^(ningun|tod)[oa]s?$", re.IGNORECASE
    )
    assert [key for key, (_, spanish) in WORDS.items() if not_ours.search(spanish)] == []
    pushed = {f"{key} {n}": text for key, two in PUSHED.items() for n, text in enumerate(two["es"])}
    familiar = re.compile(r"\b(tú|tu|te|ti|tus)\b", re.IGNORECASE)
    told = {**SPANISH, **pushed}
    assert [key for key, text in told.items() if not_ours.search(text) or familiar.search(text)] == []
