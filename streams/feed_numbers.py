"""Numbers as ledgers write them: decimal comma, grouped digits, a sign for the direction, another currency."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, Literal

Mark = Literal[".", ","]

_MICRO: Final = Decimal("0.000001")
_MINUSES: Final = ("-", "\N{MINUS SIGN}")
_GROUP: Final = "[0-9]{1,3}"
_NEXT: Final = "[0-9]{3}"
# Groups of three digits, apart by spaces (also those that do not break), apostrophes or the mark that is not decimal.
# A lone `1,250` under a decimal point may be either: it is left alone.
_FORMS: Final[dict[Mark, re.Pattern[str]]] = {
    ",": re.compile(rf"({_GROUP}(?:[.\s'’]{_NEXT})+|[0-9]+)(?:,([0-9]+))?"),  # noqa: RUF001
    ".": re.compile(
        rf"({_GROUP}(?:[\s'’]{_NEXT})+|{_GROUP}(?:,{_NEXT})+(?=\.)|{_GROUP}(?:,{_NEXT}){{2,}}|[0-9]+)(?:\.([0-9]+))?"  # noqa: RUF001
    ),
}


def is_negative(cell: str) -> bool:
    """Whether a cell begins with a minus."""
    return cell.startswith(_MINUSES)


def plain_number(cell: str, mark: Mark, *, signed: bool = False, rate: Decimal | None = None) -> str:
    """The number as the contract writes it, without its sign if `signed`, times `rate` to a millionth.

    What is no number of this form comes back as it is, and never as another number: where the contract could read it, such
    as `4.5` under a decimal comma, with a remark that makes it a dead letter.
    """
    minus = "-" if is_negative(cell) and not signed else ""
    digits = cell.lstrip("+-\N{MINUS SIGN}").strip()
    read = _FORMS[mark].fullmatch(digits)
    if read is None:
        return f"{cell} (decimal is {mark!r})" if mark == "," and "." in cell else cell
    number = re.sub(r"\D", "", read[1]) + (f".{read[2]}" if read[2] else "")
    if rate is not None:
        number = format((Decimal(number) * rate).quantize(_MICRO, ROUND_HALF_EVEN), "f")
    return minus + number
