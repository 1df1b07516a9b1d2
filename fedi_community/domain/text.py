"""Text that people read: sanitised HTML, plain text, and what members write in Markdown.

`sanitise` is the one gate for HTML, used when it is stored and again when it is shown. Everything here is pure: mentions
and hashtags are linked by callables that the caller passes in, and images are rewritten by one.
"""

from __future__ import annotations

import functools
import html as _html
import re
from collections.abc import Callable
from typing import Final, TypeAlias

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from fedi_community.domain.origins import canonical, canonical_host

MAX_CONTENT: Final = 200_000
"""Characters of one text as it was written, HTML or Markdown; the rest is cut off where it comes in."""
MAX_MARKDOWN: Final = 40_000
"""Characters of Markdown that are read: hostile Markdown costs 10 µs each, and peers send it too."""
MAX_MARKUP: Final = 1_000_000
"""Characters of sanitised HTML, which escaping and link attributes make longer; beyond it only the text is kept."""
MAX_NAME: Final = 500
MAX_MENTIONS: Final = 50
MAX_HASHTAGS: Final = 100
MAX_NESTING: Final = 100
"""Elements open at once. Deeper markup is shown as text: parsers take quadratic time over it."""

TAGS: Final = frozenset(
    {
        "p", "br", "a", "span", "em", "strong", "b", "i", "u", "del", "s", "code", "pre", "blockquote", "ul", "ol", "li",
        "h1", "h2", "h3", "h4", "h5", "h6", "img", "ruby", "rt", "rp",
    }
)  # fmt: skip
CLASSES: Final = frozenset({"mention", "hashtag", "invisible", "ellipsis"})
SCHEMES: Final = frozenset({"http", "https", "mailto"})
REL: Final = "nofollow noopener noreferrer ugc"
_DROPPED_WITH_TEXT: Final = {
    "script", "style", "noscript", "template", "iframe", "object", "embed", "title", "textarea", "select", "audio",
    "video",
}  # fmt: skip
_ATTRIBUTES: Final = {"a": {"href"}, "img": {"src", "alt", "title"}, "ol": {"start"}}

_BREAK: Final = re.compile(r"<br>|</(?:p|li|h[2-6]|blockquote|pre|ul|ol)>")
_TOKEN: Final = re.compile(
    r"""<(/?)([a-z][a-z0-9]*)((?:[^<>"]|"[^"]*")*)>|&[a-zA-Z0-9#]{1,10};|[^<&]+|[<&]"""
)
_OPENING: Final = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_VOID: Final = frozenset({"br", "img"})
# Elements that a sibling closes by itself, so that they do not pile up.
_SELF_CLOSING: Final = _VOID | {"hr", "wbr", "input", "p", "li", "dt", "dd", "tr", "td", "th", "option"}
_SPACES: Final = re.compile(r"[^\S\n]+")
# Left alone, each of these costs the parser as much as a whole element.
_BARE_AMPERSAND: Final = re.compile(r"&(?![a-zA-Z#])")
_BLANK_LINES: Final = re.compile(r"\s*\n\s*\n\s*")
_CONTROL: Final = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)

MAX_REMEMBERED: Final = 2048
"""Texts that `shown` and `shown_text` remember each, of at most so many characters:"""
MAX_REMEMBERED_CHARS: Final = 8192

ImageRewriter: TypeAlias = Callable[[str], str | None]
"""From the address of an image to the address that is shown (the house's own proxy), or None to leave it out."""


def sanitise(html: str, image: ImageRewriter | None = None) -> str:
    """HTML that is safe to put into a page, from HTML of any origin; applying it again changes nothing.

    Keeps the elements of `TAGS` (h1 becomes h2), the classes of `CLASSES` on `span` and `a`, absolute http, https and
    mailto links (with `rel` and `target` set), and absolute http(s) images. Everything else goes: other attributes, the
    contents of scripts, styles and embeds. Markup that a parser takes long over is shown as text.

    image: rewrites the `src` of images; pass it whenever the result is shown, so that no reader's browser asks a
    stranger's server. Without it the address is kept for later.
    """
    text = _readable(html[:MAX_MARKUP])
    if "<" not in text:
        return _escaped(_html.unescape(text)[:MAX_CONTENT])
    if _too_nested(text):
        return _text_only(text)
    text = _BARE_AMPERSAND.sub("&amp;", text)
    for _ in range(3):
        cleaned = _clean(text, image)
        if len(cleaned) > MAX_MARKUP:
            return _text_only(text)
        if cleaned == text or image is not None:
            return cleaned
        text = cleaned
    return text if _clean(text, None) == text else _text_only(text)


_PICTURE = re.compile(r'<img(?:[^>"]|"[^"]*")*>')
_PICTURE_AT = re.compile(r'<img(?:[^>"]|"[^"]*")*? src="([^"]*)"')


def without_pictures(html: str) -> str:
    """Cleaned HTML without its pictures."""
    return _PICTURE.sub("", html) if "<img" in html else html


