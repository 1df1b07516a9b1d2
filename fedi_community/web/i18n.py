"""The pages' two languages: words by key, plurals, dates. Knows nothing of requests or data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_timedelta

from fedi_community.domain.counts import rounded
from fedi_community.web.catalogue import LANGUAGES, WORDS

FEW: Final = 10
"""Below it a count of members is not said: in a small group a number is a person."""
RECENT_MS: Final = 7 * 86_400_000


@dataclass(frozen=True, slots=True)
class Words:
    """One language of the catalogue. Calling it with a key gives the words; unknown keys are an error (KeyError)."""

    language: str

    def __call__(self, key: str, **values: Any) -> str:
        text = WORDS[key][LANGUAGES.index(self.language)]
        return text.format(**values) if values else text

    def count(self, key: str, number: int) -> str:
        """The plural form for a number, with the number written as the language does."""
        form = Locale.parse(self.language).plural_form(number)
        return self(f"{key}.{'one' if form == 'one' else 'other'}", count=self.number(number))

    def number(self, number: int) -> str:
        separator = "," if self.language == "en" else "."
        return f"{number:,}".replace(",", separator) if number >= 10_000 else str(number)

    def members(self, count: int, runs: bool = False) -> str:
        """How many members a group has: a rounded count to everybody, and fewer than ten is all that is said of a small one.
        Who runs the group (runs) reads how many there are."""
        if runs:
            return self.count("group.members", count)
        if count < FEW:
            return self("group.members.few")
        return self("group.members.about", count=self.number(rounded(count)))

    def refused(self, reason: str, safe: str = "") -> str:
        """A refusal in words: ours for its reason; else what the decision says, in English, or that it cannot be done."""
        key = f"refused.{reason}"
        if key in WORDS:
            return self(key)
        return safe if self.language == "en" and safe else self("refused.other")

    def moment(self, ms: int) -> str:
        """A moment in full: "5 January 2026, 10:00 UTC"."""
        return f"{_moment(self.language, ms // 60_000)} UTC"

    def when(self, ms: int, now: int) -> str:
        """ "2 hours ago" for a week, then the date."""
        age = now - ms
        if 0 <= age < RECENT_MS:
            return _ago(self.language, _rough(age // 1000))
        return _date(self.language, ms // 86_400_000)

    @property
    def other(self) -> str:
        """The other language."""
        return next(language for language in LANGUAGES if language != self.language)

    def language_name(self, code: str) -> str:
        """A language's name in this language; its code where nobody has a name for it."""
        if f"language.name.{code}" in WORDS:
            return self(f"language.name.{code}")
        try:
            return Locale.parse(code.split("-")[0]).get_display_name(self.language) or code
        except (ValueError, UnknownLocaleError):
            return code


def _rough(seconds: int) -> int:
    """Rounded down to what is said: minutes, hours, days."""
    for size in (86_400, 3600, 60):
        if seconds >= size:
            return seconds // size * size
    return 60


@cache
def _ago(language: str, seconds: int) -> str:
    return format_timedelta(timedelta(seconds=-seconds), add_direction=True, locale=language, threshold=1)


def _moment(language: str, minutes: int) -> str:
    at = datetime.fromtimestamp(minutes * 60, UTC)
    return f"{_date(language, minutes // 1440)}, {format_datetime(at, 'HH:mm', locale=language)}"


def _date(language: str, days: int) -> str:
    return _dates(language, days) if abs(days) < 100_000 else str(days)


@cache
def _pattern(language: str) -> str:
    return "d MMMM y" if language == "en" else "d 'de' MMMM 'de' y"


def _dates(language: str, days: int) -> str:
    return format_date(datetime.fromtimestamp(days * 86_400, UTC).date(), _pattern(language), locale=language)


def iso(ms: int) -> str:
    """RFC 3339 in UTC, for `<time datetime>` and feeds."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def preferred(accept_language: str | None) -> str | None:
    """The language of ours that a browser asks for most (RFC 9110 §12.5.4), or None."""
    best, found = 0.0, None
    for part in (accept_language or "")[:500].split(","):
        name, _, rest = part.strip().partition(";")
        code = name.strip().lower().split("-")[0]
        try:
            weight = float(rest.strip().removeprefix("q=")) if rest.strip() else 1.0
        except ValueError:
            continue
        if code in LANGUAGES and weight > best:
            best, found = weight, code
    return found
