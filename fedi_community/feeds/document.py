"""The safety pass over an XML feed: bytes of a stranger in, a small, well-formed UTF-8 document out.

It decodes, refuses what a feed never needs (entities, deep nesting, absurd counts), and takes `media:` titles
and descriptions out of the items, because the feed library mixes them with the item's own title and text. It
reads no file and no address: what a DOCTYPE names is never followed. It does not interpret the feed.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field
from xml.parsers import expat

from fedi_community.errors import Problem

MAX_BYTES = 5 * 1024 * 1024
"""Largest accepted feed, in bytes; a blog with full texts of 50 posts has about 0.5 MB."""
MAX_ENTRIES = 1_000
"""More entries than this are an archive or an attack; the whole feed is refused."""
MAX_ELEMENTS = 100_000
MAX_DEPTH = 64
MAX_TAG_CHARS = 65_536
"""Longest attribute list of one element, in characters."""

MEDIA_NAMESPACES = frozenset(
    f"{scheme}://search.yahoo.com/mrss{slash}" for scheme in ("http", "https") for slash in ("", "/")
)
_ROOTS = {"rss": "rss", "rdf": "rss", "feed": "atom"}
_ENCODINGS = re.compile(
    r"utf-8|utf-16(-[lb]e)?|ascii|iso8859-\d{1,2}|cp125\d|koi8-[ru]|shift_jis|euc_(jp|kr)|gb(k|2312|18030)|big5"
)
_DECLARATION = re.compile(r"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._-]{1,40})""", re.IGNORECASE)
_WEB_PAGE = re.compile(r"\s*(<\?xml[^>]*>\s*)?<(!doctype\s+html|html)\b", re.IGNORECASE)

_SAFE = {
    "too_large": "The feed is too large.",
    "empty": "The feed is empty.",
    "encoding": "The feed's text encoding is unknown or broken.",
    "not_a_feed": "The address does not lead to an RSS, Atom or JSON feed.",
    "malformed": "The feed is not well formed.",
    "entities": "The feed declares entities, which are not accepted.",
    "too_complex": "The feed has too many entries or is nested too deeply.",
}


