"""Words of the pages about other names one writes under: key -> (English, Spanish). See `catalogue`."""

from __future__ import annotations

from typing import Final

NAMES: Final[dict[str, tuple[str, str]]] = {
    "names.link": ("Other names you write under", "Otros nombres con los que escribe"),
    "names.title": ("Other names you write under", "Otros nombres con los que escribe"),
    "names.intro": (
        "Here you can write under another name. Other people cannot see that it is you.",
        "Aquí puede escribir con otro nombre. Las demás personas no pueden ver que es usted.",
    ),
    "names.protects": ("What it protects you from", "De qué le protege"),
    "names.protects_1": (
        "Nobody who reads here can see which names belong to the same person: not members, not the people who look "
        "after a group, and not other servers.",
        "Nadie que lea aquí puede ver qué nombres son de la misma persona: ni los miembros, ni quienes cuidan de un "
        "grupo, ni otros servidores.",
    ),
    "names.protects_2": (
        "Each name has its own page, its own groups and its own followers. They share nothing.",
        "Cada nombre tiene su propia página, sus propios grupos y sus propios seguidores. No comparten nada.",
    ),
    "names.not": ("What it does not protect you from", "De qué no le protege"),
    "names.not_1": (
        "What you tell. If you tell the same story under two names, people may notice. The same goes for your town, your "
        "dates, your pictures and the way you write.",
        "Lo que usted cuenta. Si cuenta la misma historia con dos nombres, alguien puede darse cuenta. También con su "
        "ciudad, sus fechas, sus fotos y su manera de escribir.",
    ),
    "names.not_2": (
        "When you write. If two names always write in the same minutes, people may notice. Wait a little in between.",
        "Cuándo escribe. Si dos nombres escriben siempre en los mismos minutos, alguien puede darse cuenta. Espere un poco "
        "entre uno y otro.",
    ),
    "names.not_3": (
        "Those who run this site. The server has to know which names are yours. Two people of the staff can look it up "
        "together when somebody is in danger. It is written down, and you are told a month later.",
        "Quienes llevan este sitio. El servidor tiene que saber qué nombres son suyos. Dos personas del personal pueden "
        "mirarlo juntas si alguien está en peligro. Queda escrito, y a usted se le dice un mes después.",
    ),
    "names.not_4": (
        "The rules. Whoever blocks one of your names does not hear from the others either.",
        "Las normas. A quien bloquea uno de sus nombres tampoco le llega lo que escribe con los otros.",
    ),
    "names.yours": ("Your names", "Sus nombres"),
    "names.self": ("your account", "su cuenta"),
    "names.now": ("You write as {name} now.", "Ahora escribe como {name}."),
    "names.only": ("only in the group {group}", "solo en el grupo {group}"),
    "names.use": ("Write as {name}", "Escribir como {name}"),
    "names.end": ("End this name", "Terminar con este nombre"),
    "names.new": ("Make a new name", "Crear un nombre nuevo"),
    "names.name": ("The name that others read", "El nombre que leen los demás"),
    "names.name_help": (
        "Choose one that does not tell who you are. For example: Quiet River.",
        "Elija uno que no diga quién es usted. Por ejemplo: Río Tranquilo.",
    ),
    "names.handle": ("A short name for the address", "Un nombre corto para la dirección"),
    "names.handle_help": (
        "Small letters without accents, digits, “-” and “_”. For example: quiet_river. It cannot be changed later.",
        "Letras pequeñas sin acentos, cifras, «-» y «_». Por ejemplo: rio_tranquilo. No se puede cambiar después.",
    ),
    "names.where": ("Where you will use it", "Dónde lo usará"),
    "names.anywhere": ("Anywhere", "En todas partes"),
    "names.make": ("Make this name", "Crear este nombre"),
    "names.full": (
        "You have {count} other names. That is as many as one person may have. End one of them to make a new one.",
        "Tiene {count} nombres más. Son todos los que puede tener una persona. Termine uno para crear otro.",
    ),
    "names.end_title": ("End the name {name}", "Terminar con el nombre {name}"),
    "names.end_ask": (
        "Everything that you wrote as {name} is deleted, here and, if they do as we ask, on other servers. Nobody can use the "
        "name again, you neither. Your other names stay as they are.",
        "Se borra todo lo que escribió como {name}, aquí y, si hacen lo que pedimos, en otros servidores. Nadie podrá volver "
        "a usar el nombre, usted tampoco. Sus otros nombres siguen como están.",
    ),
    "names.end_submit": ("Yes, end this name", "Sí, terminar con este nombre"),
    "names.back": ("Back to your names", "Volver a sus nombres"),
    "close.link": ("Close your account", "Cerrar su cuenta"),
    "close.title": ("Close your account", "Cerrar su cuenta"),
    "close.intro": (
        "You can leave at any time. You need not say why.",
        "Puede irse cuando quiera. No tiene que decir por qué.",
    ),
    "close.goes": ("What is deleted", "Qué se borra"),
    "close.goes_1": (
        "Everything you wrote, your pictures and films, your page and your lists. This happens at once.",
        "Todo lo que escribió, sus imágenes y vídeos, su página y sus listas. Ocurre enseguida.",
    ),
    "close.goes_2": (
        "Your e-mail address and your password. You leave every group.",
        "Su correo electrónico y su contraseña. Sale de todos los grupos.",
    ),
    "close.goes_3": (
        "If you write under other names: those names end too, each at another time within a week. So nobody can see that they "
        "were yours.",
        "Si escribe con otros nombres: también terminan, cada uno en un momento distinto a lo largo de una semana. Así nadie puede "
        "ver que eran suyos.",
    ),
    "close.stays": ("What we cannot call back", "Lo que no podemos retirar"),
    "close.stays_1": (
        "We ask every server that may have a copy to delete it. Most do. We cannot make them do it.",
        "Pedimos a todos los servidores que pueden tener una copia que la borren. La mayoría lo hace. No podemos obligarlos.",
    ),
    "close.stays_2": (
        "Pictures of the screen, e-mails and what people remember stay with them.",
        "Las capturas de pantalla, los correos y lo que la gente recuerda se quedan con ella.",
    ),
    "close.stays_3": (
        "If somebody reported a post of yours, our team keeps a copy of it for 30 days. What our team did stays written down.",
        "Si alguien avisó de un mensaje suyo, el equipo guarda una copia durante 30 días. Lo que hizo el equipo queda anotado.",
    ),
    "close.stays_4": (
        "Backups of this server keep older data until they are replaced.",
        "Las copias de seguridad de este servidor conservan datos antiguos hasta que se reemplazan.",
    ),
    "close.never": (
        "This cannot be undone. Nobody can use your name again, you neither.",
        "No se puede deshacer. Nadie podrá volver a usar su nombre, usted tampoco.",
    ),
    "close.password": ("Your password, so that we know it is you", "Su contraseña, para saber que es usted"),
    "close.submit": ("Yes, close my account for good", "Sí, cerrar mi cuenta para siempre"),
    "close.as_yourself": (
        "You write under another name now. To close your account, first go back to your own name. To end this name alone, see:",
        "Ahora escribe con otro nombre. Para cerrar su cuenta, vuelva antes a su nombre. Para terminar solo con este nombre, vea:",
    ),
    "close.back": ("No, go back", "No, volver"),
    "said.closed": (
        "Your account is closed. Thank you for having been here.",
        "Su cuenta está cerrada. Gracias por haber estado aquí.",
    ),
    "refused.wrong_password": ("The password is not right.", "La contraseña no es correcta."),
    "refused.as_yourself": (
        "This is done by the account itself, under none of its other names.",
        "Esto lo hace la propia cuenta, con ninguno de sus otros nombres.",
    ),
    "refused.runs_server": (
        "Those who run the server cannot close their account here. Another of them deletes it, after the command line suspended "
        "it.",
        "Quienes llevan el servidor no pueden cerrar aquí su cuenta. La borra otra persona del equipo, después de suspenderla con "
        "la línea de órdenes.",
    ),
    "strikes.link": (
        "How often was there a problem with this person?",
        "¿Cuántas veces hubo un problema con esta persona?",
    ),
    "strikes.title": ("Problems with this person before", "Problemas anteriores con esta persona"),
    "strikes.how": (
        "This counts what those who look after groups had to do about the person, under any name the person writes under. It is "
        "rounded, and some weeks late, so that it tells nobody which names belong together.",
        "Aquí se cuenta lo que tuvieron que hacer quienes cuidan de los grupos por esta persona, con cualquiera de los nombres con "
        "los que escribe. Está redondeado y llega con semanas de retraso, para que no diga a nadie qué nombres van juntos.",
    ),
    "strikes.back": ("Back to the post", "Volver al mensaje"),
    "write.as": ("You write as", "Escribe como"),
    "write.as_change": ("Write under another name", "Escribir con otro nombre"),
    "said.name_made": (
        "You have a new name. Choose it below to write as it.",
        "Tiene un nombre nuevo. Elíjalo abajo para escribir con él.",
    ),
    "said.name_used": ("You write under this name now.", "Ahora escribe con este nombre."),
    "said.name_ended": ("The name is ended.", "El nombre ha terminado."),
    "refused.only_there": (
        "This name of yours is for one group. It writes and joins only there. To write elsewhere, choose another of your names.",
        "Este nombre es para un solo grupo. Solo escribe y entra allí. Para escribir en otro lugar, elija otro de sus nombres.",
    ),
    "refused.too_many_personas": (
        "You have as many other names as one person may have. End one of them first.",
        "Tiene todos los nombres que puede tener una persona. Antes termine uno de ellos.",
    ),
    "refused.gives_away": (
        "This name tells who you are: another name of yours is in it. Please choose a different one.",
        "Este nombre dice quién es usted: contiene otro de sus nombres. Elija uno distinto.",
    ),
    "refused.bad_name": ("Please give a name of 1 to 100 characters.", "Dé un nombre de 1 a 100 caracteres."),
    "refused.one_a_group": (
        "You have a name for this group already.",
        "Ya tiene un nombre para este grupo.",
    ),
}
