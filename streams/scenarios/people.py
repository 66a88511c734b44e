"""Who holds the accounts, and the parties they deal with. All names of people and companies are invented."""

import random
from typing import Any, Final

import msgspec

from streams.scenarios.coins import Coin

DAY_MS: Final = 86_400_000


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST: Final = _words(
    "Ada Amara Anders Beatriz Bruno Carla Chidi Dana Elif Emre Farah Felix Grace Hanna Hugo Ines Ivo Jana Jonas Kaja "
    "Lena Leo Lucia Mara Mateo Mila Nia Noah Olga Omar Paula Pedro Rosa Ruben Sara Selma Tariq Tessa Uma Vera Yara Zoe"
)
_LAST: Final = _words(
    "Adeyemi Almeida Andersen Bakker Bauer Bianchi Castro Demir Dubois Eriksen Ferreira Fischer Garcia Haddad Hansen "
    "Horvat Ibarra Jansen Kaplan Keller Kowalska Larsen Lopes Marino Mendes Moreau Nakata Novak Okafor Oliveira "
    "Petrova Quispe Ricci Romero Santos Schmid Silva Tanaka Vargas Weber Yilmaz Zeman"
)
_TRADES: Final = _words("Harbor Cobalt Juniper Lantern Meadow Orchard Quarry Ridge Saffron Timber Willow Zephyr")
_FIRMS: Final = _words("Software Logistics Studio Analytics Foods Robotics Media Textiles Energy Research")
_DESKS: Final = 4
_COUNTRIES: Final = _words("US GB DE FR ES IT NL PT BR MX AR NG KE ZA TR AE IN SG JP AU CA PL SE NO")


class Party(msgspec.Struct, kw_only=True):
    """Somebody outside: one address for each family of chains, and what the travel rule says about them.

    `hosted` parties are exchanges and desks, which reuse their addresses and tell customers apart by tags.
    """

    facts: dict[str, Any] | None = None
    addresses: dict[str, str] = {}
    hosted: bool = False

    def known_as(self, facts: dict[str, Any] | None) -> "Party":
        """The same addresses under another name, or under none."""
        return Party(facts=facts, addresses=self.addresses, hosted=self.hosted)

    def address(self, coin: Coin, rng: random.Random) -> str:
        """Where this party sends the coin from and receives it."""
        found = self.addresses.get(coin.family)
        if found is None:
            found = self.addresses[coin.family] = coin.address(rng)
        return found


class Session(msgspec.Struct, frozen=True):
    """From which device and where somebody asked for a transfer."""

    device: str
    ip: str
    ip_country: str


class Account(msgspec.Struct, kw_only=True):
    """An account of the exchange: what its transfers say about it, and the addresses it is reached under.

    `device`, `ip` and `ip_country` are its usual session.
    """

    id: str
    facts: dict[str, Any]
    ip: str
    ip_country: str
    device: str
    wallet: Party
    deposit_addresses: dict[str, str] = {}

    def deposit_address(self, coin: Coin, rng: random.Random) -> str:
        """The address under which this account receives the coin: one for each family of chains."""
        found = self.deposit_addresses.get(coin.family)
        if found is None:
            found = self.deposit_addresses[coin.family] = coin.address(rng)
        return found


class People:
    """Makes accounts and parties, numbered in the order they are asked for."""

    def __init__(self, rng: random.Random, prefix: str, start_ms: int) -> None:
        self._rng = rng
        self._prefix = prefix
        self._start_ms = start_ms
        self._count = 0
        self._desks: list[Party] = []

    def account(
        self,
        *,
        opened_ms: int | None = None,
        country: str | None = None,
        device: str | None = None,
        ip: str | None = None,
        ip_country: str | None = None,
        kind: str = "individual",
    ) -> Account:
        """A new account, opened up to five years before the scenario unless said otherwise."""
        rng = self._rng
        self._count += 1
        country = country or rng.choice(_COUNTRIES)
        holder = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
        party = "individual" if kind == "individual" else "entity"
        if opened_ms is None:
            opened_ms = self._start_ms - rng.randrange(180 * DAY_MS, 5 * 365 * DAY_MS)
        return Account(
            id=f"{self._prefix}-{self._count:05d}",
            facts={"opened_at": opened_ms, "holder_name": holder, "country": country, "type": kind},
            ip=ip or self.ip(),
            ip_country=ip_country or country,
            device=device or self.device(),
            wallet=Party(facts={"name": holder, "type": party, "country": country}),
        )

    def device(self) -> str:
        """A device nobody else uses."""
        return f"dev-{self._rng.getrandbits(48):012x}"

    def ip(self) -> str:
        """An address out of 198.18.0.0/15, which RFC 2544 sets aside for tests."""
        return f"198.{self._rng.randrange(18, 20)}.{self._rng.randrange(256)}.{self._rng.randrange(1, 255)}"

    def company(self, country: str | None = None) -> Party:
        """A company that pays or is paid."""
        rng = self._rng
        name = f"{rng.choice(_TRADES)} {rng.choice(_FIRMS)} {rng.choice(('Ltd', 'LLC', 'GmbH', 'SA'))}"
        return Party(facts={"name": name, "type": "entity", "country": country or rng.choice(_COUNTRIES)})

    def person(self) -> Party:
        """A private person."""
        rng = self._rng
        name = f"{rng.choice(_FIRST)} {rng.choice(_LAST)}"
        return Party(facts={"name": name, "type": "individual", "country": rng.choice(_COUNTRIES)})

    def stranger(self) -> Party:
        """An unhosted wallet about which nobody says anything."""
        return Party()

    def exchange(self) -> Party:
        """Another exchange or a trading desk, with a hot wallet shared by all its customers."""
        return Party(facts={"vasp": f"{self._rng.choice(_TRADES)} Exchange"}, hosted=True)

    def desks(self) -> list[Party]:
        """The few trading desks at which this town changes its coins for money."""
        if not self._desks:
            names = self._rng.sample(_TRADES, _DESKS)
            self._desks = [Party(facts={"vasp": f"{name} OTC"}, hosted=True) for name in names]
        return self._desks
