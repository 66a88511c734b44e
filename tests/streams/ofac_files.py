"""Writes list files in OFAC's own formats."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

NULL = "-0- "
END = "\x1a"


def quoted(*fields: str) -> str:
    return ",".join(field if field == NULL or i == 0 else f'"{field}"' for i, field in enumerate(fields))


def sdn_row(entry_id: str, name: str, kind: str = NULL, program: str = NULL, remarks: str = NULL) -> str:
    return quoted(entry_id, name, kind, program, *[NULL] * 7, remarks)


def csv_text(rows: Iterable[str], *, end: str = END) -> str:
    return "".join(f"{row}\r\n" for row in rows) + end


def write(path: Path, rows: Iterable[str], *, end: str = END) -> Path:
    path.write_bytes(csv_text(rows, end=end).encode())
    return path


def cut(entry_id: str, remarks: str) -> tuple[str, list[str]]:
    """Remarks as the primary file holds them, and the rows of the comments file that continue them."""
    rest = remarks[1000:]
    return remarks[:1000] or NULL, [quoted(entry_id, rest)] if rest else []


def address_text(addresses: Sequence[tuple[str, str]]) -> str:
    parts = [f"{'alt. ' if i else ''}Digital Currency Address - {c} {a}" for i, (c, a) in enumerate(addresses)]
    return "; ".join(parts) + "." if parts else ""


NAMESPACE = "https://sanctionslistservice.ofac.treas.gov/api/PublicationPreview/exports/XML"


def xml_entry(entry_id: str, last_name: str, kind: str = "Entity", first_name: str = "", inner: str = "") -> str:
    first = f"<firstName>{escape(first_name)}</firstName>" if first_name else ""
    return (
        f"<sdnEntry><uid>{entry_id}</uid>{first}<lastName>{escape(last_name)}</lastName><sdnType>{kind}</sdnType>"
        f"{inner}</sdnEntry>"
    )


def xml_ids(addresses: Sequence[tuple[str, str]]) -> str:
    ids = "".join(
        f"<id><uid>{i}</uid><idType>Digital Currency Address - {c}</idType><idNumber>{a}</idNumber></id>"
        for i, (c, a) in enumerate(addresses)
    )
    return f"<idList>{ids}</idList>"


def xml_text(entries: Sequence[str], *, published: str = "08/20/2026", count: int | None = None) -> str:
    return (
        f'<?xml version="1.0" standalone="yes"?>\n<sdnList xmlns="{NAMESPACE}">\n<publshInformation>'
        f"<Publish_Date>{published}</Publish_Date><Record_Count>{len(entries) if count is None else count}"
        f"</Record_Count></publshInformation>\n" + "\n".join(entries) + "\n</sdnList>"
    )