class FeedProblem(Problem):
    """Why a feed cannot be read.

    reason: too_large, empty, encoding, not_a_feed, malformed, entities or too_complex.
    detail: for the log; positions and sizes, never the feed's words.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(422, reason, _SAFE[reason], detail)


@dataclass(slots=True)
class ItemFacts:
    """What the feed library would blur in one item.

    guid: the identifier as written (the library resolves it like an address, so that it would change with the
    feed's address). title, description: what `media:` says of the item itself, plain text. alts: address of a
    `media:content` to the words about it.
    """

    guid: str = ""
    title: str = ""
    description: str = ""
    alts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """data: UTF-8 XML without declaration and media texts; flavour: 'rss' or 'atom'; items: facts of each."""

    data: bytes
    flavour: str
    items: tuple[ItemFacts, ...]


def decode(body: bytes, content_type: str | None) -> str:
    """The text of `body` (RFC 7303 section 3: byte order mark, the header's charset, the declaration).

    Blank lines before the first character are dropped, which mends the commonest fault of WordPress feeds.
    """
    if len(body) > MAX_BYTES:
        raise FeedProblem("too_large", f"{len(body)} bytes, {MAX_BYTES} allowed")
    declared = _DECLARATION.search(body[:400].lstrip(b"\xef\xbb\xbf \t\r\n").decode("latin-1"))
    header = _CHARSET.search(content_type or "")
    names = [_encoding_by_bytes(body), header and header[1], declared and declared[1], "utf-8"]
    for name in filter(None, names):
        text = _decoded(body, name)
        if text is not None:
            return text.lstrip("\ufeff \t\r\n").rstrip("\0 \t\r\n")
    raise FeedProblem("encoding", "no usable encoding among: " + ", ".join(str(n) for n in names if n))


def _encoding_by_bytes(body: bytes) -> str | None:
    if body.startswith(codecs.BOM_UTF8):
        return "utf-8"
    if body.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE)):
        return "utf-16"
    if body.startswith((b"<\0", b"{\0")):
        return "utf-16-le"
    if body.startswith((b"\0<", b"\0{")):
        return "utf-16-be"
    return None


def _decoded(body: bytes, name: str) -> str | None:
    """Only well-known character sets: Python's registry also holds slow codecs and other encodings."""
    try:
        known = codecs.lookup(name).name
        return body.decode(known) if _ENCODINGS.fullmatch(known) else None
    except (LookupError, UnicodeError):
        return None


def read_document(text: str) -> Document:
    """Check `text` (an XML feed) and take the media texts out. Raises FeedProblem."""
    if _WEB_PAGE.match(text[:4000]):
        raise FeedProblem("not_a_feed", "a web page")
    if not text.startswith("<"):
        raise FeedProblem("not_a_feed", "does not begin with an element")
    text = re.sub(r"^<\?xml[^>]*\?>\s*", "", text, count=1)
    data = text.encode("utf-8", "surrogatepass")
    scan = _Scan(data)
    try:
        scan.parser.Parse(data, True)
    except expat.ExpatError as error:
        raise FeedProblem("malformed", f"line {error.lineno}: {expat.ErrorString(error.code)}") from None
    return Document(data=scan.without_media_texts(), flavour=scan.flavour, items=tuple(scan.items))


class _Scan:
    """One walk of expat over the document; a class because expat calls back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.flavour = ""
        self.items: list[ItemFacts] = []
        self._cuts: list[tuple[int, int]] = []
        self._depth = self._elements = 0
        self._in_item = 0
        self._contents: list[str | None] = []
        self._kind = ""
        self._kind_depth = self._start = 0
        self._words: list[str] = []
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._open
        self.parser.EndElementHandler = self._close
        self.parser.CharacterDataHandler = self._text

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
        if has_subset:
            raise FeedProblem("entities", "a document type with an internal subset")

    def _open(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        self._depth += 1
        self._elements += 1
        if self._depth == 1:
            self.flavour = _ROOTS.get(local.lower(), "")
            if not self.flavour:
                raise FeedProblem("not_a_feed", "the root element is none of rss, RDF and feed")
        if self._depth > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise FeedProblem("too_complex", f"depth {self._depth}, elements {self._elements}")
        if sum(map(len, attributes.values())) > MAX_TAG_CHARS:
            raise FeedProblem("too_complex", "an element with oversized attributes")
        if local in ("item", "entry") and space not in MEDIA_NAMESPACES and not self._in_item:
            self._in_item = self._depth
            self.items.append(ItemFacts())
            if len(self.items) > MAX_ENTRIES:
                raise FeedProblem("too_complex", f"more than {MAX_ENTRIES} entries")
        elif self._in_item and space in MEDIA_NAMESPACES:
            self._open_media(local, attributes)
        elif self._in_item and self._depth == self._in_item + 1 and local in ("guid", "id"):
            self._begin_text("guid")

    def _open_media(self, local: str, attributes: dict[str, str]) -> None:
        if local == "content":
            self._contents.append(attributes.get("url"))
        elif local in ("title", "description") and not self._kind:
            self._begin_text(local)

    def _begin_text(self, kind: str) -> None:
        self._kind, self._kind_depth = kind, self._depth
        self._start = self.parser.CurrentByteIndex
        self._words = []

    def _text(self, words: str) -> None:
        if self._kind:
            self._words.append(words)

    def _close(self, name: str) -> None:
        space, _, local = name.rpartition(" ")
        if self._kind and self._depth == self._kind_depth:
            self._take_text("".join(self._words).strip())
        elif self._in_item and space in MEDIA_NAMESPACES and local == "content" and self._contents:
            self._contents.pop()
        if self._depth == self._in_item:
            self._in_item = 0
        self._depth -= 1

    def _take_text(self, words: str) -> None:
        kind, self._kind = self._kind, ""
        facts, url = self.items[-1], self._contents[-1] if self._contents else None
        if kind == "guid":
            facts.guid = facts.guid or words
            return
        end_tag = self.parser.CurrentByteIndex
        self._cuts.append((self._start, self.data.index(b">", end_tag) + 1))
        if url and words and (kind == "description" or url not in facts.alts):
            facts.alts[url] = words
        elif not self._contents:
            setattr(facts, kind, getattr(facts, kind) or words)

    def without_media_texts(self) -> bytes:
        pieces, at = [], 0
        for start, end in self._cuts:
            pieces.append(self.data[at:start])
            at = end
        return b"".join([*pieces, self.data[at:]])
