"""Which listed networks an IP address lies in: sorted ranges, one binary search for each look-up, IPv4 and IPv6."""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from rules.reference.rows import Access, NetworkRow

# judgement: the largest blocks ever given to one holder; what is wider would flag half of the internet by a slip
_WIDEST: Final = {4: 8, 6: 16}
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address
# Addresses that say nothing of where somebody is: RFC 1918, 6598, 5735, 3927, 4193, 4291.
_INSIDE: Final = tuple(
    ip_network(text)
    for text in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("0.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128", "::/128"),
    )
)
_CACHED: Final = 65_536  # judgement: addresses of customers active at a time; some 200 bytes each


class BadAddress(ValueError):
    """The text is no IP address or network that can be used."""


Range = tuple[int, int, int]  # version, first, last


@lru_cache(maxsize=_CACHED)
def read_ip(text: str) -> tuple[int, int, bool]:
    """Version, number and whether the address lies inside a private network; IPv4 inside IPv6 is read as IPv4.

    Raises BadAddress.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(text.strip().strip("[]").partition("%")[0])
    except ValueError:
        raise BadAddress("not an IP address") from None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFFFFFF)
    return address.version, int(address), any(address.version == one.version and address in one for one in _INSIDE)


def prefix(text: str) -> Range:
    """The range of a network in CIDR form or of one address. Raises BadAddress."""
    try:
        network = ip_network(text.strip())
    except ValueError as error:
        raise BadAddress(f"not a network: {error}") from None
    if network.prefixlen < _WIDEST[network.version]:
        raise BadAddress(f"wider than /{_WIDEST[network.version]}")
    return network.version, int(network.network_address), int(network.broadcast_address)


class Networks:
    """Listed networks. They may overlap and contain each other; a look-up gives all that hold the address."""

    def __init__(self, rows: Iterable[NetworkRow]) -> None:
        self.rows = tuple(rows)
        self.tell_jurisdictions = any(row.jurisdiction is not None for row in self.rows)
        ranges = [prefix(row.network) for row in self.rows]
        self._covers: list[tuple[NetworkRow, ...]] = []
        known: dict[tuple[int, ...], int] = {}
        self._starts: dict[int, Sequence[int]] = {}
        self._cover: dict[int, array[int]] = {}
        for version in (4, 6):
            starts, cover = array("Q"), array("I")
            wide: list[int] = []  # IPv6 does not fit into an array
            for start, holding in _segments(version, ranges):
                number = known.setdefault(holding, len(known))
                if number == len(self._covers):
                    self._covers.append(tuple(self.rows[n] for n in holding))
                (starts if version == 4 else wide).append(start)
                cover.append(number)
            self._starts[version], self._cover[version] = (starts if version == 4 else wide), cover

    def __len__(self) -> int:
        return len(self.rows)

    def find(self, ip: str) -> tuple[NetworkRow, ...]:
        """Every listed network that holds the address, the widest first. Raises BadAddress."""
        version, number, _ = read_ip(ip)
        at = bisect_right(self._starts[version], number) - 1
        return self._covers[self._cover[version][at]] if at >= 0 else ()

    def hiding(self, ip: str) -> tuple[NetworkRow, ...]:
        """The networks of `find` that hide who uses them: Tor, VPN, proxy, hosting. Raises BadAddress."""
        return tuple(row for row in self.find(ip) if row.kind is not Access.REGION)


def is_inside(ip: str) -> bool:
    """Whether the address belongs to a private network and says nothing of where somebody is. Raises BadAddress."""
    return read_ip(ip)[2]


def _segments(version: int, ranges: Sequence[Range]) -> Iterable[tuple[int, tuple[int, ...]]]:
    """Cuts overlapping ranges into segments: where each begins, and which ranges hold it; gaps are held by none."""
    order = sorted((first, -last, n) for n, (kind, first, last) in enumerate(ranges) if kind == version)
    open_ranges: list[tuple[int, int]] = []  # last address and number, each inside the one before: CIDR blocks nest
    begun: tuple[int, tuple[int, ...]] | None = None
    for first, last, number in [*order, (1 << 129, 0, -1)]:
        while open_ranges and open_ranges[-1][0] < first:
            end = open_ranges.pop()[0]
            if begun is not None and begun[0] <= end:
                yield begun
            begun = (end + 1, tuple(n for _, n in open_ranges))
        if number < 0:
            break
        if begun is not None and begun[0] < first:
            yield begun
        open_ranges.append((-last, number))
        begun = (first, tuple(n for _, n in open_ranges))
    if begun is not None:
        yield begun
