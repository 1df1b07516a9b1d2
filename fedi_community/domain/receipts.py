"""What became of a post that its author took back: which servers had a copy, and what they answered. Pure.

A server that accepts a request may still keep what it has; nobody is told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "none": (
        "No other server ever got a copy. Screenshots cannot be recalled.",
        "Ningún otro servidor llegó a tener una copia. Las capturas de pantalla no se pueden retirar.",
    ),
    "coming": (
        "The request to delete it is on its way to {servers} servers that got a copy.",
        "La petición de borrarlo va camino de {servers} servidores que recibieron una copia.",
    ),
    "accepted": (
        "{accepted} of {servers} servers accepted the request to delete it.",
        "{accepted} de {servers} servidores aceptaron la petición de borrarlo.",
    ),
    "waiting": (
        "{waiting} did not answer yet, and are asked again.",
        "{waiting} no han respondido todavía, y se les vuelve a preguntar.",
    ),
    "lost": ("{lost} could not be reached.", "A {lost} no se les pudo avisar."),
    "copies": (
        "Copies and screenshots cannot be recalled.",
        "Las copias y las capturas de pantalla no se pueden retirar.",
    ),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """servers: that ever got or fetched it. waiting: were not asked yet, or did not answer; lost: were given up. coming: whom to
    ask is still being gathered."""

    servers: int
    waiting: int
    lost: int
    coming: bool = False

    @property
    def accepted(self) -> int:
        return 0 if self.coming else max(self.servers - self.waiting - self.lost, 0)


def lines(receipt: Receipt, language: str) -> tuple[str, ...]:
    """What its author is told, in en or es."""
    at = 1 if language == "es" else 0
    if not receipt.servers:
        keys = ["none"]
    elif receipt.coming:
        keys = ["coming", "copies"]
    else:
        keys = [
            "accepted",
            *(["waiting"] if receipt.waiting else []),
            *(["lost"] if receipt.lost else []),
            "copies",
        ]
    values = {
        "servers": receipt.servers, "accepted": receipt.accepted, "waiting": receipt.waiting, "lost": receipt.lost,
    }  # fmt: skip
    return tuple(TEXTS[key][at].format(**values) for key in keys)
