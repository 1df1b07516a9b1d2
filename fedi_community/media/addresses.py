"""Addresses of files. A public one is plain and stays the same; any other names, sealed, who was given it and on which day.

Image loaders send neither token nor signature, so the address itself says for whom it is: `/media/KEY/NAME`. The key is
deterministic authenticated encryption (AES-SIV, RFC 5297) of holder and day with the file's name as associated data: opaque, the
same for a day, of use for that file alone. It is no permission: whoever serves the file asks the rule about the holder, each time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from fedi_community.domain.model import Viewer

DAY_MS: Final = 86_400_000
PERSON_DAYS: Final = 1
"""Days after its own on which a member's address still works."""
HOST_DAYS: Final = 30
"""The same for another server's, which keeps what it was told; the rule is asked for it each time all the same."""
MAX_KEY: Final = 400
_PREFIX: Final = "/media/"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom an address was made for: a member's actor, or a whole host."""

    actor_id: int = 0
    host: str = ""


class Addresses:
    """secret: the instance's, from which the key is derived. origin: scheme and host in front. clock: milliseconds UTC."""

    def __init__(self, secret: bytes, origin: str, clock: Callable[[], int]) -> None:
        self._seal = AESSIV(hmac.new(secret, b"media addresses", hashlib.sha512).digest())
        self._origin = origin
        self._clock = clock

    def plain(self, path: str) -> str:
        """The stable address of a file that everybody may have. path: `/media/NAME`."""
        return self._origin + path

    def sealed(self, viewer: Viewer, path: str) -> str:
        """The address for this viewer. A stranger's is plain: he gets what everybody may have."""
        if viewer.local and viewer.id:
            whom = b"a" + viewer.id.to_bytes(8, "big")
        elif viewer.host:
            whom = b"h" + viewer.host.encode()
        else:
            return self.plain(path)
        name = path.removeprefix(_PREFIX)
        day = (self._clock() // DAY_MS).to_bytes(4, "big")
        key = base64.urlsafe_b64encode(self._seal.encrypt(day + whom, [name.encode()])).decode().rstrip("=")
        return f"{self._origin}{_PREFIX}{key}/{name}"

    def holder(self, key: str, name: str) -> Holder | None:
        """Whom a sealed address was made for; None when it was made for nobody, for another file, or long ago."""
        if len(key) > MAX_KEY or not key.isascii():
            return None
        try:
            sealed = base64.b64decode(key + "=" * (-len(key) % 4), b"-_", validate=True)
            opened = self._seal.decrypt(sealed, [name.encode()])
        except (InvalidTag, binascii.Error, ValueError):
            return None
        age = self._clock() // DAY_MS - int.from_bytes(opened[:4], "big")
        whom = opened[5:]
        if opened[4:5] == b"a":
            return Holder(actor_id=int.from_bytes(whom, "big")) if -1 <= age <= PERSON_DAYS else None
        return Holder(host=whom.decode()) if -1 <= age <= HOST_DAYS else None
