"""Streams: what happens, told to open clients at once, by Server-Sent Events and WebSocket.

`channels` says what there is and who may have it, `hub` who listens to what, `events` what each one is told: loaded
through the rule for each listener when it is sent. `serve` speaks the two protocols.
"""

from fedi_community.mastodon.streaming.hub import Hub
from fedi_community.mastodon.streaming.serve import sockets, table

__all__ = ["Hub", "sockets", "table"]
