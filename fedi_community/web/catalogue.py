"""Every word of the pages, English and Spanish side by side: key -> (English, Spanish).

A key that ends in `.one` or `.other` is a plural form. `{name}` is filled in. Plain words and short sentences: readers may
be old, ill and afraid. Spanish says *usted*. A test holds the two columns, and the templates, together.
"""

from __future__ import annotations

from typing import Final

from fedi_community.web.catalogue_circles import CIRCLES
from fedi_community.web.catalogue_desk import DESK
from fedi_community.web.catalogue_groups import GROUPS
from fedi_community.web.catalogue_hosts import HOSTS
from fedi_community.web.catalogue_names import NAMES
from fedi_community.web.catalogue_reports import REPORTS
from fedi_community.web.catalogue_signin import SIGN_IN

LANGUAGES: Final = ("en", "es")

WORDS: Final[dict[str, tuple[str, str]]] = {
    # --- the frame
    "skip": ("Skip to the content", "Saltar al contenido"),
    "nav": ("Main menu", "Menú principal"),
    "nav.home": ("Home", "Inicio"),
    "nav.groups": ("Groups", "Grupos"),
    "nav.write": ("Write", "Escribir"),
    "nav.news": ("News", "Novedades"),
    "nav.me": ("My page", "Mi página"),
    "nav.login": ("Log in", "Entrar"),
    "nav.logout": ("Log out", "Salir"),
    "nav.about": ("About us", "Quiénes somos"),
    "nav.privacy": ("Your privacy", "Su privacidad"),
    "nav.lifelines": ("Help in a crisis", "Ayuda en una crisis"),
    "footer": ("About this site", "Sobre este sitio"),
    "language.other": ("Español", "English"),
    "language.name.en": ("English", "inglés"),
    "language.name.es": ("Spanish", "español"),
    "footer.emergency": (
        "This site is not for emergencies. In danger, call your emergency number (911 in the USA, 112 in Europe).",
        "Este sitio no es para emergencias. "
        "Si hay peligro, llame al número de emergencias (911 en Estados Unidos, 112 en Europa).",
    ),
    "logged_in_as": ("You are logged in as {name}.", "Ha entrado como {name}."),
    # --- home
    "home.title": ("Home", "Inicio"),
    "home.welcome": ("You are welcome here", "Le damos la bienvenida"),
    "home.intro": (
        "{site} is a place for patients, families and caregivers. Read articles. Ask questions. Share what helped you.",
        "{site} es un lugar para pacientes, familias y personas que cuidan. Lea artículos. Pregunte. Cuente lo que le ayudó.",
    ),
    "home.free": (
        "It is free. There is no advertising, and nobody follows what you read.",
        "Es gratis. No hay publicidad y nadie sigue lo que usted lee.",
    ),
    "home.find_group": ("Find your group", "Encuentre su grupo"),
    "home.articles": ("New articles", "Artículos nuevos"),
    "home.all_groups": ("See all groups", "Ver todos los grupos"),
    "home.news": ("What is new for you", "Novedades para usted"),
    "home.news_intro": (
        "This is what people and groups that you follow have written, newest first.",
        "Esto es lo que han escrito las personas y los grupos que usted sigue, lo más nuevo primero.",
    ),
    "home.told": ("What happened", "Qué ha pasado"),
    "home.told_all": ("See all that happened", "Ver todo lo que ha pasado"),
    "home.told_nothing": (
        "Nothing has happened yet. When somebody answers you, you see it here.",
        "Todavía no ha pasado nada. Cuando alguien le responda, lo verá aquí.",
    ),
    "home.mention": ("{name} wrote to you.", "{name} le ha escrito."),
    "home.follow": ("{name} follows you now.", "{name} le sigue ahora."),
    "home.favourite": ("{name} liked what you wrote.", "A {name} le ha gustado lo que usted escribió."),
    "home.moderation_warning": (
        "Our team has a message for you, about your account or something you wrote.",
        "Nuestro equipo tiene un mensaje para usted, sobre su cuenta o algo que escribió.",
    ),
    "home.group_accepted": ("You are a member of {group} now.", "Ya es miembro de {group}."),
    "home.group_refused": (
        "{group} did not let you in this time.",
        "{group} no aceptó su solicitud esta vez.",
    ),
    "home.group_mentor": (
        "You are a mentor of {group} now. Here you find what waits for you.",
        "Usted ayuda ahora a llevar {group}. Aquí encuentra lo que le espera.",
    ),
    "home.group_staff": (
        "You are on the staff of {group} now. Here you find what waits for you.",
        "Usted es ahora parte del personal de {group}. Aquí encuentra lo que le espera.",
    ),
    "home.group_role_ended": (
        "You no longer help to run {group}. You are a member as before. Thank you for your help.",
        "Usted ya no ayuda a llevar {group}. Sigue siendo miembro como antes. Gracias por su ayuda.",
    ),
    "home.group_moved": ("Your discussion is in {group} now.", "Su conversación está ahora en {group}."),
    "home.group_retitled": (
        "{group} gave your discussion another title. Your words are as you wrote them.",
        "{group} puso otro título a su conversación. Sus palabras siguen como las escribió.",
    ),
    "home.empty": (
        "There is nothing here yet. Join a group, and you will see here what people write in it.",
        "Todavía no hay nada. Únase a un grupo y verá aquí lo que se escribe en él.",
    ),
    "home.offer": ("This site also speaks English.", "Este sitio también está en español."),
    "home.offer_link": ("Read it in English", "Leer en español"),
    "home.your_groups": ("Your groups", "Sus grupos"),
    # --- lists and pages
    "older": ("Older posts", "Mensajes anteriores"),
    "newest": ("Back to the newest", "Volver a lo más nuevo"),
    "empty": ("There is nothing to read here yet.", "Todavía no hay nada que leer aquí."),
    "read_more": ("Read on", "Seguir leyendo"),
    # --- groups
    "groups.title": ("Groups", "Grupos"),
    "groups.intro": (
        "Each group is about one topic. Choose the one that is close to your life.",
        "Cada grupo trata un tema. Elija el que se parece a lo que usted vive.",
    ),
    "groups.none": ("There are no groups yet.", "Todavía no hay grupos."),
    "groups.yours": ("You are a member", "Usted es miembro"),
    "group.members.one": ("{count} member", "{count} miembro"),
    "group.members.other": ("{count} members", "{count} miembros"),
    "group.members.about": ("{count} members or more", "{count} miembros o más"),
    "group.members.few": ("Fewer than 10 members", "Menos de 10 miembros"),
    "group.join": ("Join this group", "Unirme a este grupo"),
    "group.ask": ("Ask to join", "Pedir entrar"),
    "group.leave": ("Leave this group", "Dejar este grupo"),
    "group.asked": (
        "You have asked to join. The people who run the group will answer you.",
        "Ha pedido entrar. Las personas que llevan el grupo le responderán.",
    ),
    "group.withdraw": ("Take my request back", "Retirar mi solicitud"),
    "group.kept_out": (
        "You cannot take part in this group now. Why, and how to say that it is wrong:",
        "Ahora no puede participar en este grupo. Por qué, y cómo decir que es un error:",
    ),
    "group.member": ("You are a member of this group.", "Usted es miembro de este grupo."),
    "group.by_invitation": (
        "You can join this group only when its team invites you.",
        "Solo se entra en este grupo por invitación de su equipo.",
    ),
    "group.login_to_join": ("Log in to join", "Entrar para unirse"),
    "group.write": ("Write in this group", "Escribir en este grupo"),
    "group.requests.one": ("{count} person asks to join", "{count} persona pide entrar"),
    "group.requests.other": ("{count} people ask to join", "{count} personas piden entrar"),
    "requests.title": ("Who asks to join", "Quién pide entrar"),
    "requests.intro": (
        "Only the team of this group sees this page. Each person is told what you answer.",
        "Solo el equipo de este grupo ve esta página. Cada persona recibirá su respuesta.",
    ),
    "requests.none": ("Nobody is waiting for an answer.", "Nadie espera una respuesta."),
    "requests.accept": ("Let in", "Dejar entrar"),
    "requests.refuse": ("Refuse", "Rechazar"),
    "requests.more.one": ("{count} more person waits.", "Espera {count} persona más."),
    "requests.more.other": ("{count} more people wait.", "Esperan {count} personas más."),
    "group.held.one": ("{count} post waits to be read", "{count} mensaje espera a ser leído"),
    "group.held.other": ("{count} posts wait to be read", "{count} mensajes esperan a ser leídos"),
    "held.title": ("Posts to read first", "Mensajes que leer antes"),
    "held.intro": (
        "These posts wait here until somebody of the team has read them. Only the team and their authors see them.",
        "Estos mensajes esperan aquí hasta que alguien del equipo los lea. Solo los ven el equipo y sus autores.",
    ),
    "held.why.first": ("It waits because it is the first that this person writes here.",
                       "Espera porque es lo primero que esta persona escribe aquí."),
    "held.why.word": ("It waits because of a word that the group wants to read first.",
                      "Espera por una palabra que el grupo quiere leer antes."),
    "held.why.link": ("It waits because it has a link.", "Espera porque tiene un enlace."),
    "held.why.phone": ("It waits because it has a telephone number.",
                       "Espera porque tiene un número de teléfono."),
    "held.why.approval": ("It waits because answers here are read first.",
                          "Espera porque aquí las respuestas se leen antes."),
    "held.why.moderator": ("It waits because somebody of the team took it back for now.",
                           "Espera porque alguien del equipo lo apartó por ahora."),
    "held.none": ("Nothing is waiting.", "No hay nada en espera."),
    "held.publish": ("Publish", "Publicar"),
    "held.remove": ("Remove", "Retirar"),
    "held.more.one": ("{count} more post waits.", "Espera {count} mensaje más."),
    "held.more.other": ("{count} more posts wait.", "Esperan {count} mensajes más."),
    "group.rules": ("Who can do what here", "Quién puede hacer qué aquí"),
    "group.posts": ("Discussions and articles", "Conversaciones y artículos"),
    "group.closed": (
        "What is written here is only for those inside. You can read it after you join.",
        "Lo que se escribe aquí es solo para quienes están dentro. Podrá leerlo cuando entre.",
    ),
    "group.feed": ("Feed of this group (for news readers)", "Canal del grupo (para lectores de noticias)"),
    "reads.everyone": ("Everyone on the web can read.", "Todo el mundo en internet puede leer."),
    "reads.server": ("Everyone with an account here can read.", "Puede leer quien tiene una cuenta aquí."),
    "reads.members": ("Only members can read.", "Solo los miembros pueden leer."),
    "reads.mentors": ("Only mentors and staff can read.", "Solo pueden leer mentores y personal."),
    "reads.staff": ("Only staff can read.", "Solo puede leer el personal."),
    "posts.everyone": ("Everyone can start a discussion.", "Todos pueden empezar una conversación."),
    "posts.server": (
        "Everyone with an account here can start a discussion.",
        "Puede empezar una conversación quien tiene una cuenta aquí.",
    ),
    "posts.members": (
        "Members can start a discussion.",
        "Los miembros pueden empezar una conversación.",
    ),
    "posts.mentors": (
        "Mentors and staff start the discussions.",
        "Las conversaciones las empiezan mentores y personal.",
    ),
    "posts.staff": ("Staff write the articles here.", "El personal escribe los artículos aquí."),
    "replies.everyone": ("Everyone can reply.", "Todos pueden responder."),
    "replies.stranger": (
        "Everyone can reply: log in, or answer from another server.",
        "Todos pueden responder: entre, o responda desde otro servidor.",
    ),
    "replies.server": (
        "Everyone with an account here can reply.",
        "Puede responder quien tiene una cuenta aquí.",
    ),
    "replies.members": ("Members can reply.", "Los miembros pueden responder."),
    "replies.mentors": ("Only mentors and staff can reply.", "Solo pueden responder mentores y personal."),
    "replies.staff": ("Only staff can reply.", "Solo puede responder el personal."),
    "joins.open": ("Anyone can join.", "Cualquiera puede unirse."),
    "joins.approval": (
        "You ask to join, and the team answers you.",
        "Usted pide entrar y el equipo le responde.",
    ),
    "joins.invite": ("People join by invitation.", "Se entra por invitación."),
    # --- who can read
    "audience": ("Who can read this:", "Quién puede leer esto:"),
    "aud.public": ("Everyone on the web can read this.", "Todo el mundo en internet puede leer esto."),
    "aud.server": (
        "Everyone who has an account here can read this, and nobody else.",
        "Puede leer esto quien tiene una cuenta aquí, y nadie más.",
    ),
    "aud.members.few": (
        "Only members of {group} can read this (fewer than 10 members now, and people who join later).",
        "Solo los miembros de {group} pueden leer esto (menos de 10 ahora, y quienes entren después).",
    ),
    "aud.members.other": (
        "Only members of {group} can read this ({count} members or more now, and people who join later).",
        "Solo los miembros de {group} pueden leer esto ({count} o más ahora, y quienes entren después).",
    ),
    "aud.mentors": (
        "Only the mentors and staff of {group} can read this.",
        "Solo mentores y personal de {group} pueden leer esto.",
    ),
    "aud.staff": (
        "Only the staff of {group} can read this.",
        "Solo el personal de {group} puede leer esto.",
    ),
    "aud.followers": (
        "Only people who follow {name} can read this.",
        "Solo las personas que siguen a {name} pueden leer esto.",
    ),
    "aud.your_followers": (
        "Only people who follow you can read this, now and later.",
        "Solo las personas que le siguen pueden leer esto, ahora y después.",
    ),
    "aud.people": (
        "Only you and these people can read this: {names}.",
        "Solo usted y estas personas pueden leer esto: {names}.",
    ),
    "aud.chosen": (
        "Only {name} and the people {name} chose can read this. You are one of them.",
        "Solo {name} y las personas que eligió pueden leer esto. Usted es una de ellas.",
    ),
    "aud.self": ("Only you can read this.", "Solo usted puede leer esto."),
    "aud.named": (
        "Only the people you name with @ can read this.",
        "Solo las personas que usted nombre con @ pueden leer esto.",
    ),
    "aud.author": (
        "Only you, {name} and the people you name with @ can read this.",
        "Solo usted, {name} y las personas que nombre con @ pueden leer esto.",
    ),
    # --- a post
    "post.by": ("By {name}", "De {name}"),
    "post.in_group": ("In {group}", "En {group}"),
    "post.reply_to": ("Reply to {name}", "Respuesta a {name}"),
    "post.reply_to_someone": ("Reply to a post that is not here", "Respuesta a un mensaje que no está aquí"),
    "post.level": ("level {level}", "nivel {level}"),
    "post.shared": ("{name} shared this", "{name} compartió esto"),
    "post.edited": ("Changed {when}", "Cambiado {when}"),
    "post.permalink": ("Link to this post", "Enlace a este mensaje"),
    "post.reply": ("Reply", "Responder"),
    "post.like": ("Thank you, this helped", "Gracias, me ayudó"),
    "post.unlike": ("Take my thanks back", "Retirar mi gracias"),
    "post.likes.one": ("{count} person says thank you", "{count} persona da las gracias"),
    "post.likes.other": ("{count} people say thank you", "{count} personas dan las gracias"),
    "post.replies.one": ("{count} reply", "{count} respuesta"),
    "post.replies.other": ("{count} replies", "{count} respuestas"),
    "post.edit": ("Change", "Cambiar"),
    "post.delete": ("Delete", "Borrar"),
    "post.warning": ("Content warning: {warning}", "Aviso de contenido: {warning}"),
    "post.sensitive": ("This may be hard to read. Open it if you want to.", "Puede ser difícil de leer. Ábralo si quiere."),
    "post.picture_at": ("Picture at {host}: {alt}", "Imagen en {host}: {alt}"),
    "post.picture_at_plain": ("Picture at {host}", "Imagen en {host}"),
    "post.video_at": ("Video at {host}", "Video en {host}"),
    "post.file_at": ("File at {host}", "Archivo en {host}"),
    "post.no_alt": ("Picture without a description", "Imagen sin descripción"),
    "post.original": ("See the original at {host}", "Ver el original en {host}"),
    "post.quoted": ("Quoted post by {name}", "Mensaje citado de {name}"),
    "post.votes.one": ("{count} vote", "{count} voto"),
    "post.votes.other": ("{count} votes", "{count} votos"),
    "post.title": ("Post by {name}", "Mensaje de {name}"),
    "post.sample": ("Sample: invented to show how this site works.", "Muestra: inventado para enseñar cómo funciona este sitio."),
    "state.held": (
        "Only you and the group's team see this now. It waits until a mentor has read it.",
        "Por ahora solo lo ven usted y el equipo del grupo. Espera a que un mentor lo lea.",
    ),
    "state.redacted": (
        "Its words were taken away. Only you and the group's team see what is left.",
        "Se ha quitado su texto. Lo que queda solo lo ven usted y el equipo del grupo.",
    ),
    "state.removed": (
        "The group's team has removed this. Only its author and the team see it.",
        "El equipo del grupo ha retirado esto. Solo lo ven su autor y el equipo.",
    ),
    "state.withdrawn": ("This was withdrawn.", "Esto fue retirado."),
    "state.draft": ("A draft. Only you see it.", "Un borrador. Solo lo ve usted."),
    "state.scheduled": ("Not published yet. Only you see it.", "Aún sin publicar. Solo lo ve usted."),
    # --- an article
    "article.ours": ("Written by our team.", "Escrito por nuestro equipo."),
    "article.others": ("Written by others. We have not reviewed it.", "Escrito por otros. No lo hemos revisado."),
    "article.source": ("Read it at {host}", "Leerlo en {host}"),
    "article.other_text": ("Read this text in {language}", "Leer este texto en {language}"),
    "article.alone": ("The article alone, to read or print", "Solo el artículo, para leer o imprimir"),
    "article.with_discussion": ("See the discussion", "Ver la conversación"),
    "article.topics": ("Topics: {topics}", "Temas: {topics}"),
    "article.advice": (
        "This text is general. It does not replace the advice of your own care team.",
        "Este texto es general. No reemplaza los consejos de su equipo de salud.",
    ),
    # --- a discussion
    "thread.title": ("Discussion started by {name}", "Conversación iniciada por {name}"),
    "thread.discussion": ("Discussion", "Conversación"),
    "thread.none": ("Nobody has replied yet.", "Todavía nadie ha respondido."),
    "thread.none_you": ("Nobody has replied yet. You can be the first.", "Todavía nadie ha respondido. Puede ser usted."),
    "thread.whole": ("See the whole discussion", "Ver toda la conversación"),
    "thread.page": ("Part {page} of {pages}", "Parte {page} de {pages}"),
    "thread.continue": ("Continue: next replies", "Continuar: respuestas siguientes"),
    "thread.back": ("Back: earlier replies", "Volver: respuestas anteriores"),
    "thread.parts": ("Parts of this discussion", "Partes de esta conversación"),
    "thread.locked": ("This discussion is closed to new replies.", "Esta conversación ya no admite respuestas."),
    "thread.login": ("Log in to reply", "Entrar para responder"),
    "thread.your_reply_to": ("Your reply to {name}", "Su respuesta a {name}"),
    "thread.more_choices": ("More choices for your reply", "Más opciones para su respuesta"),
    # --- a profile
    "profile.follow": ("Follow {name}", "Seguir a {name}"),
    "profile.unfollow": ("Stop following {name}", "Dejar de seguir a {name}"),
    "profile.asked": ("You have asked to follow {name}.", "Ha pedido seguir a {name}."),
    "profile.posts": ("Posts", "Mensajes"),
    "profile.you": ("This is your page, as you see it.", "Esta es su página, como la ve usted."),
    "profile.elsewhere": ("This person is at home on {host}.", "Esta persona es de {host}."),
    "profile.moved": ("This person has moved to another account.", "Esta persona se ha mudado a otra cuenta."),
    "profile.bot": ("This account is run by a program or an office.", "Esta cuenta la lleva un programa o una oficina."),
    "profile.address": ("Address: {address}", "Dirección: {address}"),
    # --- a topic
    "tag.title": ("Topic: #{name}", "Tema: #{name}"),
    # --- log in and out
    "login.title": ("Log in", "Entrar"),
    "login.who": ("E-mail address or name", "Correo electrónico o nombre"),
    "login.password": ("Password", "Contraseña"),
    "login.submit": ("Log in", "Entrar"),
    "login.cookie": (
        "We keep one cookie so that you stay logged in. It follows you nowhere.",
        "Guardamos una cookie para que siga dentro. No le sigue a ninguna parte.",
    ),
    "login.no_account": (
        "No account yet? You can read everything that is public without one.",
        "¿Sin cuenta? Puede leer todo lo público sin ella.",
    ),
    "login.clinic_write": (
        "Accounts are made by the clinic. Write to {email}",
        "Las cuentas las hace la clínica. Escriba a {email}",
    ),
    "login.clinic": (
        "Accounts are made by the clinic. Please ask there.",
        "Las cuentas las hace la clínica. Pregunte allí.",
    ),
    "login.approval": (
        "Somebody from our team looks at it first, and then writes to you.",
        "Alguien de nuestro equipo lo mira antes y después le escribe.",
    ),
    "login.help": ("Need help? Write to {email}", "¿Necesita ayuda? Escriba a {email}"),
    "login.wrong": (
        "The name or the password is not right. Please look at both and try again.",
        "El nombre o la contraseña no son correctos. Revise los dos e inténtelo otra vez.",
    ),
    "login.missing": (
        "Please fill in both fields: your name or e-mail address, and your password.",
        "Rellene los dos campos: su nombre o correo, y su contraseña.",
    ),
    "login.closed": (
        "This account cannot log in now. Please write to the people who run this site.",
        "Esta cuenta no puede entrar ahora. Escriba a las personas que llevan este sitio.",
    ),
    "logout.title": ("Log out", "Salir"),
    "logout.ask": ("Do you want to log out on this device?", "¿Quiere salir en este aparato?"),
    "logout.submit": ("Yes, log out", "Sí, salir"),
    # --- writing
    "write.title": ("Write", "Escribir"),
    "write.title_reply": ("Write a reply", "Escribir una respuesta"),
    "write.title_edit": ("Change your post", "Cambiar su mensaje"),
    "write.answering": ("You are replying to this:", "Usted responde a esto:"),
    "write.text": ("Your text", "Su texto"),
    "write.text_help": (
        "Write as you speak. A line with * at its start makes a list. @name tells somebody.",
        "Escriba como habla. Una línea que empieza con * hace una lista. Con @nombre avisa a alguien.",
    ),
    "write.who": ("Who can read it?", "¿Quién podrá leerlo?"),
    "write.to.public": ("Everyone", "Todo el mundo"),
    "write.to.followers": ("People who follow you", "Las personas que le siguen"),
    "write.to.direct": ("Only people I name", "Solo a quienes nombro"),
    "write.to.thread": ("The same people as in this discussion", "Las mismas personas que en esta conversación"),
    "write.to.author": ("Only {name}", "Solo {name}"),
    "write.to.group": ("The group {group}", "El grupo {group}"),
    "write.more": ("More choices", "Más opciones"),
    "write.warning": ("Content warning (you may leave this empty)", "Aviso de contenido (puede dejarlo vacío)"),
    "write.warning_help": (
        "Is your text hard to read for some people? Say in a few words what it is about. They then open it only if they want to.",
        "¿Su texto puede ser duro para algunas personas? Diga en pocas palabras de qué trata. Así lo abren solo si quieren.",
    ),
    "write.language": ("Language of your text", "Idioma de su texto"),
    "write.submit": ("Publish", "Publicar"),
    "write.submit_reply": ("Send reply", "Enviar respuesta"),
    "write.submit_edit": ("Save the change", "Guardar el cambio"),
    "write.foresee": ("Who can read this?", "¿Quién puede leer esto?"),
    "write.told": ("Who can read this", "Quién puede leer esto"),
    "write.told_not_yet": ("Nothing is published yet.", "Todavía no se ha publicado nada."),
    "write.submit_sure": ("Yes, publish it", "Sí, publicarlo"),
    "write.audience_stays": (
        "Changing the text does not change who can read it.",
        "Cambiar el texto no cambia quién puede leerlo.",
    ),
    "write.cancel": ("Cancel", "Cancelar"),
    "write.needs_login": ("Your text is not lost", "Su texto no se ha perdido"),
    "write.needs_login_help": (
        "You are not logged in any more. Copy your text from here. Then log in and paste it again.",
        "Ya no está dentro. Copie su texto de aquí. Luego entre y péguelo otra vez.",
    ),
    "write.problem": ("It is not published yet", "Todavía no está publicado"),
    "write.empty": ("Please write something first.", "Primero escriba algo, por favor."),
    "write.too_long": (
        "Your text is too long. It may have {count} characters. Please make it shorter.",
        "Su texto es demasiado largo. Puede tener {count} caracteres. Acórtelo, por favor.",
    ),
    "write.warning_long": (
        "The content warning is too long. A few words are enough.",
        "El aviso de contenido es demasiado largo. Bastan unas palabras.",
    ),
    "write.no_choice": ("Please choose who can read your text.", "Elija quién puede leer su texto."),
    "write.nobody_named": (
        "Please name at least one person with @, for example @maria.",
        "Nombre al menos a una persona con @, por ejemplo @maria.",
    ),
    "write.check_audience": (
        "Please check who can read this. It is not what you saw before.",
        "Revise quién puede leer esto. No es lo que vio antes.",
    ),
    "write.check_mentions": (
        "You name somebody with @. A person you name can read this only if he or she can read this group or discussion anyway.",
        "Usted nombra a alguien con @. Esa persona solo podrá leer esto si ya puede leer este grupo o esta conversación.",
    ),
    # --- deleting
    "delete.title": ("Delete your post", "Borrar su mensaje"),
    "delete.ask": (
        "Do you want to delete this post? You cannot get it back.",
        "¿Quiere borrar este mensaje? No se puede recuperar.",
    ),
    "delete.elsewhere": (
        "We also ask other servers that have a copy to delete it.",
        "También pedimos que lo borren a otros servidores que tienen copia.",
    ),
    "delete.submit": ("Yes, delete it", "Sí, borrarlo"),
    # --- what just happened
    "said.posted": ("Your post is published.", "Su mensaje está publicado."),
    "said.replied": ("Your reply is published.", "Su respuesta está publicada."),
    "said.waits": (
        "We have it. It is published when somebody of the team has read it.",
        "Lo hemos recibido. Se publicará cuando alguien del equipo lo haya leído.",
    ),
    "said.edited": ("Your change is saved.", "Su cambio está guardado."),
    "said.deleted": ("Your post is deleted.", "Su mensaje está borrado."),
    "said.joined": ("You are a member now. Welcome!", "Ya es miembro. ¡Bienvenida, bienvenido!"),
    "said.asked": ("You have asked to join. You will get an answer.", "Ha pedido entrar. Recibirá una respuesta."),
    "said.left": ("You have left the group.", "Ha dejado el grupo."),
    "act.open": ("Look after this", "Cuidar de esto"),
    "act.reason": ("Reason", "Motivo"),
    "act.reason_help": ("Kept in the group’s log.", "Se guarda en el registro del grupo."),
    "act.remove": ("Remove from the group", "Retirar del grupo"),
    "act.restore": ("Show it again", "Volver a mostrarlo"),
    "act.restore_help": (
        "Nobody but its author and those who run the group can see it now.",
        "Ahora solo lo ven quien lo escribió y quienes llevan el grupo.",
    ),
    "act.lock": ("Take no more answers", "No admitir más respuestas"),
    "act.unlock": ("Take answers again", "Volver a admitir respuestas"),
    "act.feature": ("Put at the top of the group", "Destacar en el grupo"),
    "act.unfeature": ("Take from the top", "Dejar de destacar"),
    "act.undo_help": ("Each of these can be undone.", "Todo esto se puede deshacer."),
    "said.act_remove": ("The post is removed from the group.", "El mensaje se ha retirado del grupo."),
    "said.act_restore": ("The post is shown again.", "El mensaje se muestra de nuevo."),
    "said.act_lock": ("The discussion takes no more answers.", "La conversación ya no admite respuestas."),
    "said.act_unlock": ("The discussion takes answers again.", "La conversación vuelve a admitir respuestas."),
    "said.act_feature": ("The post is at the top of the group.", "El mensaje está destacado en el grupo."),
    "said.act_unfeature": ("The post is no longer at the top.", "El mensaje ya no está destacado."),
    "said.held_published": ("The post is published.", "El mensaje se ha publicado."),
    "said.held_removed": ("The post was removed.", "El mensaje se ha retirado."),
    "said.let_in": ("This person is a member now.", "Esta persona ya es miembro."),
    "said.turned_away": ("You have refused this request.", "Ha rechazado esta solicitud."),
    "said.followed": ("You follow this person now.", "Ahora sigue a esta persona."),
    "said.follow_asked": ("You have asked to follow this person.", "Ha pedido seguir a esta persona."),
    "said.unfollowed": ("You no longer follow this person.", "Ya no sigue a esta persona."),
    "said.liked": ("Your thanks are sent.", "Su agradecimiento está enviado."),
    "said.unliked": ("Your thanks are taken back.", "Su agradecimiento está retirado."),
    "said.out": ("You are logged out.", "Ha salido."),
    # --- what went wrong
    "error.title": ("Something went wrong", "Algo salió mal"),
    "error.missing": ("This page is not here", "Esta página no está aquí"),
    "error.missing_help": (
        "The address may be wrong, or the page is gone, or it is only for some people. "
        "If you have an account, log in and try again.",
        "P"
        "uede que la dirección esté mal, que la página ya no exista o que sea solo para algunas personas. "
        "Si tiene cuenta, entre e inténtelo otra vez.",
    ),
    "error.gone": ("This post was deleted", "Este mensaje fue borrado"),
    "error.gone_help": ("Its author has taken it back.", "Su autor lo ha retirado."),
    "error.go_home": ("Go to the start page", "Ir a la página de inicio"),
    "refused.other": ("This is not possible.", "Esto no es posible."),
    "refused.csrf": (
        "This form was open for too long, or came from another site. Please go back, load the page again and try once more.",
        "El formulario estuvo abierto demasiado tiempo o vino de otro sitio. "
        "Vuelva atrás, cargue la página de nuevo e inténtelo otra vez.",
    ),
    "refused.too_many_logins": (
        "Too many attempts. Please wait a few minutes, then try again.",
        "Demasiados intentos. Espere unos minutos e inténtelo otra vez.",
    ),
    "refused.busy": (
        "Too many people are logging in just now. Please wait a moment and try again.",
        "Demasiadas personas están entrando. Espere un momento e inténtelo otra vez.",
    ),
    "refused.storage": (
        "The server cannot save anything just now. Please try again in a minute.",
        "El servidor no puede guardar nada ahora. Inténtelo otra vez en un minuto.",
    ),
    "refused.too_large": ("This is too much to send at once.", "Es demasiado para enviarlo de una vez."),
    "refused.unknown_mention": (
        "One of the people or groups that you name with @ does not exist here. Please check the spelling.",
        "Una de las personas o grupos que nombra con @ no existe aquí. Revise cómo está escrito.",
    ),
    "refused.nobody_reads": (
        "Nobody reads what is sent to this name. To reach those who run a group, report the post, or write in the group.",
        "Nadie lee lo que se envía a este nombre. Para hablar con quienes llevan un grupo, denuncie el mensaje o escriba en él.",
    ),
    "refused.two_groups": (
        "A post belongs to one group. Please name only one.",
        "Un mensaje pertenece a un solo grupo. Nombre solo uno.",
    ),
    "refused.locked": ("This discussion is closed to new replies.", "Esta conversación ya no admite respuestas."),
    "refused.may_not_post": (
        "You cannot start a discussion in this group. You may need to join it first.",
        "No puede empezar una conversación en este grupo. Quizá tenga que unirse antes.",
    ),
    "refused.mods_only": (
        "Only those who run this group start discussions in it. You can answer what they write.",
        "En este grupo solo empiezan conversaciones quienes lo llevan. Puede responder a lo que escriben.",
    ),
    "refused.may_not_reply": (
        "You cannot reply in this group. You may need to join it first.",
        "No puede responder en este grupo. Quizá tenga que unirse antes.",
    ),
    "refused.private_in_open_group": (
        "Everyone can read this group. You cannot write something there only for your followers.",
        "Todo el mundo puede leer este grupo. No puede escribir ahí algo solo para quienes le siguen.",
    ),
    "refused.suspended": ("This account cannot write now.", "Esta cuenta no puede escribir ahora."),
    "refused.not_the_author": ("Only the author can do this.", "Solo el autor puede hacer esto."),
    "refused.not_quotable": ("This post cannot be quoted.", "Este mensaje no se puede citar."),
    "refused.not_boostable": ("Only public posts can be shared.", "Solo se comparten mensajes públicos."),
    "refused.by_invitation": ("This group is joined by invitation.", "En este grupo se entra por invitación."),
    "refused.not_asked": (
        "This person has not asked to join, or has an answer already.",
        "Esta persona no ha pedido entrar o ya tiene respuesta.",
    ),
    "refused.host_not_allowed": (
        "This group stays on this site, so people from that server cannot join.",
        "Este grupo no sale de este sitio: no pueden entrar personas de ese servidor.",
    ),
    "refused.not_here": ("This cannot be changed here.", "Esto no se puede cambiar aquí."),
    # --- about
    "about.title": ("About us", "Quiénes somos"),
    "about.1": (
        "{site} is a community for patients, families and caregivers. It is run by a clinic.",
        "{site} es una comunidad para pacientes, familias y personas que cuidan. La lleva una clínica.",
    ),
    "about.2": (
        "Groups are about health topics. Our staff run them. Mentors help: they are members with experience.",
        "Los grupos tratan temas de salud. Los lleva nuestro personal. Ayudan mentores: son miembros con experiencia.",
    ),
    "about.3": (
        "You can read everything that is public without an account. Some groups are only for members.",
        "Puede leer todo lo público sin cuenta. Algunos grupos son solo para miembros.",
    ),
    "about.4": (
        "People from other servers of the open social web (the fediverse) can follow our public groups and reply.",
        "P"
        "ersonas de otros servidores de la red social abierta (el fediverso) pueden seguir nuestros grupos públicos y responder.",
    ),
    "about.5": (
        "What people write here is their own experience. It does not replace your care team.",
        "Lo que la gente escribe aquí es su propia experiencia. No reemplaza a su equipo de salud.",
    ),
    "about.contact": ("How to reach us", "Cómo encontrarnos"),
    "about.contact_email": ("Write to {email}", "Escriba a {email}"),
    "about.contact_none": ("Ask at your clinic.", "Pregunte en su clínica."),
    # --- privacy
    "privacy.title": ("Your privacy", "Su privacidad"),
    "privacy.no_tracking": ("Nobody follows you here", "Aquí nadie le sigue"),
    "privacy.1": (
        "There is no advertising. There are no counters from other companies. We do not write down what you read.",
        "No hay publicidad. No hay contadores de otras empresas. No anotamos lo que usted lee.",
    ),
    "privacy.2": (
        "If you do not log in, we set no cookie for reading. If you log in, there is one cookie, so that we know it is you.",
        "Si no entra, no ponemos ninguna cookie por leer. Si entra, hay una cookie, para saber que es usted.",
    ),
    "privacy.who": ("You always see who can read", "Siempre ve quién puede leer"),
    "privacy.3": (
        "Every post says who can read it. You see it before you publish, too.",
        "Cada mensaje dice quién puede leerlo. También lo ve antes de publicar.",
    ),
    "privacy.4": (
        "Something public can be copied by anybody. "
        "Something for members only stays on this server, unless the group's page says otherwise.",
        "Lo público lo puede copiar cualquiera. "
        "Lo que es solo para miembros se queda en este servidor, salvo que la página del grupo diga otra cosa.",
    ),
    "privacy.5": (
        "Which groups you belong to is not shown to others.",
        "A qué grupos pertenece usted no se muestra a los demás.",
    ),
    "privacy.change": ("You can change your mind", "Puede cambiar de opinión"),
    "privacy.6": (
        "You can change or delete what you wrote. We then ask the servers that have a copy to do the same.",
        "Puede cambiar o borrar lo que escribió. Entonces pedimos lo mismo a los servidores que tienen copia.",
    ),
    "privacy.7": (
        "Search engines are asked to leave your posts and your page out, unless you let them in.",
        "Pedimos a los buscadores que no muestren sus mensajes ni su página, salvo que usted lo permita.",
    ),
    "privacy.8": (
        "We keep your e-mail address to log you in and to write to you. Nobody else sees it.",
        "Guardamos su correo para que pueda entrar y para escribirle. Nadie más lo ve.",
    ),
    **CIRCLES,
    **DESK,
    **GROUPS,
    **HOSTS,
    **NAMES,
    **SIGN_IN,
    **REPORTS,
}  # fmt: skip
