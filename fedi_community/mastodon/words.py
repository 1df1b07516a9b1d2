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
    "unknown_mention": "Una de las personas o grupos mencionados no existe aquí.",
}


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
