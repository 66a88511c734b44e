"""Reads XML documents of any size, element by element, and refuses document types and entities.

A document type can only stand before the root element. Everything up to there goes through a parser that refuses it;
the rest, in which no entity can be declared any more, is read by the fast one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import ParseError, XMLPullParser
from xml.parsers import expat

from .errors import ListError, ListTruncated, ListUnrecognised

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Strange = Counter[str] | None

_CHUNK_BYTES = 256 * 1024
_LONGEST_PROLOG_BYTES = 64 * 1024  # judgement: real ones are below 1 kB


class _Refused(Exception):
    """The document has a document type declaration."""


def local(tag: str) -> str:
    """The name of a tag without its namespace."""
    return tag.rpartition("}")[2]


def text(element: Element, name: str) -> str:
    """The text of a child, empty when there is none."""
    return (element.findtext(f"{{*}}{name}") or "").strip()


def texts(element: Element, path: str) -> tuple[str, ...]:
    """The different texts of the descendants on a path such as `programList/program`, in the order of the file."""
    steps = "/".join(f"{{*}}{step}" for step in path.split("/"))
    found = ((each.text or "").strip() for each in element.findall(steps))
    return tuple(dict.fromkeys(each for each in found if each))


def root_of(head: bytes) -> str | None:
    """The local name of the root element of the document that some bytes begin, None when they begin none."""
    found: list[str] = []
    parser = expat.ParserCreate(namespace_separator="}")

    def start(name: str, _: object) -> None:
        if not found:
            found.append(local(name))

    parser.StartElementHandler = start
    with suppress(expat.ExpatError):
        parser.Parse(head, False)
    return found[0] if found else None


def elements(
    stream: IO[bytes],
    source: str,
    *,
    root: str,
    wanted: Collection[str],
    holders: Collection[str] = (),
    known: Collection[str] = (),
    strange: Strange = None,
) -> Iterator[Element]:
    """The root element as it begins, then each closed element whose name is in `wanted`, forgotten after its turn.

    `strange`, where given, counts what a publisher has added: children of the root that are neither wanted nor `known` nor
    `holders`, and in a holder, which is there to hold wanted elements, what is not wanted.

    Raises:
        ListUnrecognised: another root element.
        ListTruncated: the document ends too early.
        ListError: not well-formed, or a document type or entity.
    """
    parser: Any = XMLPullParser(("start", "end"))
    sought = _Sought(frozenset(wanted), frozenset(holders), frozenset(known) | frozenset(holders), strange)
    path: list[Element] = []
    try:
        for chunk in _guarded(stream, source):
            parser.feed(chunk)
            yield from _closed(parser.read_events(), path, sought, root, source)
    except ParseError as error:
        raise ListError(source, f"not well-formed XML: {error}", error.position[0]) from None
    try:
        parser.close()
    except ParseError as error:
        raise ListTruncated(source, f"the document ends too early: {error}", error.position[0]) from None
    yield from _closed(parser.read_events(), path, sought, root, source)


class _Sought(NamedTuple):
    """What `elements` looks for, by name."""

    wanted: frozenset[str]
    holders: frozenset[str]
    known: frozenset[str]
    strange: Strange

    def is_strange(self, name: str, path: list[Element]) -> bool:
        """Whether an element, neither wanted nor looked into, is a part that nobody has told of."""
        if len(path) == 1:
            return name not in self.known
        return len(path) == 2 and local(path[1].tag) in self.holders


def _closed(
    events: Iterable[tuple[str, Element]],
    path: list[Element],
    sought: _Sought,
    root: str,
    source: str,
) -> Iterator[Element]:
    for event, element in events:
        if event == "start":
            if not path:
                if local(element.tag) != root:
                    raise ListUnrecognised(source, f"the root of the document is not {root}")
                yield element
            path.append(element)
            continue
        path.pop()
        name = local(element.tag)
        if name in sought.wanted:
            yield element
            if path:
                path[-1].remove(element)
        elif len(path) in (1, 2) and sought.is_strange(name, path):
            if sought.strange is not None:
                sought.strange[name] += 1
            path[-1].remove(element)
        elif len(path) == 1:
            path[0].remove(element)


def _guarded(stream: IO[bytes], source: str) -> Iterator[bytes]:
    """The document in chunks, the first ones only after a parser has met the root element and no document type."""
    guard = expat.ParserCreate()
    met: list[str] = []

    def refuse(*_: object) -> None:
        raise _Refused

    guard.StartDoctypeDeclHandler = refuse
    guard.EntityDeclHandler = refuse
    guard.StartElementHandler = lambda name, _: met.append(name)
    seen = 0
    while chunk := stream.read(_CHUNK_BYTES):
        if not met:
            seen += len(chunk)
            try:
                guard.Parse(chunk, False)
            except _Refused:
                raise ListError(source, "document type declarations and entities are refused") from None
            except expat.ExpatError as error:
                raise ListError(source, f"not well-formed XML: {error}", error.lineno) from None
            if not met and seen > _LONGEST_PROLOG_BYTES:
                raise ListError(source, "no root element at the beginning of the document")
        yield chunk
    if not seen:
        raise ListTruncated(source, "the file is empty")
