"""Honest people who look like a cell of IT workers in some respect: what the rules have to leave alone.

Each function enters one of them, or one group. All are judgement: no source counts them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from streams.scenarios.coins import STABLECOINS, USDT_TRON, Coin
from streams.scenarios.people import Account, Party, Session
from streams.scenarios.typologies import Plot
from streams.scenarios.wages import Wages

_HOUR: Final = 1 / 24
_MONTHLY: Final = (30,)
_ABROAD: Final = ("TH", "ID", "PT", "MX", "AE", "RU", "VN")


def _sessions(plot: Plot, account: Account, *, roams: bool) -> Callable[[float], Session | None]:
    """The usual session, or another country every few weeks."""
    if not roams:
        return lambda day: None
    stops = [(plot.rng.choice(_ABROAD), plot.people.ip()) for _ in range(12)]

    def session(day: float) -> Session:
        country, ip = stops[int(day / 17) % len(stops)]
        return Session(account.device, ip, country)

    return session


def _live_on_wages(
    plot: Plot,
    account: Account,
    coin: Coin,
    payers: Sequence[Party],
    recipient: Party,
    *,
    wages: Wages,
    share: tuple[int, int] = (90, 100),
    roams: bool = False,
) -> None:
    """Paid by `payers`, and moved on within a day or two to `recipient`."""
    rng, session = plot.rng, _sessions(plot, account, roams=roams)
    delay = _HOUR * 2.0 ** rng.uniform(1, 5.5)
    for day, cents, payer in wages.paid(payers, rng.uniform(0, 5), plot.days - 1):
        plot.deposit(day, account, coin, cents, payer, session(day))
        leaves = day + delay * rng.uniform(0.5, 1.5)
        plot.withdraw(leaves, account, coin, cents * rng.randrange(*share) // 100, recipient, session(leaves))


def _monthly(plot: Plot, low: int, high: int, *, jitter_percent: int = 3) -> Wages:
    return Wages(plot.rng, monthly_cents=plot.rng.randrange(low, high), jitter_percent=jitter_percent, rhythms=_MONTHLY)


def swept_freelancer(plot: Plot) -> None:
    """Paid by one to three clients, regularly, in stablecoins, and sweeps it whole to the own wallet; some travel."""
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    clients = [plot.people.company() for _ in range(rng.randrange(1, 4))]
    wages = Wages(rng, monthly_cents=rng.randrange(2_500_00, 9_000_00), jitter_days=3, jitter_percent=8)
    _live_on_wages(plot, account, coin, clients, account.wallet, wages=wages, roams=rng.random() < 0.3)


def sweeping_saver(plot: Plot) -> None:
    """Buys for the same sum every week or month at a broker and sends all of it to a hardware wallet."""
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    wages = Wages(rng, monthly_cents=rng.randrange(400_00, 6_000_00), jitter_percent=1, rhythms=(7, 30))
    _live_on_wages(plot, account, coin, [plot.people.exchange()], account.wallet, wages=wages, share=(97, 100))


def remitter(plot: Plot) -> None:
    """Works abroad and sends most of each wage home, to somebody of another name."""
    rng, coin = plot.rng, USDT_TRON
    account = plot.people.account(
        country=rng.choice(("PH", "NG", "MX", "IN", "UA")), ip_country=rng.choice(("AE", "SG", "US"))
    )
    wages = _monthly(plot, 1_500_00, 5_000_00)
    relative, desk = plot.people.person(), rng.choice(plot.people.desks())
    home = relative if rng.random() < 0.6 else desk.known_as({**(desk.facts or {}), **(relative.facts or {})})
    _live_on_wages(plot, account, coin, [plot.people.company()], home, wages=wages, share=(70, 96))


def desk_customer(plot: Plot) -> None:
    """A freelancer who changes each payment for money at a trading desk, in the own name."""
    rng, account, coin = plot.rng, plot.people.account(), plot.rng.choice(STABLECOINS)
    desk = rng.choice(plot.people.desks())
    recipient = desk.known_as({**(desk.facts or {}), **(account.wallet.facts or {})})
    clients = [plot.people.company() for _ in range(rng.randrange(1, 4))]
    wages = Wages(rng, monthly_cents=rng.randrange(2_500_00, 8_000_00), jitter_days=2, jitter_percent=6)
    _live_on_wages(plot, account, coin, clients, recipient, wages=wages, roams=rng.random() < 0.2)


def colleagues_of_one_desk(plot: Plot) -> None:
    """Several people paid by the same payroll desk on the same day; each uses a wallet of their own, some the same desk."""
    rng, coin = plot.rng, plot.rng.choice(STABLECOINS)
    payroll, cash_desk = plot.people.exchange(), rng.choice(plot.people.desks())
    for _ in range(rng.randrange(4, 10)):
        account = plot.people.account()
        at_desk = cash_desk.known_as({**(cash_desk.facts or {}), **(account.wallet.facts or {})})
        recipient = at_desk if rng.random() < 0.3 else account.wallet
        wages = _monthly(plot, 3_000_00, 8_000_00)
        _live_on_wages(plot, account, coin, [payroll], recipient, wages=wages, roams=rng.random() < 0.15)


def remote_company(plot: Plot) -> None:
    """A company that is funded in bulk and pays its staff each month, some of them on the same exchange."""
    rng, coin = plot.rng, plot.rng.choice(STABLECOINS)
    company, treasury = plot.people.account(kind="business"), plot.people.exchange()
    payer = Party(facts=company.wallet.facts, addresses={coin.family: company.deposit_address(coin, rng)})
    staff = [(plot.people.account(), rng.randrange(3_000_00, 8_000_00)) for _ in range(rng.randrange(3, 8))]
    outside = [(plot.people.person(), rng.randrange(3_000_00, 8_000_00)) for _ in range(rng.randrange(2, 8))]
    delays = [_HOUR * 2.0 ** rng.uniform(1, 6) for _ in staff]
    day = rng.uniform(1, 15)
    while day < plot.days - 4:
        total = sum(cents for _, cents in (*staff, *outside))
        plot.deposit(day, company, coin, total * 103 // 100, treasury)
        for person, cents in outside:
            plot.withdraw(day + rng.uniform(0.05, 0.3), company, coin, cents, person)
        for (account, cents), delay in zip(staff, delays, strict=True):
            paid = day + rng.uniform(0.05, 0.3)
            inward = Party(facts=account.wallet.facts, addresses={coin.family: account.deposit_address(coin, rng)})
            plot.withdraw(paid, company, coin, cents, inward)
            plot.deposit(paid + 0.01, account, coin, cents, payer)
            share = rng.randrange(30, 100)
            plot.withdraw(paid + delay, account, coin, cents * share // 100, account.wallet)
        day += 30 + rng.uniform(-1, 1)


def paid_couple(plot: Plot) -> None:
    """Two people, one device, one wallet; both are paid in stablecoins and sweep what they earn."""
    rng, coin = plot.rng, plot.rng.choice(STABLECOINS)
    device, ip, country = plot.people.device(), plot.people.ip(), rng.choice(("US", "DE", "BR", "SG"))
    pair = [plot.people.account(device=device, ip=ip, country=country) for _ in range(2)]
    for account in pair:
        wages = Wages(rng, monthly_cents=rng.randrange(2_500_00, 7_000_00), jitter_percent=4)
        clients = [plot.people.company() for _ in range(rng.randrange(1, 3))]
        _live_on_wages(plot, account, coin, clients, pair[0].wallet, wages=wages)


def family(plot: Plot) -> None:
    """Parents and one or two children on one tablet: a wage in stablecoins, allowances, and one wallet outside for all."""
    rng, coin = plot.rng, plot.rng.choice(STABLECOINS)
    device, ip, country = plot.people.device(), plot.people.ip(), rng.choice(("US", "TR", "AR", "FR"))
    earner, *others = [plot.people.account(device=device, ip=ip, country=country) for _ in range(rng.randrange(3, 5))]
    wages = Wages(rng, monthly_cents=rng.randrange(3_000_00, 7_000_00))
    _live_on_wages(plot, earner, coin, [plot.people.company()], earner.wallet, wages=wages, share=(60, 95))
    payer = Party(facts=earner.wallet.facts, addresses={coin.family: earner.deposit_address(coin, rng)})
    for account in others:
        inward = Party(facts=account.wallet.facts, addresses={coin.family: account.deposit_address(coin, rng)})
        for day, cents, _ in _monthly(plot, 60_00, 900_00).paid([payer], rng.uniform(5, 9), plot.days - 2):
            plot.withdraw(day, earner, coin, cents, inward)
            plot.deposit(day + 0.01, account, coin, cents, payer)
            plot.withdraw(day + rng.uniform(0.1, 2), account, coin, cents * rng.randrange(50, 100) // 100, earner.wallet)


def flatmates(plot: Plot) -> None:
    """Students who share one computer; each is sent money from home every month and loads a card with it."""
    coin = plot.rng.choice(STABLECOINS)
    device, ip, card = plot.people.device(), plot.people.ip(), plot.people.exchange()
    for _ in range(3):
        account = plot.people.account(device=device, ip=ip, ip_country="DE")
        recipient = card.known_as({**(card.facts or {}), **(account.wallet.facts or {})})
        wages = _monthly(plot, 500_00, 1_100_00)
        _live_on_wages(plot, account, coin, [plot.people.person()], recipient, wages=wages, share=(60, 100))


LOOKALIKES: Final[Mapping[str, Callable[[Plot], None]]] = {
    function.__name__: function
    for function in (
        swept_freelancer,
        sweeping_saver,
        remitter,
        desk_customer,
        colleagues_of_one_desk,
        remote_company,
        paid_couple,
        family,
        flatmates,
    )
}
