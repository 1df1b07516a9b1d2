"""Words of the pages on which groups are looked after: key -> (English, Spanish). See `catalogue`."""

from __future__ import annotations

from typing import Final

GROUPS: Final[dict[str, tuple[str, str]]] = {
    # --- settings
    "settings.title": ("Settings of the group", "Ajustes del grupo"),
    "settings.intro": (
        "Choose who may do what. You read first what follows from it. Nothing changes before you say yes.",
        "Elija quién puede hacer qué. Primero leerá qué consecuencias tiene. Nada cambia antes de que usted lo confirme.",
    ),
    "settings.finds": ("Who can find the group?", "¿Quién puede encontrar el grupo?"),
    "settings.reads": ("Who can read it?", "¿Quién puede leerlo?"),
    "settings.posts": ("Who can start a discussion?", "¿Quién puede empezar una conversación?"),
    "settings.replies": ("Who can answer?", "¿Quién puede responder?"),
    "settings.joins": ("How do people join?", "¿Cómo se entra?"),
    "settings.who.everyone": ("Everybody on the internet", "Cualquiera en internet"),
    "settings.who.server": ("Everybody with an account here", "Quien tenga una cuenta aquí"),
    "settings.who.members": ("Members of the group", "Miembros del grupo"),
    "settings.who.mentors": ("Mentors and staff", "Mentores y equipo"),
    "settings.who.staff": ("Staff", "Equipo"),
    "settings.joins.open": ("At once", "De inmediato"),
    "settings.joins.approval": ("They ask, and somebody answers", "Lo piden y alguien responde"),
    "settings.joins.invite": ("With an invitation only", "Solo con invitación"),
    "settings.question": ("A question for those who ask to join", "Una pregunta para quienes piden entrar"),
    "settings.question_help": (
        "Leave it empty if you do not want to ask anything.",
        "Déjelo vacío si no quiere preguntar nada.",
    ),
    "settings.next": ("What would follow?", "¿Qué pasaría?"),
    "settings.sure": ("This is what follows", "Estas son las consecuencias"),
    "settings.do": ("Yes, change it", "Sí, cambiarlo"),
    "settings.back": ("No, go back", "No, volver"),
    "settings.runners": ("Who runs this group", "Quién dirige este grupo"),
    "settings.role.staff": ("staff", "del equipo"),
    "settings.role.mentor": ("a mentor", "mentor del grupo"),
    "settings.may": ("May", "Puede"),
    "settings.save": ("Save", "Guardar"),
    "settings.end": ("No longer a mentor", "Ya no es mentor"),
    "settings.add": ("Add a mentor", "Añadir un mentor"),
    "settings.add_name": ("Name of the member, as in nadia", "Nombre del miembro, como nadia"),
    "power.posts": ("look after posts", "cuidar de los mensajes"),
    "power.members": ("let people in, invite, and take people out", "admitir, invitar y sacar a personas"),
    "power.reports": ("work on reports", "atender los avisos"),
    "power.settings": ("change these settings", "cambiar estos ajustes"),
    "said.settings_changed": ("The settings are changed.", "Los ajustes se han cambiado."),
    "said.mentor_changed": ("That is saved.", "Se ha guardado."),
    "said.mentor_ended": ("That person is no longer a mentor.", "Esa persona ya no es mentor."),
    "group.listed": (
        "People on these other servers can be members too, and then their server gets a copy of what is written here: {servers}. "
        "Nobody is told whether somebody is there.",
        "También pueden ser miembros personas de estos otros servidores, y entonces su servidor recibe una copia de lo que se "
        "escribe aquí: {servers}. No se dice a nadie si hay alguien allí.",
    ),
    "aud.listed": (
        "{readers} Members can also be on other servers, which then get a copy: {servers}.",
        "{readers} También puede haber miembros en otros servidores, que entonces reciben una copia: {servers}.",
    ),
    "group.settings": ("Settings of the group", "Ajustes del grupo"),
    "group.invitations": ("Invite people", "Invitar a personas"),
    "group.question": ("The group asks you:", "El grupo le pregunta:"),
    "group.question_note": (
        "Only those who look after the group read your answer. It is deleted afterwards.",
        "Su respuesta solo la leen quienes cuidan del grupo. Después se borra.",
    ),
    "requests.answer": ("Answer:", "Respuesta:"),
    # --- invitations
    "invitations.title": ("Invitations", "Invitaciones"),
    "invitations.intro": (
        "Whoever has the address of an invitation and an account here can come in with it. Give it only to the people you mean.",
        "Quien tenga la dirección de una invitación y una cuenta aquí puede entrar con ella. "
        "Désela solo a las personas que usted quiera.",
    ),
    "invitations.made": ("Your invitation", "Su invitación"),
    "invitations.once": (
        "Copy this address now. It is shown this once, and nobody can look it up later.",
        "Copie ahora esta dirección. Se muestra solo esta vez y nadie puede consultarla después.",
    ),
    "invitations.note": ("For whom is it? (a note for you)", "¿Para quién es? (una nota para usted)"),
    "invitations.uses": ("How many people can come in with it?", "¿Cuántas personas pueden entrar con ella?"),
    "invitations.days": ("For how many days?", "¿Durante cuántos días?"),
    "invitations.make": ("Make an invitation", "Crear una invitación"),
    "invitations.open": ("Invitations that work now", "Invitaciones que funcionan ahora"),
    "invitations.none": ("There are none.", "No hay ninguna."),
    "invitations.unnamed": ("Invitation", "Invitación"),
    "invitations.left": ("places left: {count}", "plazas libres: {count}"),
    "invitations.any": ("for any number of people", "para cualquier número de personas"),
    "invitations.used": ("used: {count}", "usada: {count}"),
    "invitations.until": ("until {day}", "hasta {day}"),
    "invitations.end": ("End it", "Anularla"),
    "said.invitation_ended": ("The invitation no longer works.", "La invitación ya no funciona."),
    "invitation.title": ("You are invited", "Tiene una invitación"),
    "invitation.text": (
        "With this invitation you can join the group.",
        "Con esta invitación puede entrar en el grupo.",
    ),
    "invitation.login": (
        "Log in first. Then you can join the group with this invitation.",
        "Primero entre con su cuenta. Después podrá unirse al grupo con esta invitación.",
    ),
    "invitation.enter": ("Join the group", "Entrar en el grupo"),
    "invitation.go": ("Go to the group", "Ir al grupo"),
    "profile.badge": ("{issuer} says:", "{issuer} dice:"),
    # --- refusals
    "refused.empty_circle": (
        "Nobody is in this circle. Add people to it first.",
        "No hay nadie en este círculo. Añada antes a alguien.",
    ),
    "refused.circle_answers": (
        "An answer goes to the discussion it answers, not to a circle.",
        "Una respuesta va a la conversación a la que responde, no a un círculo.",
    ),
    "refused.claims_a_name": (
        "This name is kept for those who run this site. Please choose another one.",
        "Este nombre está reservado a quienes llevan este sitio. Elija otro, por favor.",
    ),
    "refused.reads_wider_than_finds": (
        "Who reads a group must be able to find it.",
        "Quien lee un grupo tiene que poder encontrarlo.",
    ),
    "refused.writes_wider_than_reads": (
        "Who writes in a group must be able to read it.",
        "Quien escribe en un grupo tiene que poder leerlo.",
    ),
    "refused.hidden_joins": (
        "Nobody can ask to join a group that he cannot find: a hidden group is joined by invitation.",
        "Nadie puede pedir entrar en un grupo que no encuentra: en un grupo oculto se entra por invitación.",
    ),
    "refused.question_without_approval": (
        "A question is asked of those whom somebody answers: choose that they ask, and somebody answers.",
        "La pregunta se hace a quienes alguien responde: elija que lo pidan y alguien responda.",
    ),
    "refused.no_such_member": (
        "There is no member with this name here.",
        "Aquí no hay ningún miembro con ese nombre.",
    ),
    "refused.too_many_invitations": (
        "There are too many invitations. End some of them first.",
        "Hay demasiadas invitaciones. Anule antes alguna.",
    ),
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