def pictures_at(html: str) -> list[str]:
    """Where the pictures of cleaned HTML are."""
    return [_html.unescape(found) for found in _PICTURE_AT.findall(html)] if "<img" in html else []


def _text_only(text: str) -> str:
    return _escaped(_html.unescape(re.sub(r"<[^<>]*>", "", text))[:MAX_CONTENT])


def _readable(text: str) -> str:
    """Without what no HTML parser keeps as it is: line ends of other systems, NUL, lone surrogates."""
    if not text.isascii():
        text = text.encode("utf-8", "ignore").decode("utf-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _escaped(text: str) -> str:
    return _html.escape(_readable(text), quote=False).replace("\xa0", "&nbsp;")


def _clean(text: str, image: ImageRewriter | None) -> str:
    def attribute(tag: str, name: str, value: str) -> str | None:
        if tag == "img" and name == "src":
            address = _web_address(value, with_mail=False)
            return image(address) if image is not None and address is not None else address
        if tag == "a" and name == "href":
            return _web_address(value, with_mail=True)
        if name == "start":
            return value if value.isascii() and value.isdigit() and len(value) < 7 else None
        return value

    cleaned: str = nh3.clean(
        text,
        tags=set(TAGS),
        clean_content_tags=_DROPPED_WITH_TEXT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        allowed_classes={"span": set(CLASSES), "a": set(CLASSES)},
        url_schemes=set(SCHEMES),
        link_rel=REL,
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    return cleaned.replace("<h1>", "<h2>").replace("</h1>", "</h2>").replace("<img>", "")


_C0_AND_SPACE: Final = "".join(map(chr, range(33)))


def _web_address(value: str, *, with_mail: bool) -> str | None:
    # As browsers do before they read the scheme: surrounding space goes, tabs and line ends anywhere in it too.
    address = value.strip(_C0_AND_SPACE).replace("\t", "").replace("\n", "").replace("\r", "")
    if with_mail and address[:7].lower() == "mailto:":
        return address
    return canonical(address.replace(" ", "%20"))


def _too_nested(text: str) -> bool:
    """Whether more than `MAX_NESTING` elements are open at once; a closing tag counts only for an element of its name."""
    if text.count("<") <= MAX_NESTING:
        return False
    waiting: dict[str, int] = {}
    depth = 0
    for closing, written in _OPENING.findall(text):
        name = written.lower()
        if name in _SELF_CLOSING:
            continue
        if not closing:
            waiting[name] = waiting.get(name, 0) + 1
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif waiting.get(name, 0):
            waiting[name] -= 1
            depth -= 1
    return False


def plain(html: str) -> str:
    """The text of an HTML fragment, for titles, notifications and search: no markup or entities, paragraphs as lines."""
    if "<" not in html and "&" not in html:
        return _tidy(_readable(html[:MAX_CONTENT]))
    broken = _BREAK.sub(lambda found: found[0] + "\n", sanitise(html))
    return _tidy("".join(_html.unescape(t[0]) for t in _TOKEN.finditer(broken) if not t[2]))


def _tidy(text: str) -> str:
    spaced = _CONTROL.sub("", _SPACES.sub(" ", text))
    lines = _BLANK_LINES.sub("\n\n", spaced)
    return "\n".join(line.strip() for line in lines.strip().split("\n"))


@functools.lru_cache(MAX_REMEMBERED)
def _sanitised(html: str) -> str:
    return sanitise(html)


@functools.lru_cache(MAX_REMEMBERED)
def _plain(html: str) -> str:
    return plain(html)


def shown(html: str) -> str:
    """`sanitise` on the way out. The same texts are shown again and again, and cleaning them was two thirds of the work of
    a page of statuses (1.1 of 1.6 ms), so what was shown lately is remembered."""
    return _sanitised(html) if len(html) <= MAX_REMEMBERED_CHARS else sanitise(html)


def shown_text(html: str) -> str:
    """`plain` on the way out, remembered likewise."""
    return _plain(html) if len(html) <= MAX_REMEMBERED_CHARS else plain(html)


def clean_name(name: str, limit: int = MAX_NAME) -> str:
    """One line of text: control characters and bidirectional controls stripped, space collapsed, cut at `limit`.

    It is text and not HTML: whoever shows it escapes it.
    """
    return _CONTROL.sub("", " ".join(name[: 4 * limit].split()))[:limit].strip()


def clip(html: str, n: int) -> str:
    """Sanitised HTML cut after `n` visible characters, with an ellipsis and every open element closed."""
    clean = sanitise(html)
    kept: list[str] = []
    open_tags: list[str] = []
    left = max(0, n)
    for token in _TOKEN.finditer(clean):
        text, name = token[0], token[2]
        if name and token[1]:
            if open_tags and open_tags[-1] == name:
                open_tags.pop()
            kept.append(text)
        elif name:
            if name not in _VOID:
                open_tags.append(name)
            kept.append(text)
        elif text.startswith("&") and left > 0:
            kept.append(text)
            left -= 1
        elif len(text) <= left:
            kept.append(text)
            left -= len(text)
        else:
            kept.append(text[:left].rstrip() + "…")
            kept.extend(f"</{tag}>" for tag in reversed(open_tags))
            return "".join(kept)
    return clean


# --- what members write ---

Handle: TypeAlias = tuple[str, str | None]
"""A name and a host; None is this server. Names keep their case, hosts are canonical."""
MentionLink: TypeAlias = Callable[[str, str | None], str | None]
"""From name and host to the address of the profile, or None when nobody has that handle."""
HashtagLink: TypeAlias = Callable[[str], str | None]

_MENTION: Final = (
    r"(?<![\w/@.#!&])@(?P<name>[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,62}[A-Za-z0-9_])?)"
    r"(?:@(?P<host>[^\W_][\w.-]{0,252}\w(?::\d{1,5})?))?(?![\w@])"
)
_HASHTAG: Final = r"(?<![\w/#&@])#(?P<tag>\w*[^\W\d_]\w*)"
_LINK: Final = r"(?P<url>https?://[^\s<>\"\\]+)"
_AUTO: Final = re.compile(f"{_LINK}|{_MENTION}|{_HASHTAG}", re.IGNORECASE)

_MARKDOWN: Final = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable("strikethrough")


def markdown_to_html(
    text: str, mention: MentionLink | None = None, hashtag: HashtagLink | None = None
) -> str:
    """Sanitised HTML from a member's Markdown (CommonMark and strikethrough; raw HTML is shown as text).

    Bare http(s) addresses become links. `@name`, `@name@host` and `#tag` become links where the callables give an
    address; inside code and inside links they stay text. A line end is a line break, as people expect of a message.
    """
    tokens = _MARKDOWN.parse(text[:MAX_MARKDOWN])
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = _linked(token.children, mention, hashtag)
    return sanitise(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}).strip())


