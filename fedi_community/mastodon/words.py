"""Errors in Spanish: what clients show to people. English stands where the refusal is made; a reason without a row stays so."""

from __future__ import annotations

from typing import Final

from fedi_community.auth import Speaker

SPANISH: Final[dict[str, str]] = {
    "no_token": "El token de acceso no es válido",
    "bad_token": "El token de acceso no es válido",
    "scope": "Esta acción queda fuera de los permisos autorizados",
    "no_member": "Este método necesita que una persona haya entrado",
    "unconfirmed_login": "Todavía no ha confirmado su dirección de correo",
    "pending_login": "Su cuenta espera la aprobación del equipo",
    "confirmed": "Esto solo es posible mientras falta confirmar la dirección de correo",
    "too_many_requests": "Demasiadas peticiones. Espere un poco y vuelva a intentarlo",
    "not_found": "No se ha encontrado",
    "status_404": "No se ha encontrado",
    "status_405": "Método no permitido",
    "status_413": "La petición es demasiado grande",
    "status_500": "Hubo un problema en el servidor. Vuelva a intentarlo más tarde.",
    "empty": "El texto no puede estar vacío",
    "too_long": "El texto es demasiado largo",
    "bad_visibility": "Esa visibilidad no existe",
    "signups_closed": "Aquí no es posible registrarse por cuenta propia",
    "storage": "El servidor no puede guardar nada ahora. Vuelva a intentarlo.",
    "busy": "Hay demasiadas personas entrando a la vez. Vuelva a intentarlo.",
    "not_a_member": "Solo los miembros del grupo pueden escribir en él.",
    "media_kind": "Este tipo de archivo no se puede publicar. Sí se pueden imágenes (JPEG, PNG, GIF, WebP, AVIF), vídeos "
    "(MP4, WebM, MOV) y sonidos (MP3, OGG, M4A, FLAC, WAV).",
    "media_heic": "Aquí no se pueden leer imágenes HEIC. Comparta la imagen como JPEG; los teléfonos lo permiten en sus ajustes.",
    "media_too_large": "El archivo es demasiado grande.",
    "media_too_many_pixels": "La imagen tiene demasiados píxeles.",
    "media_too_long": "La animación o el vídeo es demasiado largo.",
    "media_codec": "El vídeo o sonido tiene una forma que no se puede aceptar. MP4 con H.264 y AAC funciona en todas partes.",
    "media_broken": "El archivo está dañado y no se pudo leer.",
    "media_too_slow": "Se tardó demasiado en leer el archivo. Pruebe con uno más pequeño.",
    "media_unknown": "Uno de los archivos ya no existe. Vuelva a adjuntarlo.",
    "media_not_ready": "Los archivos que aún se están preparando no se pueden adjuntar. Vuelva a intentarlo en un momento.",
    "media_taken": "Uno de los archivos ya pertenece a otro mensaje.",
    "media_too_many": "El mensaje tiene demasiados archivos.",
    "media_in_use": "Este archivo pertenece a un mensaje. Cambie o borre el mensaje.",
    "media_focus": "El foco son dos números entre -1 y 1, como 0.5,-0.2.",
    "media_description": "La descripción es demasiado larga.",
    "reads_wider_than_finds": "Quien lee un grupo tiene que poder encontrarlo: amplíe «finds» o reduzca «reads».",
    "writes_wider_than_reads": "Quien escribe en un grupo tiene que poder leerlo: reduzca «posts» y «replies».",
    "hidden_joins": "Nadie puede pedir entrar en un grupo que no encuentra: en un grupo oculto se entra por invitación.",
    "question_without_approval": "La pregunta se hace a quienes alguien responde: elija la entrada con aprobación.",
    "too_many_invitations": "Hay demasiadas invitaciones. Anule antes alguna.",
    "by_invitation": "En este grupo se entra por invitación.",
    "claims_a_name": "Este nombre está reservado a quienes llevan este servidor. Elija otro, por favor.",
    "claims_a_badge": "Los signos y palabras que parecen una insignia están reservados al equipo. Quítelos, por favor.",
    "too_many_personas": "Nadie tiene más de cinco nombres más. Antes termine uno de ellos.",
    "gives_away": "Este nombre dice quién es usted: contiene otro de sus nombres. Elija uno distinto.",
    "bad_name": "Dé un nombre de 1 a 100 caracteres.",
    "one_a_group": "Ya tiene un nombre para este grupo.",
    "only_there": "Este nombre suyo es para un solo grupo. Solo escribe y entra allí.",
    "as_yourself": "Esto lo hace la cuenta misma, no con otro de sus nombres.",
    "no_reason": "Diga por qué.",
    "no_persona": "Esto no es otro nombre de nadie.",
    "not_two": "Tiene que confirmarlo otra persona del personal.",
    "unmasking_over": "Esto ha caducado o ya se ha leído. Vuelva a pedirlo.",
    "empty_circle": "No hay nadie en este círculo. Añada antes a alguien.",
    "circle_answers": "Una respuesta va a la conversación a la que responde, no a un círculo.",
    "no_power": "Usted es mentor de este grupo, pero el equipo no le ha dado permiso para esto. Pregúntele, por favor.",
    "appealed": "Ya ha reclamado. Lo leerá otra persona del equipo.",
    "measure_over": "Esto ya ha terminado. No hay nada que reclamar.",
    "appeal_blank": "Escriba por qué cree que fue un error.",
    "appeal_too_long": "Una reclamación tiene como máximo 2000 caracteres.",
    "wrong_password": "La contraseña no es correcta.",
    "runs_server": "Quienes llevan el servidor no pueden cerrar aquí su cuenta. La borra otra persona del equipo, después de "
    "suspenderla con la línea de órdenes.",
    "same_person": "Esto lo tiene que decidir otra persona: usted hizo aquello de lo que trata.",
    "appeal_decided": "Esta reclamación ya está decidida.",
    "no_helper": "Este aviso solo se puede pasar a quien pueda atenderlo.",
    "note_blank": "Escriba algo, por favor.",
    "note_too_long": "Una nota tiene como máximo 2000 caracteres.",
    "staff_only": "Solo el equipo de este grupo puede hacer esto.",
    "runs_the_group": "Quien dirige el grupo no puede quedar fuera de él. Antes el equipo tiene que quitarle esa función.",
    "unknown_power": "Ese permiso no existe. Los permisos son: posts, members, reports, settings.",
    "not_a_moderator": "Solo quienes dirigen el grupo pueden hacer esto.",
    "no_words": "Escriba a esta persona qué ha pasado.",
    "not_in_a_group": "Este mensaje no está en ningún grupo de este servidor.",
    "not_published": "Este mensaje no está a la vista en el grupo ahora.",
    "not_a_thread": "Esto es una respuesta, no el comienzo de una conversación.",
    "title_length": "Un título tiene de 1 a 150 caracteres.",
    "stays": "No todos pueden leer esta conversación, así que se queda en su grupo.",
    "same_group": "Ya está en este grupo.",
    "other_readers": "Estas dos conversaciones son de grupos o de lectores distintos, así que siguen separadas.",
    "inside_itself": "Una conversación no puede ser respuesta a sí misma.",
    "not_an_answer": "Esto ya es el comienzo de una conversación.",
    "bad_answer": "Una respuesta guardada tiene un nombre y palabras en inglés, en español o en ambos.",
    "too_many_answers": "Un grupo tiene como máximo 100 respuestas guardadas. Borre antes una.",
    "too_many_words": "Se pueden retener como máximo 200 palabras de 80 caracteres.",
    "not_a_note": "Esto no es una nota del grupo.",
    "nobody_reads": "Nadie lee lo que se envía a este nombre. Para hablar con quienes llevan un grupo, denuncie el mensaje o "
    "escriba en él.",
    "unknown_mention": "Una de las personas o grupos mencionados no existe aquí.",
}

