"""Reference lists from files: jurisdictions, networks, VASPs and address labels. Their forms: docs/reference-lists.md."""

from .sources import load_reference

__all__ = ["load_reference"]
