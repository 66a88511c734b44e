"""All reference lists together: what rules look things up in. Immutable; swapped as a whole."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from rules.addresses import canonical_forms
from rules.reference.listing import ListKind, ReferenceList
from rules.reference.networks import Networks
from rules.reference.rows import Jurisdiction, Label, NetworkRow, Tier, Vasp

_LEGAL_FORMS_TEXT: Final = (
    "ab ag as bv co company corp corporation doo fze fzco gmbh inc incorporated jsc kk limited llc llp ltd nv oao oo ooo "
    "ou oy plc pte pty sa sarl sas sia spa srl uab"
)
_LEGAL_FORMS: Final = frozenset(_LEGAL_FORMS_TEXT.split())
_CACHED: Final = 16_384  # judgement: VASPs that customers deal with, in all their spellings
# What names of regions have in common, also in Russian and Ukrainian.
_KINDS_OF_REGION_TEXT: Final = (
    "autonomous city federal oblast of people peoples province region republic s so called territory the "
    "автономная автономна народная народна область республика республіка город місто"
)
_KINDS_OF_REGION: Final = frozenset(_KINDS_OF_REGION_TEXT.split())
_words: Final = re.compile(r"\w+").findall
_is_region: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}", re.ASCII).fullmatch
_is_part: Final = re.compile(r"[A-Z0-9]{1,3}", re.ASCII).fullmatch


class Reference(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The reference lists in force; a part is None when no list of its kind is loaded. Build it with `combine`."""

    lists: tuple[ReferenceList, ...]
    hash: str
    jurisdictions: Mapping[str, Jurisdiction] | None
    regions: Mapping[str, str]  # codes of listed regions by their names and aliases, as `plain_place` has them
    watched: frozenset[str]  # codes of those that are embargoed or of high risk, in capitals and small letters
    networks: Networks | None
    vasps: Mapping[str, Vasp] | None
    labels: Mapping[str, tuple[Label, ...]] | None

    def label(self, address: str) -> Label | None:
        """The surest label of a canonical address."""
        return self.labels[address][0] if self.labels is not None and address in self.labels else None

    def vasp(self, name: str) -> Vasp | None:
        """The listed VASP of that name or alias, written in any case and with any legal form."""
        return None if self.vasps is None else self.vasps.get(plain_name(name))

    def region(self, text: str, country: str | None = None) -> str | None:
        """The code of a region given as code, as the part of it after the country, or by a name that a list knows.

        A name counts in whatever country it is put: an occupied region stands under either. None when nothing tells.
        """
        named = self.regions.get(plain_place(text))
        if named is not None:
            return named
        code = text.strip().upper()
        if _is_region(code):
            return code
        return f"{country.upper()}-{code}" if country and _is_part(code) else None


def combine(lists: Iterable[ReferenceList]) -> Reference:
    """One reference of several lists, independent of their order.

    A list given twice counts once. Of two lists that say something about the same jurisdiction or VASP the later one counts.
    """
    distinct = {each.hash: each for each in lists}
    ordered = tuple(sorted(distinct.values(), key=lambda each: (each.kind, each.published, each.name, each.hash)))
    by_kind = {kind: [each for each in ordered if each.kind is kind] for kind in ListKind}
    jurisdictions: dict[str, Jurisdiction] = {}
    networks: list[NetworkRow] = []
    vasps: dict[str, Vasp] = {}
    labels: dict[str, list[Label]] = {}
    for each in ordered:
        for row in each.rows:
            match row:
                case Jurisdiction():
                    jurisdictions[row.code] = row
                case NetworkRow():
                    networks.append(row)
                case Vasp():
                    vasps |= {plain_name(name): row for name in (row.name, *row.aliases)}
                case Label():
                    for form in canonical_forms(row.address, row.network):
                        labels.setdefault(form, []).append(row)
    return Reference(
        lists=ordered,
        hash=sha256("\n".join(sorted(distinct)).encode()).hexdigest() if distinct else "",
        jurisdictions=jurisdictions if by_kind[ListKind.JURISDICTIONS] else None,
        regions={plain_place(name): row.code for row in jurisdictions.values() if "-" in row.code for name in row.names},
        watched=frozenset(
            code for row in jurisdictions.values() if row.tier is not Tier.MONITORED for code in (row.code, row.code.lower())
        ),
        networks=Networks(networks) if by_kind[ListKind.NETWORKS] else None,
        vasps=vasps if by_kind[ListKind.VASPS] else None,
        labels=_surest_first(labels) if by_kind[ListKind.LABELS] else None,
    )


@lru_cache(maxsize=_CACHED)
def plain_name(name: str) -> str:
    """A company name without case, punctuation and legal form; names of nothing but these keep them."""
    words = _words(unicodedata.normalize("NFKC", name).casefold())
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


@lru_cache(maxsize=_CACHED)
def plain_place(name: str) -> str:
    """The name of a region without case, punctuation and what it is (oblast, republic), if more is left of it."""
    words = _words(unicodedata.normalize("NFKC", name).casefold())
    return " ".join([word for word in words if word not in _KINDS_OF_REGION] or words)


def _surest_first(labels: Mapping[str, list[Label]]) -> dict[str, tuple[Label, ...]]:
    return {
        address: tuple(sorted(rows, key=lambda row: (-row.confidence, row.category, row.entity, row.source)))
        for address, rows in labels.items()
    }
