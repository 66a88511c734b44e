"""Certificates for tests with TLS: one authority, files in PEM form, keys as PKCS #8, which is what Kafka reads."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Authority:
    """A new authority, whose certificate is `ca`, and the certificates it signs, below `folder`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA()
        self.ca = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca)

    def issue(self, name: str, *, common_name: str | None = None) -> tuple[Path, Path]:
        """A certificate for localhost, and its key: paths of `NAME.pem` and `NAME.key`."""
        issued = self._authority.issue_cert("127.0.0.1", "localhost", common_name=common_name or name)
        certificate, key = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        private = load_pem_private_key(issued.private_key_pem.bytes(), None)
        key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key
