"""What one row of a reference list says."""

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

Words = Annotated[str, Meta(min_length=1, max_length=256)]
Code = Annotated[
    str,
    Meta(
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$", description="ISO 3166-1 alpha-2 country, or ISO 3166-2 region such as UA-43"
    ),
]


class Tier(StrEnum):
    """embargoed: dealings are forbidden as such. high_risk: enhanced due diligence is called for. monitored: be aware."""

    EMBARGOED = "embargoed"
    HIGH_RISK = "high_risk"
    MONITORED = "monitored"


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A country or a region of one, the tier it is put in, since when, and on whose word.

    `aliases` are other names under which a transfer may name a region; unset where there are none, so that hashes of lists
    without them stay as they were.
    """

    code: Code
    name: Words
    aliases: tuple[Words, ...] | UnsetType = UNSET
    tier: Tier
    since: date | None = None
    source: Words

    @property
    def names(self) -> tuple[str, ...]:
        """The name and all aliases."""
        return (self.name,) if self.aliases is UNSET else (self.name, *self.aliases)


class Access(StrEnum):
    """What a network is used for. A region says only where its addresses are."""

    TOR = "tor"
    VPN = "vpn"
    PROXY = "proxy"
    HOSTING = "hosting"
    REGION = "region"


class NetworkRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """An IPv4 or IPv6 network in CIDR form, or one address; `jurisdiction` where it is known to lie in one."""

    network: Annotated[str, Meta(min_length=2, max_length=64)]
    kind: Access
    name: Annotated[str, Meta(max_length=256)] = ""
    jurisdiction: Code | None = None


class VaspRisk(StrEnum):
    """Why a virtual asset service provider is on the list."""

    HIGH_RISK = "high_risk"
    OTC = "otc"
    UNLICENSED = "unlicensed"
    NO_KYC = "no_kyc"


class Vasp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A virtual asset service provider or OTC desk, why it is listed, and on whose word."""

    name: Words
    aliases: tuple[Words, ...] = ()
    risk: VaspRisk
    country: Code | None = None
    since: date | None = None
    source: Words


class Category(StrEnum):
    """What kind of party an address is attributed to."""

    SANCTIONED = "sanctioned"
    MIXER = "mixer"
    DARKNET_MARKET = "darknet_market"
    RANSOMWARE = "ransomware"
    STOLEN_FUNDS = "stolen_funds"
    SCAM = "scam"
    TERRORIST_FINANCING = "terrorist_financing"
    CHILD_ABUSE = "child_abuse"
    OTC_DESK = "otc_desk"
    HIGH_RISK_EXCHANGE = "high_risk_exchange"
    EXCHANGE_HOT_WALLET = "exchange_hot_wallet"
    PAYMENT_SERVICE = "payment_service"
    BRIDGE = "bridge"
    DEX = "dex"
    GAMBLING = "gambling"
    MINING_POOL = "mining_pool"
    OTHER = "other"

    @property
    def is_service(self) -> bool:
        """Whether many parties share the address, so that what passes through it cannot be followed: a path ends there."""
        return self in _SERVICES


_SERVICES = frozenset(
    {
        Category.MIXER,
        Category.DARKNET_MARKET,
        Category.OTC_DESK,
        Category.HIGH_RISK_EXCHANGE,
        Category.EXCHANGE_HOT_WALLET,
        Category.PAYMENT_SERVICE,
        Category.BRIDGE,
        Category.DEX,
        Category.GAMBLING,
        Category.MINING_POOL,
    }
)


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """Who an address is attributed to, how surely (percent), and on whose word.

    `list_entry` is the id of the sanctions list entry that the attribution speaks of, where it speaks of one.
    """

    address: Annotated[str, Meta(min_length=1, max_length=512)]
    network: Annotated[str, Meta(max_length=128)] | None = None
    entity: Words
    category: Category
    confidence: Annotated[int, Meta(ge=0, le=100)]
    source: Words
    since: date | None = None
    list_entry: Annotated[str, Meta(max_length=64)] | None = None


class Rows(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows of every kind, as worked examples write them; None where no list of the kind is loaded."""

    jurisdictions: tuple[Jurisdiction, ...] | None = None
    networks: tuple[NetworkRow, ...] | None = None
    vasps: tuple[Vasp, ...] | None = None
    labels: tuple[Label, ...] | None = None
