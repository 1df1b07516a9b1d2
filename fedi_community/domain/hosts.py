"""How this server stands to a host, and lists of hosts as others share them: CSV in Mastodon's columns.

Three grades: limited, no media (`reject_media`, which goes with the others too), suspended. `reject_reports` stands beside them.
A list never makes a stricter stand milder unless that was asked for.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from fedi_community.domain.effects import Audit, Decision, Effect, EndHostGrants, SetHost
from fedi_community.domain.facts import Facts, Needs
from fedi_community.domain.origins import canonical_host
from fedi_community.domain.stands import FREE, HostState, Stand
from fedi_community.errors import Refusal

MAX_LIST_BYTES: Final = 256 * 1024
"""Bytes of a list of hosts."""
MAX_LIST_LINES: Final = 5_000
"""Lines of a list of hosts."""
MAX_COMMENT: Final = 500
"""Characters of a comment on a host."""
MAX_WRONG: Final = 20
"""Lines of a list that are named as wrong; the rest are counted."""
SEVERITIES: Final[Mapping[str, HostState]] = {"silence": "limited", "suspend": "suspended", "noop": "ok"}
"""The words of Mastodon's clients and lists."""
COLUMNS: Final = ("domain", "severity", "reject_media", "reject_reports", "public_comment", "obfuscate")
OWN: Final = Refusal("own_host", 422, "This is our own server.")
BAD_HOST: Final = Refusal("bad_host", 422, "Validation failed: Domain is not a valid domain name")
COMMENT_TOO_LONG: Final = Refusal(
    "comment_too_long", 422, f"A comment on a host has at most {MAX_COMMENT} characters."
)
_RANK: Final[Mapping[str, int]] = {"ok": 0, "limited": 1, "suspended": 2}
_YES, _NO = frozenset({"true", "t", "yes", "1"}), frozenset({"false", "f", "no", "0", ""})


def severity(stand: Stand) -> str:
    return next(word for word, state in SEVERITIES.items() if state == stand.state)


# --- one host ---------------------------------------------------------------------------------------------------------------


def stand_needs(name: str) -> Needs:
    """What `decide_stand` looks at."""
    return Needs(hosts=frozenset({name}))


def name_of(text: str, own: str) -> str | Refusal:
    """A host as somebody typed it, in its one spelling. own: our own."""
    name = canonical_host(text.strip().rstrip(".")) if len(text) < 300 else None
    if name is None:
        return BAD_HOST
    return OWN if name == own or own.partition(":")[0] == name else name


def decide_stand(
    stand: Stand, facts: Facts, *, login_id: int | None = None, actor_id: int | None = None
) -> Decision | Refusal:
    """Stand to a host in this way from now on. login_id, actor_id: of staff who decided it; None on the command line."""
    if max(len(stand.public_comment), len(stand.private_comment)) > MAX_COMMENT:
        return COMMENT_TOO_LONG
    now = facts.hosts.get(stand.host, replace(FREE, host=stand.host))
    return Decision(tuple(_change(now, stand, facts, login_id, actor_id)), None, "changed")


def decide_change(
    name: str, change: Callable[[Stand], Stand], facts: Facts, *, login_id: int | None = None
) -> Decision | Refusal:
    """Stand to a host as `change` says of how we stand to it now: what it does not say stays."""
    return decide_stand(change(facts.hosts.get(name, replace(FREE, host=name))), facts, login_id=login_id)


def _change(old: Stand, new: Stand, facts: Facts, login_id: int | None, actor_id: int | None) -> list[Effect]:
    """Suspending a host ends whatever its people were granted here. They are not told, since nothing goes to it."""
    effects: list[Effect] = [
        SetHost(
            new.host, new.state if new.state != old.state else None, None, facts.now, new.reject_media,
            new.reject_reports, new.obfuscate, new.public_comment, new.private_comment,
        )
    ]  # fmt: skip
    if new.state == "suspended" and old.state != "suspended":
        effects.append(EndHostGrants(new.host, facts.now))
    detail: dict[str, object] = {"host": new.host}
    detail |= {name: True for name in ("reject_media", "reject_reports") if getattr(new, name)}
    effects.append(Audit(f"host_{new.state}", facts.now, actor_id, login_id, detail=detail))
    return effects


