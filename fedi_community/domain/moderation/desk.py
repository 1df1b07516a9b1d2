"""What those who run a group write again and again, and what the group itself notes about a post. Pure.

A saved answer is written once in each language and given in the language of whom it answers. A note is the group's own word about a
post (the clinic's, where staff speak for it): an answer by the group that is shown before all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from fedi_community.domain import changes, posts, powers
from fedi_community.domain.desk_effects import DropAnswer, SaveAnswer
from fedi_community.domain.effects import Audit, Decision, Effect, StorePost
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.model import Kind, State
from fedi_community.domain.moderation.acts import NOT_PUBLISHED, NOT_YOURS, in_charge, logged
from fedi_community.errors import NOT_FOUND, Refusal

MAX_SAVED: Final = 100
"""Saved answers of a group."""
MAX_SAVED_NAME: Final = 80
"""Characters of the name of a saved answer."""
MAX_SAVED_TEXT: Final = 5000
"""Characters of a saved answer in one language."""
LANGUAGES: Final = ("en", "es")
BAD_ANSWER: Final = Refusal(
    "bad_answer",
    422,
    f"A saved answer has a name (at most {MAX_SAVED_NAME} characters) and words in English, Spanish or both (at most "
    f"{MAX_SAVED_TEXT} each).",
)
TOO_MANY: Final = Refusal(
    "too_many_answers", 422, f"A group has at most {MAX_SAVED} saved answers. Delete one first."
)
NOTE_LENGTH: Final = Refusal(
    "note_length", 422, f"Please write something, at most {MAX_SAVED_TEXT} characters."
)
NOT_A_NOTE: Final = Refusal("not_a_note", 422, "This is not a note of the group.")


def group_needs(group_id: int, actor_id: int) -> Needs:
    return Needs(
        actor_ids=frozenset({group_id, actor_id}), subjects=frozenset({actor_id}), saved_answers=group_id
    )


def decide_save(
    group_id: int, actor_id: int, login_id: int | None, name: str, texts: Mapping[str, str], facts: Facts, *,
    instead: int | None = None,
) -> Decision | Refusal:  # fmt: skip
    """Save an answer, or (instead) change one. Needs 1 new id."""
    refused = powers.refused(facts, actor_id, group_id, "posts")
    if refused is not None:
        return refused
    if instead is not None and instead not in facts.saved_answers:
        return NOT_FOUND
    name = " ".join(name.split())
    chosen = {lang: text.strip() for lang, text in texts.items() if lang in LANGUAGES and text.strip()}
    too_long = any(len(text) > MAX_SAVED_TEXT for text in chosen.values())
    if not name or len(name) > MAX_SAVED_NAME or not chosen or too_long:
        return BAD_ANSWER
    if instead is None and len(facts.saved_answers) >= MAX_SAVED:
        return TOO_MANY
    effects: list[Effect] = [] if instead is None else [DropAnswer(instead, group_id)]
    key = facts.new_ids[0] if instead is None else instead
    effects.append(SaveAnswer(key, group_id, name, chosen, login_id, facts.now))
    word = "answer_saved" if instead is None else "answer_changed"
    return Decision((*effects, Audit(word, facts.now, actor_id, login_id, group_id)), key, "saved")


def decide_drop(
    group_id: int, actor_id: int, login_id: int | None, key: int, facts: Facts
) -> Decision | Refusal:
    """Delete a saved answer; what was written with it stays."""
    refused = powers.refused(facts, actor_id, group_id, "posts")
    if refused is not None:
        return refused
    if key not in facts.saved_answers:
        return NOT_FOUND
    line = Audit("answer_deleted", facts.now, actor_id, login_id, group_id)
    return Decision((DropAnswer(key, group_id), line), key, "deleted")


def words_for(texts: Mapping[str, str], *languages: str | None) -> tuple[str, str]:
    """(language, words) of a saved answer: in the first of these languages that it has, else in one that it has."""
    for language in languages:
        base = (language or "").split("-")[0].lower()
        if base in texts:
            return base, texts[base]
    language = next(iter(sorted(texts)))
    return language, texts[language]


# --- answers and notes ------------------------------------------------------------------------------------------------------


def reply_needs(asked: posts.Compose, actor_id: int) -> Needs:
    """actor_id: who acts; the answer itself may be the group's."""
    wanted = posts.compose_needs(asked)
    return replace(wanted, actor_ids=wanted.actor_ids | {actor_id}, subjects=wanted.subjects | {actor_id})


def decide_answer(asked: posts.Compose, actor_id: int, name: str, facts: Facts) -> Decision | Refusal:
    """Answer a post with words that are saved. Needs 4 new ids. Undone by deleting it."""
    found = in_charge(asked.reply_to or 0, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    made = posts.decide_compose(asked, facts)
    if isinstance(made, Refusal):
        return made
    line = logged("answer", facts, post, group, actor_id, asked.posted_by, name)
    return replace(made, effects=(*made.effects, line))


def decide_note(asked: posts.Compose, actor_id: int, reason: str, facts: Facts) -> Decision | Refusal:
    """Staff attach the group's own word to a post: an answer by the group, before all others. Needs 4 new ids."""
    found = in_charge(asked.reply_to or 0, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    post, group = found
    if not facts.is_staff(actor_id, group.id) or asked.author_id != group.id:
        return NOT_YOURS
    if post.state is not State.PUBLISHED or post.kind is Kind.BOOST:
        return NOT_PUBLISHED
    made = posts.decide_compose(asked, facts)
    if isinstance(made, Refusal):
        return made
    effects = tuple(
        replace(x, post=replace(x.post, note=True))
        if isinstance(x, StorePost) and x.post.id == made.result
        else x
        for x in made.effects
    )
    line = logged("note", facts, post, group, actor_id, asked.posted_by, reason)
    return replace(made, effects=(*effects, line))


def decide_unnote(note_id: int, actor_id: int, login_id: int | None, facts: Facts) -> Decision | Refusal:
    """Take a note away: the group deletes its own word. Needs 3 new ids."""
    found = in_charge(note_id, actor_id, facts)
    if isinstance(found, Refusal):
        return found
    note, group = found
    if not facts.is_staff(actor_id, group.id):
        return NOT_YOURS
    if not note.note:
        return NOT_A_NOTE
    gone = changes.decide_delete(note.id, group.id, facts)
    if isinstance(gone, Refusal):
        return gone
    return replace(
        gone, effects=(*gone.effects, logged("unnote", facts, note, group, actor_id, login_id, ""))
    )
