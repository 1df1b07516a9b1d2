"""How this server stands to a host, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

HostState = Literal["ok", "limited", "suspended"]


@dataclass(frozen=True, slots=True)
class Stand:
    """state: see `memberships`. reject_media: nothing that its people attach is shown. reject_reports: its reports are taken and
    dropped. obfuscate: its name is not shown whole where blocks are published. private_comment: for staff alone."""

    host: str
    state: HostState = "ok"
    reject_media: bool = False
    reject_reports: bool = False
    obfuscate: bool = False
    public_comment: str = ""
    private_comment: str = ""

    @property
    def blocked(self) -> bool:
        return self.state != "ok" or self.reject_media or self.reject_reports

    @property
    def grade(self) -> tuple[str, bool, bool, bool]:
        return self.state, self.reject_media, self.reject_reports, self.obfuscate


FREE: Final = Stand("")