def mentions_in(text: str) -> list[Handle]:
    """The handles mentioned in a member's Markdown, in order and once each, at most `MAX_MENTIONS`; none from code."""
    found: dict[Handle, None] = {}
    for match in _matches(text):
        if match["name"] and (handle := _handle(match)) is not None:
            found.setdefault(handle)
    return list(found)[:MAX_MENTIONS]


def hashtags_in(text: str) -> list[str]:
    """The hashtags of a member's Markdown without the `#`, as first written, each once in any case; none from code."""
    found: dict[str, str] = {}
    for match in _matches(text):
        if match["tag"]:
            found.setdefault(match["tag"].casefold(), match["tag"])
    return list(found.values())[:MAX_HASHTAGS]


def _matches(text: str) -> list[re.Match[str]]:
    if "@" not in text and "#" not in text:  # most answers name nobody and nothing
        return []
    found: list[re.Match[str]] = []
    for token in _MARKDOWN.parse(text[:MAX_MARKDOWN]):
        level = 0
        for child in token.children or ():
            level += child.nesting if child.type in ("link_open", "link_close") else 0
            if child.type == "text" and level == 0:
                found.extend(_AUTO.finditer(child.content))
    return found


def _handle(match: re.Match[str]) -> Handle | None:
    if match["host"] is None:
        return match["name"], None
    host = canonical_host(match["host"])
    return None if host is None else (match["name"], host)


def _linked(children: list[Token], mention: MentionLink | None, hashtag: HashtagLink | None) -> list[Token]:
    out: list[Token] = []
    level = 0
    for child in children:
        level += child.nesting if child.type in ("link_open", "link_close") else 0
        if child.type == "softbreak":
            out.append(Token("hardbreak", "br", 0))
        elif child.type == "text" and level == 0:
            out.extend(_split(child.content, mention, hashtag))
        else:
            out.append(child)
    return out


def _split(text: str, mention: MentionLink | None, hashtag: HashtagLink | None) -> list[Token]:
    out: list[Token] = []
    done = 0
    for match in _AUTO.finditer(text):
        end = match.end()
        css, href = "", None
        if match["url"]:
            address = _trimmed(match["url"])
            href, end = canonical(address), match.start() + len(address)
        elif match["name"]:
            handle = _handle(match)
            css, href = "mention", mention(*handle) if mention is not None and handle is not None else None
        else:
            css, href = "hashtag", hashtag(match["tag"]) if hashtag is not None else None
        if href is None:
            continue
        out.append(_text(text[done : match.start()]))
        out.extend(_link(href, css, text[match.start() : end]))
        done = end
    out.append(_text(text[done:]))
    return out


def _trimmed(address: str) -> str:
    """Without the punctuation that ends the sentence, and without a bracket that was opened before the address."""
    while address and (
        address[-1] in ".,;:!?'*_~" or (address[-1] == ")" and address.count(")") > address.count("("))
    ):
        address = address[:-1]
    return address


def _link(href: str, css: str, label: str) -> list[Token]:
    attributes: dict[str, str | int | float] = {"href": href}
    if css:
        attributes["class"] = css
    return [Token("link_open", "a", 1, attrs=attributes), _text(label), Token("link_close", "a", -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
