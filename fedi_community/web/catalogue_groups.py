"""Words of the pages on which groups are looked after: key -> (English, Spanish). See `catalogue`."""

from __future__ import annotations

from typing import Final

GROUPS: Final[dict[str, tuple[str, str]]] = {
    "refused.no_power": (
        "You are a mentor of this group, but staff did not give you the power for this. Please ask them.",
        "Usted es mentor de este grupo, pero el equipo no le ha dado permiso para esto. Pregúntele, por favor.",
    ),
    "refused.staff_only": (
        "Only the staff of this group can do this.",
        "Solo el equipo de este grupo puede hacer esto.",
    ),
    "refused.runs_the_group": (
        "Somebody who runs the group cannot be taken out of it. Staff end the role first.",
        "Quien dirige el grupo no puede quedar fuera de él. Antes el equipo tiene que quitarle esa función.",
    ),
}
