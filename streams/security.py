"""What lets a client in: TLS, credentials and tokens for Kafka and Redis. Every client Lockgate opens is built here.

`KafkaAccess.options()` is what each aiokafka client is called with (`streams.app` hands the same to Faust), and
`RedisAccess.client()` makes the Redis clients. Host names are always checked against certificates, and TLS 1.2 is the least.
"""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

PROTOCOLS: Final = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
MECHANISMS: Final = ("plain", "scram-sha-256", "scram-sha-512", "oauthbearer")


class Tls(msgspec.Struct, frozen=True, kw_only=True):
    """Files in PEM form: who is trusted (unset: the system's authorities), and the client's own certificate and key."""

    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    key_password: str | None = None

    @property
    def named(self) -> bool:
        """Whether anything is set at all."""
        return any((self.ca, self.certificate, self.key, self.key_password))

    def faults(self, what: str) -> Iterator[str]:
        """What is wrong with the files; `what` is kafka or redis."""
        if self.key and not self.certificate:
            yield f"{what}_key: of no use without {what}_certificate"
        files = (("ca", self.ca), ("certificate", self.certificate), ("key", self.key))
        missing = [f"{what}_{name}: there is no file {path}" for name, path in files if path and not Path(path).is_file()]
        yield from missing
        if not missing:
            try:
                self.context()
            except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
                reason = error.reason if isinstance(error, ssl.SSLError) and error.reason else str(error)
                yield f"{what}_{'certificate' if self.certificate else 'ca'}: no usable certificates: {reason}"

    def context(self) -> ssl.SSLContext:
        """The client side's TLS context. Raises OSError (of which ssl.SSLError is one) for files it cannot use."""
        context = ssl.create_default_context(cafile=self.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            password = self.key_password or ""  # never ask at a terminal
            context.load_cert_chain(self.certificate, self.key, password=password)
        return context


class KafkaSecurity(msgspec.Struct, frozen=True, kw_only=True):
    """How Kafka is to be talked to, as in the settings `kafka_*`."""

    protocol: str = "plaintext"
    tls: Tls = Tls()
    mechanism: str | None = None
    user: str | None = None
    password: str | None = None
    oauth_token_file: str | None = None
    oauth_url: str | None = None
    oauth_client: str | None = None
    oauth_secret: str | None = None
    oauth_scope: str | None = None

    def faults(self) -> Iterator[str]:
        """Everything that is wrong or does not fit together."""
        if self.protocol not in PROTOCOLS:
            yield f"kafka_security: {self.protocol!r} is not one of {', '.join(PROTOCOLS)}"
            return
        if self.protocol.endswith("ssl"):
            yield from self.tls.faults("kafka")
        elif self.tls.named:
            yield f"kafka_security: {self.protocol} uses no certificates, but some are named; ssl or sasl_ssl does"
        yield from self._sasl_faults() if self.protocol.startswith("sasl") else self._stray()

    def _stray(self) -> Iterator[str]:
        given = (self.mechanism, self.user, self.password, self.oauth_token_file, self.oauth_url)
        if any(given):
            yield f"kafka_security: {self.protocol} sends no credentials, but some are given; sasl_ssl does"

    def _sasl_faults(self) -> Iterator[str]:
        if self.mechanism not in MECHANISMS:
            yield f"kafka_sasl: {self.mechanism!r} is not one of {', '.join(MECHANISMS)}"
            return
        if self.protocol == "sasl_plaintext" and not self.mechanism.startswith("scram"):
            yield f"kafka_security: {self.mechanism} without TLS shows the secret to the network; use sasl_ssl"
        if self.mechanism != "oauthbearer":
            if not self.user:
                yield f"kafka_user: {self.mechanism} needs one"
            if not self.password:
                yield f"kafka_password: {self.mechanism} needs one (kafka_password_file names a file that holds it)"
        elif self.oauth_token_file:
            if self.oauth_url:
                yield "kafka_oauth_url: a token file is named already; one of the two"
        elif not (self.oauth_url and self.oauth_client and self.oauth_secret):
            yield (
                "kafka_sasl: oauthbearer needs kafka_oauth_token_file, "
                "or all of kafka_oauth_url, kafka_oauth_client and kafka_oauth_secret"
            )
        elif not self.oauth_url.startswith("https://"):
            yield "kafka_oauth_url: not an https:// URL: the secret would be readable on its way"

    def token_provider(self) -> Any:
        """Where tokens come from; None without OAUTHBEARER."""
        if self.mechanism != "oauthbearer":
            return None
        from streams.oauth import ClientCredentials, FileToken  # an HTTP client: 0.1 s of every command otherwise

        if self.oauth_token_file:
            return FileToken(Path(self.oauth_token_file))
        return ClientCredentials(str(self.oauth_url), str(self.oauth_client), str(self.oauth_secret), scope=self.oauth_scope)


_PLAIN: Final = KafkaSecurity()


class KafkaAccess:
    """Where Kafka is, and what lets a client in. Shared by all clients of a process, whatever their thread."""

    def __init__(self, servers: str, security: KafkaSecurity = _PLAIN) -> None:
        """Read the certificates. Raises OSError when they cannot be used; `KafkaSecurity.faults` says so beforehand."""
        self.servers = servers
        self._security = security
        self._context = security.tls.context() if security.protocol.endswith("ssl") else None
        self._tokens = security.token_provider()

    def __str__(self) -> str:
        return self.servers

    def each(self) -> list[str]:
        """The bootstrap servers one by one."""
        return [server.strip() for server in self.servers.split(",")]

    def options(self) -> dict[str, Any]:
        """Keyword arguments of every aiokafka client: servers, protocol, TLS and credentials."""
        return {"bootstrap_servers": self.each(), **self.login()}

    def login(self) -> dict[str, Any]:
        """The part of `options` that is no address."""
        security = self._security
        options: dict[str, Any] = {"security_protocol": security.protocol.upper(), "ssl_context": self._context}
        if security.protocol.startswith("sasl"):
            options["sasl_mechanism"] = str(security.mechanism).upper()
            if self._tokens is not None:
                options["sasl_oauth_token_provider"] = self._tokens
            else:
                options |= {"sasl_plain_username": security.user, "sasl_plain_password": security.password}
        return options


class RedisAccess:
    """Where Redis is, and what lets a client in: the URL, TLS files, and an ACL user where the URL names none."""

    def __init__(self, url: str, *, tls: Tls | None = None, user: str | None = None, password: str | None = None) -> None:
        self.clustered = "+cluster" in url.split(":", 1)[0]
        self._url = url.replace("+cluster", "", 1) if self.clustered else url
        self._options: dict[str, Any] = {}
        if user:
            self._options["username"] = user
        if password:
            self._options["password"] = password
        if self._url.startswith("rediss:"):
            tls = tls or Tls()
            self._options |= {
                "ssl_ca_certs": tls.ca,
                "ssl_certfile": tls.certificate,
                "ssl_keyfile": tls.key,
                "ssl_password": tls.key_password,
                "ssl_check_hostname": True,
                "ssl_min_version": ssl.TLSVersion.TLSv1_2,
            }

    def __str__(self) -> str:
        """The URL as it may be shown: without user and password."""
        scheme, _, rest = self._url.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"

    def client(self, single: Any, cluster: Any, **options: Any) -> Any:
        """A client of one of the two classes, which are redis-py's, synchronous or not."""
        kind = cluster if self.clustered else single
        return kind.from_url(self._url, **self._options, **options)
