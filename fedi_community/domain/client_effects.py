"""Effects on what somebody keeps for himself (lists, filters, notes, mutes, tags), on announcements and on reports.

As `effects`: pure data. Rows name their owner, and what is carried out touches his rows alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from fedi_community.domain.notices import Together


@dataclass(frozen=True, slots=True)
class SetMute:
    """One actor does not want to see another, or (on=False) does again. expires: milliseconds; notifications: theirs too."""

    actor_id: int
    target_id: int
    on: bool
    at: int
    notifications: bool = True
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class SetNote:
    """What somebody wrote to himself about another; "" for nothing."""

    actor_id: int
    target_id: int
    note: str


@dataclass(frozen=True, slots=True)
class Endorse:
    """Show somebody on one's profile, or no longer."""

    actor_id: int
    target_id: int
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class DismissSuggestion:
    actor_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class SetFollowSettings:
    """How a follow is shown: {reblogs: bool, notify: bool, languages: [..]}."""

    actor_id: int
    collection_id: int
    settings: dict[str, object]


@dataclass(frozen=True, slots=True)
class SetDomainBlock:
    """Somebody wants nothing of a host, or (on=False) does again."""

    actor_id: int
    host: str
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class SaveList:
    """A new list, or its new title and switches."""

    id: int
    actor_id: int
    title: str
    replies_policy: str
    exclusive: bool
    at: int
    circle: bool = False


@dataclass(frozen=True, slots=True)
class DropList:
    id: int


@dataclass(frozen=True, slots=True)
class SetListMembers:
    """People are put on a list, or taken off."""

    list_id: int
    actor_ids: tuple[int, ...]
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class SaveFilter:
    """A new filter, or what it says now. keywords: (id, keyword, whole word), new or changed; dropped: ids of keywords."""

    id: int
    actor_id: int
    title: str
    action: str
    contexts: tuple[str, ...]
    expires: int | None
    at: int
    keywords: tuple[tuple[int, str, bool], ...] = ()
    dropped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DropFilter:
    id: int
    actor_id: int


@dataclass(frozen=True, slots=True)
class SetFilterStatus:
    """A filter names a single post, or (on=False) no longer. id: of the row."""

    id: int
    actor_id: int
    filter_id: int
    object_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class SetMarker:
    """How far somebody has read a timeline."""

    actor_id: int
    timeline: str
    last_read: int
    version: int
    at: int


@dataclass(frozen=True, slots=True)
class FollowTag:
    """Posts with a hashtag come into one's home, or no longer. name: in small letters."""

    actor_id: int
    name: str
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class FeatureTag:
    """A hashtag is shown on one's profile, or no longer."""

    actor_id: int
    name: str
    on: bool
    at: int


@dataclass(frozen=True, slots=True)
class MakeAnnouncement:
    """Those who run the server say something to everybody. texts: language -> words; until: milliseconds."""

    id: int
    texts: dict[str, str]
    until: int | None
    at: int


@dataclass(frozen=True, slots=True)
class WithdrawAnnouncement:
    id: int
    at: int


@dataclass(frozen=True, slots=True)
class ReadAnnouncement:
    actor_id: int
    announcement_id: int


@dataclass(frozen=True, slots=True)
class ReactAnnouncement:
    actor_id: int
    announcement_id: int
    name: str
    on: bool


@dataclass(frozen=True, slots=True)
class NotifyStaff:
    """Tell all who have the role staff or admin. key: of what it is about, as in report-ID; each is told once for a key."""

    kind: str
    actor_id: int
    key: str
    at: int


@dataclass(frozen=True, slots=True)
class NotifyOfReport:
    """Tell those who answer a report: server staff who speak its language (all of them when it is urgent, or nobody does), and
    those of its group who may. Who is reported is not told, and mentors not who reported."""

    report_id: int
    reporter_id: int | None
    target_id: int
    group_id: int | None
    language: str | None
    urgent: bool
    at: int


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """A report is taken on, handed back, closed or opened again. assigned_to, by: as whom people act, never their log-ins.
    outcome: what was done with it."""

    id: int
    state: str
    assigned_to: int | None
    by: int
    at: int
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class CoverMedia:
    """Whatever somebody attaches is covered until its reader wants to see it, also what he attached before; or no longer."""

    actor_id: int
    on: bool


