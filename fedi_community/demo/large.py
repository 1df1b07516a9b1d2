"""A big community of the shapes of the small one, from a seed: for trying the pages and the clients at size.

Everything is put together from the sentences below and says that it is a sample.
"""

from __future__ import annotations

from itertools import product
from random import Random

from fedi_community.demo.model import Audience, Bilingual, Demo, Discussion, Group, Language, Person, Post

GROUPS = 30
MEMBERS = 2_000
REPLIES = 800
MAX_DEPTH = 12
THREAD_GROUP = "sleep_well"
THREAD_ID = "large-thread"
THREAD_DAYS = 5.0

_PLACES = (
    ("Riverside", "la Ribera"),
    ("Hilltop", "la Colina"),
    ("Old Mill", "el Molino"),
    ("Lakeshore", "el Lago"),
)
_THEMES = (
    ("walking", "Walking together", "Caminar en compañía"),
    ("kitchen", "Healthy kitchen", "Cocina sana"),
    ("breathing", "Breathing well", "Respirar bien"),
    ("joints", "Stiff joints", "Articulaciones"),
    ("memory", "Memory and family", "Memoria y familia"),
    ("recovery", "After an operation", "Después de una operación"),
)
_FIRST = (
    "amber", "bright", "calm", "dusty", "early", "frosty", "gentle", "humble", "ivory", "jolly",
    "kind", "little", "merry", "noble", "olive", "patient", "quiet", "rosy", "sunny", "tidy",
)  # fmt: skip
_SECOND = (
    "acorn", "badger", "cedar", "drum", "ember", "finch", "grove", "heron", "island", "jar",
    "kite", "lark", "maple", "nest", "otter", "pond", "quill", "reed", "stone", "thistle",
)  # fmt: skip
_OPENERS: dict[Language, tuple[str, ...]] = {
    "en": (
        "Thank you for writing this.",
        "I needed a night to think about your question.",
        "Same here, word for word.",
        "I see it a little differently.",
        "This thread keeps me company.",
        "I tried what you described.",
        "New here, hello everybody.",
        "Reading along since yesterday.",
    ),
    "es": (
        "Gracias por escribirlo.",
        "Necesité una noche para pensar en su pregunta.",
        "Me pasa lo mismo, palabra por palabra.",
        "Yo lo veo un poco distinto.",
        "Este hilo me hace compañía.",
        "Probé lo que contaba.",
        "Soy nuevo por aquí, hola a todos.",
        "Los leo desde ayer.",
    ),
}
_MIDDLES: dict[Language, tuple[str, ...]] = {
    "en": (
        "What helped me was getting up at the same hour, even on Sundays.",
        "I moved the radio out of the bedroom and missed it for three days only.",
        "A slow walk before dinner does more for me than any tea.",
        "Some nights nothing works, and I have stopped counting those.",
        "I write one line about the day and close the notebook.",
        "My window stays open a hand wide, whatever the weather.",
        "The first week was worse, the second one was not.",
        "I asked at my last visit and was glad that I did.",
    ),
    "es": (
        "Lo que me ayudó fue levantarme a la misma hora, también los domingos.",
        "Saqué la radio del dormitorio y solo la extrañé tres días.",
        "Una caminata lenta antes de cenar me sirve más que cualquier té.",
        "Hay noches en que nada funciona y ya dejé de contarlas.",
        "Escribo una línea sobre el día y cierro el cuaderno.",
        "Mi ventana queda abierta una mano, haga el tiempo que haga.",
        "La primera semana fue peor, la segunda ya no.",
        "Pregunté en mi última visita y me alegré de hacerlo.",
    ),
}
_CLOSERS: dict[Language, tuple[str, ...]] = {
    "en": (
        "How is it for you?",
        "Take what fits and leave the rest.",
        "Tell us how it goes.",
        "Good night from here.",
        "It may be different for others.",
        "Be kind to yourself today.",
    ),
    "es": (
        "¿Y cómo les va a ustedes?",
        "Tomen lo que sirva y dejen lo demás.",
        "Cuéntenos cómo sigue.",
        "Buenas noches desde aquí.",
        "A otros les puede ir distinto.",
        "Trátense bien hoy.",
    ),
}
_MARK: dict[Language, str] = {"en": "(sample)", "es": "(muestra)"}