PUSHED: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "mention": {
        "en": ("{name} mentioned you", "You were mentioned"),
        "es": ("{name} le ha mencionado", "Le han mencionado"),
    },
    "status": {
        "en": ("{name} posted something", "There is something new to read"),
        "es": ("{name} ha publicado algo", "Hay algo nuevo que leer"),
    },
    "reblog": {
        "en": ("{name} boosted your post", "Your post was boosted"),
        "es": ("{name} ha compartido lo que usted escribió", "Han compartido lo que usted escribió"),
    },
    "favourite": {
        "en": ("{name} liked your post", "Somebody liked your post"),
        "es": ("A {name} le gusta lo que usted escribió", "A alguien le gusta lo que usted escribió"),
    },
    "follow": {
        "en": ("{name} follows you now", "Somebody follows you now"),
        "es": ("{name} le sigue ahora", "Alguien le sigue ahora"),
    },
    "follow_request": {
        "en": ("{name} asks to come in", "Somebody asks to come in"),
        "es": ("{name} pide entrar", "Alguien pide entrar"),
    },
    "poll": {
        "en": ("A poll has ended", "A poll has ended"),
        "es": ("Ha terminado una encuesta", "Ha terminado una encuesta"),
    },
    "update": {
        "en": ("{name} edited a post", "A post was edited"),
        "es": ("{name} ha cambiado un mensaje", "Se ha cambiado un mensaje"),
    },
    "admin.sign_up": {
        "en": ("Somebody signed up", "Somebody signed up"),
        "es": ("Alguien se ha registrado", "Alguien se ha registrado"),
    },
    "moderation_warning": {
        "en": ("There is a message from our team for you", "There is a message from our team for you"),
        "es": ("Hay un mensaje de nuestro equipo para usted", "Hay un mensaje de nuestro equipo para usted"),
    },
    "admin.report": {
        "en": ("There is a new report", "There is a new report"),
        "es": ("Hay un aviso nuevo", "Hay un aviso nuevo"),
    },
}
"""Titles of push messages, of each kind: with a name, and without where the post is not for everybody."""


def language_of(accept_language: str | None, speaker: Speaker | None) -> str:
    """en or es, as the request asks (RFC 9110 §12.5.4, first match), else as the member likes."""
    for part in (accept_language or "")[:200].split(","):
        code = part.strip().lower().split(";")[0].split("-")[0]
        if code in ("en", "es"):
            return code
    return speaker.language if speaker is not None and speaker.language in ("en", "es") else "en"


def in_words(reason: str, safe: str, language: str) -> str:
    """A refusal in the caller's language."""
    return SPANISH.get(reason, safe) if language == "es" else safe
