"""Canonical addresses: one spelling per address, whatever chain it lives on and however it was written.

| family | canonical form | other spellings that are the same address |
| --- | --- | --- |
| EVM chains, all of them | `0x` and 40 lower-case digits | any case, bare digits, `xdc`, `ronin:`, `eip155:1:` |
| Bitcoin, Bitcoin Cash, SV, eCash | legacy base58 `1...`, `3...` | cashaddr with or without prefix |
| segwit, BNB Beacon, other bech32 | lower case | upper case |
| Litecoin | `L...`, `M...` | scripts as `3...` |
| Dogecoin, Dash, Zcash, Bitcoin Gold, Verge | base58 | Zcash `tex1...` for `t1...` |
| Tron | `T...` | hexadecimal with `41`, with or without `0x`; 40 digits when the network is Tron |
| XRP | `r...` | X-address (its tag is read by `destination_tag`) |
| Monero | standard address or subaddress | integrated address |
| Solana | base58 of 32 bytes | |
| networks unknown to us | as given | 32-byte hexadecimal accounts in any case |

The case of an EVM address is only spelling: a wrong EIP-55 checksum is no reason to miss a listed address. On other
families a wrong checksum makes an address malformed, and `MalformedAddress` is the only exception that leaves here. An
address of a network we do not know passes as it is, unless its shape claims a kind we know and it is no valid one.
"""

from .errors import MalformedAddress
from .forms import canonical, canonical_forms
from .networks import Family, family_of
from .ripple import destination_tag

__all__ = ["Family", "MalformedAddress", "canonical", "canonical_forms", "destination_tag", "family_of"]
