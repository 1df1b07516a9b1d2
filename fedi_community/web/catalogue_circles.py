"""Words of the pages of circles and of one's own choices: key -> (English, Spanish). See `catalogue`."""

from __future__ import annotations

from typing import Final

CIRCLES: Final[dict[str, tuple[str, str]]] = {
    "preferences.title": ("Your choices", "Sus preferencias"),
    "preferences.votes": (
        "May other servers know whom you thank?",
        "¿Pueden saber otros servidores a quién da usted las gracias?",
    ),
    "preferences.votes_note": (
        "This is about posts that everybody can read. What you thank for in groups and discussions that not everybody reads is "
        "never told to any other server.",
        "Se trata de mensajes que cualquiera puede leer. Lo que agradece en grupos y conversaciones que no todos leen no se "
        "comunica nunca a otros servidores.",
    ),
    "preferences.votes_yes": (
        "Yes. The author hears of it, and people there can see that it was you.",
        "Sí. Quien lo escribió se entera, y allí se puede ver que fue usted.",
    ),
    "preferences.votes_no": (
        "No. It stays in this community. What other servers know already, they keep.",
        "No. Se queda en esta comunidad. Lo que otros servidores ya saben, lo conservan.",
    ),
    "preferences.leave": ("Leaving", "Irse de aquí"),
    "preferences.leave_note": (
        "You can leave for good. Before anything is deleted, we tell you what that means and ask for your password.",
        "Puede irse para siempre. Antes de borrar nada, le decimos qué significa y le pedimos su contraseña.",
    ),
    "preferences.save": ("Save", "Guardar"),
    "said.preferences_saved": ("Your choice is saved.", "Su elección está guardada."),
    "circles.title": ("Your circles", "Sus círculos"),
    "circles.link": ("Your circles", "Sus círculos"),
    "circles.intro": (
        "A circle is your own list of people to write to, such as your family. Nobody else sees it, not even who is in it. "
        "What you write to a circle is read by its people alone. They do not learn of each other, "
        "and their answers come to you alone.",
        "Un círculo es su propia lista de personas a quienes escribir, por ejemplo su familia. Nadie más la ve, "
        "ni siquiera quienes están en ella. Lo que escribe a un círculo lo leen solo esas personas. "
        "No saben unas de otras, y sus respuestas le llegan solo a usted.",
    ),
    "circles.none": ("You have no circle yet.", "Todavía no tiene ningún círculo."),
    "circles.empty": ("Nobody is in it yet.", "Todavía no hay nadie."),
    "circles.write": ("Write to this circle", "Escribir a este círculo"),
    "circles.person": ("Add somebody you follow (the name, as in nadia)", "Añadir a alguien a quien sigue (el nombre, como nadia)"),
    "circles.add": ("Add", "Añadir"),
    "circles.take_out": ("Take out", "Quitar"),
    "circles.delete": ("Delete this circle", "Borrar este círculo"),
    "circles.new": ("A new circle", "Un círculo nuevo"),
    "circles.name": ("Name (only you see it)", "Nombre (solo lo ve usted)"),
    "circles.make": ("Make this circle", "Crear este círculo"),
    "circles.not_followed": (
        "You can add people whom you follow. Please check the name, or follow this person first.",
        "Puede añadir a personas a quienes sigue. Compruebe el nombre, o siga antes a esa persona.",
    ),
    "said.circle_made": ("The circle is made. Add people to it.", "El círculo está creado. Añada personas."),
    "said.circle_changed": ("That is saved.", "Se ha guardado."),
    "said.circle_deleted": ("The circle is deleted.", "El círculo está borrado."),
    "write.to.circle": ("Your circle {name}", "Su círculo {name}"),
    "aud.circle": (
        "Only these people can read this, and they do not learn of each other: {people}.",
        "Solo estas personas pueden leer esto, y no saben unas de otras: {people}.",
    ),
    "aud.circle_more": ("{people} and {count} more", "{people} y {count} más"),
}  # fmt: skip