@dataclass(frozen=True, slots=True)
class AddNote:
    """A moderator's note on a report or an account; it stays. by: as whom he wrote it, which alone is shown. login_id: his."""

    text: str
    by: int
    login_id: int
    at: int
    report_id: int | None = None
    target_id: int | None = None


@dataclass(frozen=True, slots=True)
class TakeMeasure:
    """Something was done about somebody, who is told. login_id: who did it; text: what he is told; link: hash of the secret in his
    mail. at, expires: milliseconds."""

    id: int
    target_id: int
    login_id: int | None
    group_id: int | None
    action: str
    text: str
    object_ids: tuple[int, ...]
    report_id: int | None
    link: str | None
    at: int
    expires: int | None


@dataclass(frozen=True, slots=True)
class EndMeasure:
    """A measure no longer stands. how: expired, appeal, undone."""

    id: int
    how: str
    at: int


@dataclass(frozen=True, slots=True)
class EndMeasures:
    """Those of some kinds against somebody were taken back: in one group, about one post, or (None) by the server's staff."""

    target_id: int
    actions: tuple[str, ...]
    at: int
    group_id: int | None = None
    object_id: int | None = None


@dataclass(frozen=True, slots=True)
class AppealMeasure:
    """He to whom it was done says why it was wrong."""

    id: int
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class AnswerAppeal:
    """Somebody else decided it; the member is told. state: approved or rejected. by: a log-in."""

    id: int
    target_id: int
    state: str
    by: int
    at: int


@dataclass(frozen=True, slots=True)
class EndSeals:
    """Copies of reported posts whose time is over go, with the files that nothing else holds. now: milliseconds."""

    now: int


@dataclass(frozen=True, slots=True)
class ClearNotifications:
    """Somebody has seen what is shown under a key, or (None) everything."""

    owner_id: int
    what: Together | None


@dataclass(frozen=True, slots=True)
class SetNotificationPolicy:
    """Whose notifications are kept apart: who -> accept, filter, drop (see `notices.WHO`)."""

    owner_id: int
    rules: dict[str, str]


@dataclass(frozen=True, slots=True)
class SettleSenders:
    """Senders that a policy kept apart are taken in (accepted), or not (dismissed)."""

    owner_id: int
    senders: tuple[int, ...]
    state: str
    at: int


@dataclass(frozen=True, slots=True)
class MarkConversation:
    owner_id: int
    id: int
    unread: bool


@dataclass(frozen=True, slots=True)
class DropConversation:
    """Somebody does not want to see a conversation in his list; the posts stay."""

    owner_id: int
    id: int


@dataclass(frozen=True, slots=True)
class SetPush:
    """A client is told of notifications at an endpoint, by the token it has."""

    token_id: int
    actor_id: int
    endpoint: str
    p256dh: str
    auth: str
    standard: bool
    alerts: dict[str, bool]
    policy: str
    at: int


@dataclass(frozen=True, slots=True)
class DropPush:
    """It is told no more: by its token, or (0) by the subscription's id."""

    token_id: int
    id: int = 0


ClientEffect = (
    SetMute | SetNote | Endorse | DismissSuggestion | SetFollowSettings | SetDomainBlock | SaveList | DropList
    | SetListMembers | SaveFilter | DropFilter | SetFilterStatus | SetMarker | FollowTag | FeatureTag | MakeAnnouncement
    | WithdrawAnnouncement | ReadAnnouncement | ReactAnnouncement | NotifyStaff | AnswerReport | NotifyOfReport | AddNote
    | CoverMedia | EndSeals | TakeMeasure | EndMeasure | EndMeasures | AppealMeasure | AnswerAppeal | ClearNotifications
    | SetNotificationPolicy | SettleSenders | MarkConversation | DropConversation | SetPush | DropPush
)  # fmt: skip
