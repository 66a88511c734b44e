"""Reference lists beside the sanctions lists: jurisdictions, networks, VASPs and address labels, as one immutable value."""

from .index import Reference, combine
from .listing import LeftOutRow, ListKind, ReferenceList, Row, fault
from .networks import BadAddress, Networks
from .rows import Access, Category, Jurisdiction, Label, NetworkRow, Rows, Tier, Vasp, VaspRisk

__all__ = [
    "Access",
    "BadAddress",
    "Category",
    "Jurisdiction",
    "Label",
    "LeftOutRow",
    "ListKind",
    "NetworkRow",
    "Networks",
    "Reference",
    "ReferenceList",
    "Row",
    "Rows",
    "Tier",
    "Vasp",
    "VaspRisk",
    "combine",
    "fault",
]