# --- lists ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that makes no sense. line: 1 is the first. why: header, columns, host, own, severity, flag, comment, text, size."""

    line: int
    why: Literal["header", "columns", "host", "own", "severity", "flag", "comment", "text", "size"]
    what: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says, each host once, the strictest line of several. If anything is wrong, nothing of it holds."""

    stands: tuple[Stand, ...] = ()
    wrong: tuple[Wrong, ...] = ()
    twice: int = 0


def read_list(body: bytes, own: str) -> Listed:
    """A list of hosts. own: our own name, which no list may hold.

    The first line names the columns, with or without `#`; columns that are not ours are passed over. A list without that line
    holds names alone, one a line, each suspended.
    """
    if len(body) > MAX_LIST_BYTES:
        return Listed(wrong=(Wrong(1, "size"),))
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Listed(wrong=(Wrong(body.count(b"\n", 0, error.start) + 1, "text"),))
    if "\x00" in text:
        return Listed(wrong=(Wrong(text.count("\n", 0, text.index("\x00")) + 1, "text"),))
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: dict[str, Stand] = {}
    wrong: list[Wrong] = []
    columns: list[str] | None = None
    twice = line = 0
    try:
        for row in rows:
            line = rows.line_num
            if line > MAX_LIST_LINES:
                return Listed(wrong=(Wrong(line, "size"),))
            if not any(cell.strip() for cell in row):
                continue
            if columns is None:
                columns = [cell.strip().removeprefix("#").strip().lower() for cell in row]
                if "domain" in columns:
                    if len(set(columns)) != len(columns):
                        return Listed(wrong=(Wrong(line, "header"),))
                    continue
                if len(row) > 1:
                    return Listed(wrong=(Wrong(line, "header"),))
                columns = ["domain"]
            stand = _row(row, columns, line, own)
            if isinstance(stand, Wrong):
                wrong.append(stand)
                continue
            if stand.host in found:
                twice += 1
                stand = stricter(found[stand.host], stand)
            found[stand.host] = stand
    except csv.Error:
        wrong.append(Wrong(max(rows.line_num, line + 1), "columns"))
    return Listed((), tuple(wrong)) if wrong else Listed(tuple(found.values()), (), twice)


def _row(row: list[str], columns: list[str], line: int, own: str) -> Stand | Wrong:
    if len(row) > len(columns):
        return Wrong(line, "columns")
    cells = {name: cell.strip() for name, cell in zip(columns, row, strict=False)}
    typed = cells.get("domain", "")
    name = name_of(typed, own)
    if isinstance(name, Refusal):
        return Wrong(line, "own" if name is OWN else "host", typed[:60])
    word = cells.get("severity", "").lower() or "suspend"
    if word not in SEVERITIES:
        return Wrong(line, "severity", word[:60])
    flags: dict[str, bool] = {}
    for flag in ("reject_media", "reject_reports", "obfuscate"):
        said = cells.get(flag, "").lower()
        if said not in _YES | _NO:
            return Wrong(line, "flag", said[:60])
        flags[flag] = said in _YES
    comment = cells.get("public_comment", "")
    if len(comment) > MAX_COMMENT:
        return Wrong(line, "comment")
    return Stand(
        name, SEVERITIES[word], flags["reject_media"], flags["reject_reports"], flags["obfuscate"], comment
    )


def stricter(one: Stand, other: Stand) -> Stand:
    """The stricter of both in each respect; the words of the first, unless it has none."""
    return replace(
        one,
        state=max(one.state, other.state, key=_RANK.__getitem__),
        reject_media=one.reject_media or other.reject_media,
        reject_reports=one.reject_reports or other.reject_reports,
        obfuscate=one.obfuscate or other.obfuscate,
        public_comment=one.public_comment or other.public_comment,
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list would change: (as it is, as it will be) each. known: hosts for which nothing changes."""

    new: tuple[tuple[Stand, Stand], ...] = ()
    stricter: tuple[tuple[Stand, Stand], ...] = ()
    looser: tuple[tuple[Stand, Stand], ...] = ()
    known: int = 0

    @property
    def changes(self) -> tuple[tuple[Stand, Stand], ...]:
        return self.new + self.stricter + self.looser

    @property
    def suspended(self) -> list[str]:
        """Hosts whose people would lose what they were granted here."""
        return [n.host for o, n in self.changes if n.state == "suspended" and o.state != "suspended"]


def plan(listed: Iterable[Stand], known: Mapping[str, Stand], loosen: bool = False) -> Plan:
    """loosen: hosts are to stand as the list has them, also where that is milder."""
    new, up, down, same = [], [], [], 0
    for stand in listed:
        old = known.get(stand.host)
        if old is None or not old.blocked:
            old = replace(FREE, host=stand.host) if old is None else old
            if not stand.blocked:
                same += 1
                continue
            new.append((old, replace(stricter(stand, old), private_comment=old.private_comment)))
            continue
        tight = stricter(old, stand)
        wanted = replace(tight if not loosen else stand, private_comment=old.private_comment)
        if loosen and not stand.public_comment:
            wanted = replace(wanted, public_comment=old.public_comment)
        if wanted == old or (wanted.grade == old.grade and not loosen):
            same += 1
        elif stricter(wanted, old).grade == wanted.grade:
            up.append((old, wanted))
        else:
            down.append((old, wanted))
    return Plan(tuple(new), tuple(up), tuple(down), same)


def list_needs(listed: Iterable[Stand]) -> Needs:
    return Needs(hosts=frozenset(stand.host for stand in listed))


def decide_list(
    listed: tuple[Stand, ...], facts: Facts, *, loosen: bool = False, login_id: int | None = None,
    actor_id: int | None = None,
) -> Decision:  # fmt: skip
    """Take a list over, all of it or nothing."""
    made = plan(listed, facts.hosts, loosen)
    effects = [one for old, new in made.changes for one in _change(old, new, facts, login_id, actor_id)]
    logged = Audit(
        "hosts_imported", facts.now, actor_id, login_id,
        detail={"new": len(made.new), "stricter": len(made.stricter), "looser": len(made.looser), "known": made.known},
    )  # fmt: skip
    return Decision((*effects, logged), None, "imported")


def write_list(stands: Iterable[Stand]) -> str:
    """Our blocks for others. Without what is written for ourselves."""
    out = io.StringIO(newline="")
    made = csv.writer(out, lineterminator="\n")
    made.writerow([f"#{name}" for name in COLUMNS])
    for one in stands:
        made.writerow(
            [one.host, severity(one), _flag(one.reject_media), _flag(one.reject_reports), one.public_comment,
             _flag(one.obfuscate)]
        )  # fmt: skip
    return out.getvalue()


def _flag(on: bool) -> str:
    return "true" if on else "false"