def enlarge(base: Demo, seed: int) -> Demo:
    """`base` with more groups and members, a long thread and a short one in each new group."""
    random = Random(seed)  # noqa: S311 - repeatable sample data, no secret
    new_groups = _groups(GROUPS - len(base.groups))
    members = sum(person.role == "member" for person in base.people)
    public = [group.handle for group in (*base.groups, *new_groups) if group.joins == "open"]
    new_people = _people(random, MEMBERS - members, public)
    people = (*base.people, *new_people)
    threads = [_thread(random, THREAD_ID, THREAD_GROUP, _inside(people, THREAD_GROUP), REPLIES)]
    threads += [
        _thread(random, f"large-{group.handle}", group.handle, _inside(people, group.handle), 4)
        for group in new_groups
    ]
    return Demo(
        (*base.groups, *new_groups), people, base.articles, (*base.discussions, *threads), base.waiting
    )


def _inside(people: tuple[Person, ...], group: str) -> list[Person]:
    return [person for person in people if group in person.member_of]


def _groups(count: int) -> tuple[Group, ...]:
    pairs = list(product(_THEMES, _PLACES))[:count]
    return tuple(_group(at, *theme, *place) for at, (theme, place) in enumerate(pairs))


def _group(at: int, topic: str, en: str, es: str, place: str, lugar: str) -> Group:
    reads: Audience = "members" if at % 5 == 4 else "everyone"
    return Group(
        handle=f"{topic}_{place.lower().replace(' ', '_')}",
        language="es" if at % 3 == 2 else "en",
        topic=topic,
        name=Bilingual(f"{en}, {place}", f"{es} en {lugar}"),
        summary=Bilingual(
            f"Sample group number {at + 1}, made up to show a server of some size.",
            f"Grupo de muestra número {at + 1}, inventado para enseñar un servidor de cierto tamaño.",
        ),
        finds="everyone",
        reads=reads,
        posts="members",
        replies="members",
        joins="open",
    )


def _people(random: Random, count: int, groups: list[str]) -> tuple[Person, ...]:
    names = list(product(_FIRST, _SECOND))
    people = []
    for at in range(count):
        first, second = names[at % len(names)]
        number = at // len(names) + 1
        language: Language = "es" if at % 5 < 2 else "en"
        # one group after the other, so that none is empty, and some more at random
        joined = dict.fromkeys((groups[at % len(groups)], *random.sample(groups, random.randint(0, 4))))
        people.append(
            Person(
                handle=f"{first}_{second}_{number}",
                name=f"{first.title()} {second.title()} {number} {_MARK[language]}",
                bio="Miembro de muestra, inventado." if language == "es" else "Sample member, made up.",
                language=language,
                role="member",
                kind="Person",
                member_of=tuple(joined),
                staff_of=(),
                mentor_of=(),
            )
        )
    return tuple(people)


def _thread(random: Random, name: str, group: str, members: list[Person], replies: int) -> Discussion:
    """Half of the replies answer something recent, so that there are deep branches and wide ones."""
    depths = [0]
    posts = [_post(random, f"{name}-0", None, THREAD_DAYS, members)]
    for at in range(1, replies + 1):
        recent = max(0, at - 12) if random.random() < 0.5 else 0
        parent = random.randrange(recent, at)
        while depths[parent] >= MAX_DEPTH:
            parent = random.randrange(at)
        depths.append(depths[parent] + 1)
        days_ago = round(THREAD_DAYS - (THREAD_DAYS - 0.1) * at / replies, 5)
        posts.append(_post(random, f"{name}-{at}", f"{name}-{parent}", days_ago, members))
    return Discussion(name, group, None, tuple(posts))


def _post(random: Random, name: str, parent: str | None, days_ago: float, members: list[Person]) -> Post:
    author = random.choice(members)
    language = author.language
    sentences = [random.choice(part[language]) for part in (_OPENERS, _MIDDLES, _CLOSERS)]
    return Post(
        id=name,
        by=author.handle,
        reply_to=parent,
        language=language,
        days_ago=days_ago,
        text=" ".join((*sentences, _MARK[language])),
        content_warning=None,
        edited_text=None,
        edited_days_ago=None,
        likes=tuple(sorted({person.handle for person in random.sample(members, min(3, len(members)))})),
    )
