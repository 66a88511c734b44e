"""Which reader a file needs, told by how it begins; its name is never looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from rules.lists import SanctionsList

from . import eu_csv, eu_xml, ofac_advanced, ofac_enhanced, ofac_xml, uk_csv, un_xml
from .errors import ListUnrecognised
from .xml_stream import root_of

Reader = Callable[[IO[bytes], str], SanctionsList]

HEAD_BYTES = 16 * 1024  # judgement: the longest header, the EU's, has 3 kB

_BY_ROOT: dict[str, Reader] = {
    "sdnList": ofac_xml.read,
    "Sanctions": ofac_advanced.read,
    "sanctionsData": ofac_enhanced.read,
    "CONSOLIDATED_LIST": un_xml.read,
    "export": eu_xml.read,
}
_BY_HEADER: tuple[tuple[Callable[[bytes], bool], Reader], ...] = (
    (uk_csv.looks_like, uk_csv.read),
    (eu_csv.looks_like, eu_csv.read),
)
_WITHOUT_READER = frozenset({"Designations"})  # the UK's XML: refused, since skipping a list in silence is worse


def reader_of(head: bytes, source: str) -> Reader | None:
    """The reader of a list that one file holds, None for a file that is none, such as one of the OFAC CSV set.

    Raises ListUnrecognised for an official document that nothing here can read.
    """
    root = root_of(head)
    if root in _WITHOUT_READER:
        raise ListUnrecognised(source, f"no reader for a document with the root {root}")
    if root is not None:
        return _BY_ROOT.get(root)
    return next((read for looks_like, read in _BY_HEADER if looks_like(head)), None)


def is_xml(head: bytes) -> bool:
    """Whether a file begins as an XML document does, whatever it holds."""
    return root_of(head) is not None
