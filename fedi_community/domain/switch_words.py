"""What follows from a change of a group's switches, in plain words: key -> (English, Spanish). `{who}` is one of WHO. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from fedi_community.domain.model import Who
from fedi_community.domain.switches import Said

WHO: Final[dict[Who, tuple[str, str]]] = {
    Who.EVERYONE: ("everybody on the internet", "cualquiera en internet"),
    Who.SERVER: ("everybody who has an account here", "quien tenga una cuenta aquí"),
    Who.MEMBERS: ("the members of the group", "los miembros del grupo"),
    Who.MENTORS: ("the mentors and the staff of the group", "los mentores y el equipo del grupo"),
    Who.STAFF: ("the staff of the group", "el equipo del grupo"),
}

TEXTS: Final[dict[str, tuple[str, str]]] = {
    "reads_narrower": (
        "From now on only these can read the group: {who}. That holds at once, and for what was written before, too.",
        "A partir de ahora solo podrán leer el grupo: {who}. Vale de inmediato, y también para lo escrito antes.",
    ),
    "copies_stay": (
        "What was public until now may have been copied. Other servers and search engines keep the copies that they have, and "
        "nobody can call them back.",
        "Lo que hasta ahora era público puede haberse copiado. Otros servidores y buscadores conservan sus copias, "
        "y nadie puede recuperarlas.",
    ),
    "elsewhere_leave": (
        "Members on other servers are no longer in the group, except on servers that you listed for it. They are told.",
        "Los miembros de otros servidores dejan de estar en el grupo, salvo en los servidores que usted indicó. Se les avisa.",
    ),
    "reads_wider": (
        "New discussions can be read by {who}.",
        "Las conversaciones nuevas las podrá leer {who}.",
    ),
    "reads_wider_old": (
        "Opening the group does not open what was written before: earlier discussions, and new answers in them, stay with {who}.",
        "Abrir el grupo no abre lo que se escribió antes: las conversaciones anteriores, y las respuestas nuevas en ellas, "
        "siguen siendo solo para {who}.",
    ),
    "reads_wider_members": (
        "Opening the group does not open what was written before: earlier discussions, and new answers in them, stay with those "
        "who are members now. Who joins later does not see them.",
        "Abrir el grupo no abre lo que se escribió antes: las conversaciones anteriores, y las respuestas nuevas en ellas, siguen "
        "siendo solo para quienes son miembros ahora. Quien entre más tarde no las verá.",
    ),
    "finds_wider": (
        "The group, its name and its description can be found by {who}.",
        "El grupo, su nombre y su descripción los podrá encontrar {who}.",
    ),
    "finds_narrower": (
        "The group can only be found by {who}. For everybody else it is as if it did not exist. Who is in it stays in it.",
        "El grupo solo lo podrá encontrar {who}. Para los demás será como si no existiera. Quien ya está en él se queda.",
    ),
    "posts": (
        "New discussions can be started by {who}. What is there stays.",
        "Podrá empezar conversaciones nuevas {who}. Lo que ya hay se queda.",
    ),
    "replies": (
        "Answers can be written by {who}. What is there stays.",
        "Podrá escribir respuestas {who}. Lo que ya hay se queda.",
    ),
    "joins_open": (
        "Whoever finds the group can join it at once, without being asked.",
        "Quien encuentre el grupo podrá entrar de inmediato, sin que nadie pregunte.",
    ),
    "joins_approval": (
        "Who wants to join asks, and a mentor or the staff answers.",
        "Quien quiera entrar lo pedirá, y responderá un mentor o el equipo.",
    ),
    "joins_invite": (
        "Only people with an invitation can join.",
        "Solo podrán entrar personas con una invitación.",
    ),
    "requests_stay": (
        "Those who have asked already still wait for your answer.",
        "Quienes ya lo han pedido siguen esperando su respuesta.",
    ),
    "open_door": (
        "Please note: everybody who has an account here can join at once, and then read everything that is written in the group.",
        "Tenga en cuenta: cualquiera que tenga una cuenta aquí podrá entrar de inmediato, y leer todo lo escrito en el grupo.",
    ),
    "question_asked": (
        "Who asks to join is asked your question. Only those who answer requests read the answer, and it is deleted afterwards.",
        "A quien pida entrar se le hará su pregunta. Solo leen la respuesta quienes atienden las solicitudes, y después se borra.",
    ),
    "question_gone": (
        "Who asks to join is asked nothing.",
        "A quien pida entrar no se le preguntará nada.",
    ),
    "nothing": ("Nothing changes.", "No cambia nada."),
}  # fmt: skip


def words(said: Iterable[Said], language: str) -> list[str]:
    """The sentences in English or Spanish."""
    at = 1 if language == "es" else 0
    return [TEXTS[one.key][at].format(who=WHO[one.who][at] if one.who else "") for one in said]
