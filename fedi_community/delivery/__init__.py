"""Delivery: what happened here is told to other servers, durably, in order, and only to whom the rule admits.

`DeliveryWorker` is all that the outside needs, and `host_is_alive` for whoever verified a request from a host.
"""

from __future__ import annotations

from fedi_community.delivery.outcomes import Counters
from fedi_community.delivery.worker import DeliveryWorker
from fedi_community.perform import House
from fedi_community.storage import outgoing
from fedi_community.storage.wake import Wake

__all__ = ["Counters", "DeliveryWorker", "host_is_alive"]


async def host_is_alive(house: House, host: str) -> bool:
    """A verified request came from `host` (an authority): what is held for it may go. One look-up when it never failed."""
    revived = await outgoing.host_is_alive(house.db, host, house.clock())
    if revived:
        house.woken(Wake(deliveries=True))
    return revived
