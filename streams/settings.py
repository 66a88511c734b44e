"""Every setting of Lockgate, in one typed object, from the environment or a TOML file.

The environment wins over the file. Every fault is reported at once.
"""

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from streams.errors import SettingsError
from streams.formats.outlet import Outlet, read_outputs
from streams.security import KafkaAccess, KafkaSecurity, RedisAccess, Tls

DEPOSITS: Final = "exchange.deposits"
WITHDRAWALS: Final = "exchange.withdrawals"
ALERTS: Final = "lockgate.alerts"
VERDICTS: Final = "lockgate.verdicts"
DEADLETTERS: Final = "lockgate.deadletters"
FLOWS: Final = "lockgate.flows"
LISTS: Final = "lockgate.lists"
DISPOSITIONS: Final = "lockgate.dispositions"  # written by the console, read by nobody else of Lockgate
JOURNAL_ACCOUNTS: Final = "lockgate.journal.accounts"
JOURNAL_COUNTERPARTIES: Final = "lockgate.journal.counterparties"
COUNTERPARTIES: Final = "counterparties"  # the stage whose notes the accounts stage asks for
NATIVE_TOPICS: Final = frozenset({ALERTS, VERDICTS, DEADLETTERS})  # always native JSON; other forms have topics of their own
_INTERNAL_TOPICS: Final = frozenset(
    {DEPOSITS, WITHDRAWALS, FLOWS, LISTS, DISPOSITIONS, JOURNAL_ACCOUNTS, JOURNAL_COUNTERPARTIES}
)

SECRETS: Final = frozenset(
    {"redis", "redis_password", "redis_key_password", "kafka_password", "kafka_key_password", "kafka_oauth_secret"}
)
_REDIS_SCHEMES: Final = {"redis", "rediss", "unix", "redis+cluster", "rediss+cluster"}
_ELSEWHERE: Final = {"LOCKGATE_DATA", "LOCKGATE_CACHE"}  # where tests find data, where Kafka's jars are kept
_MISSPELT: Final = 0.75  # judgement: LIST for LISTS, SESSION_TIMEOUTS for SESSION_TIMEOUT
_LOG_LEVELS: Final = {"debug", "info", "warning", "error"}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lockgate's settings. The TOML keys are these names, the environment's are `LOCKGATE_` and the name in capitals."""

    kafka: str = "127.0.0.1:9092"
    """Kafka bootstrap servers, host:port separated by commas."""
    redis: str = "redis://127.0.0.1:6379/0"
    """Redis URL; rediss:// for TLS, redis+cluster:// for a cluster."""
    lists: tuple[str, ...] = ("demo",)
    """Sanctions lists: files, folders, URLs, or `demo`; separated by commas."""
    reference: tuple[str, ...] = ()
    """Reference lists (jurisdictions, networks, VASPs, address labels): files and folders, separated by commas."""
    lists_dir: str = "~/.cache/lockgate/lists"
    """The folder in which lists fetched by URL are kept, for starts without network."""
    lists_refresh_seconds: float = 3600.0
    """How often the sources of the lists are looked at again; 0: never."""
    http: str = "127.0.0.1:9464"
    """host:port of /metrics, /healthz and /readyz."""
    rules: str | None = None
    """A folder of rule files that replace or add to the built-in ones."""
    exceptions: str | None = None
    """A TOML file of exceptions: findings that are not to be told, by whose decision, why, and until when."""
    archive_dir: str = "~/.local/state/lockgate/archive"
    """The folder that keeps every rule set and all lists that were in force, by hash, for `lockgate replay`."""
    session_timeout: float = 10.0
    """Seconds after which Kafka gives a silent worker's partitions to others (6 to 300)."""
    group: str = "lockgate"
    """Kafka consumer group; also names the state in Redis."""
    max_list_age_hours: float | None = None
    """Withdrawals are held when the sanctions list is older than this; unset: never for that reason."""
    profile_cache: int = 100_000
    """Profiles of accounts and addresses kept in a worker's memory, per partition and stage."""
    log_level: str = "info"
    """debug, info, warning or error."""
    traces: str | None = None
    """http(s)://host:port of a collector that OpenTelemetry traces of rounds go to (extra `otel`); unset: none are made."""
    traces_share: float = 1.0
    """The share of rounds that are traced, 0 to 1."""

    console: str = "127.0.0.1:9466"
    """host:port of the analysts' console."""
    console_users: str | None = None
    """A file of the analysts' names and the SHA-256 of their tokens, NAME:HASH a line."""
    console_user_header: str | None = None
    """The header in which a reverse proxy tells the console who is logged in."""
    console_proxies: str = "127.0.0.1,::1"
    """Addresses of the proxies whose header is believed, separated by commas."""
    console_stories: int = 100_000
    """Stories, and as many verdicts, kept in the console's memory."""

    outputs: dict[str, str] = {}
    """Alerts in other forms on topics of their own: TOPIC=ocsf or ecs; `+cloudevents` adds headers; separated by commas."""
    kafka_security: str = "plaintext"
    """plaintext, ssl (TLS; with a client certificate mTLS), sasl_ssl, or sasl_plaintext (SCRAM only)."""
    kafka_ca: str | None = None
    """PEM file of the authorities that sign the brokers' certificates; unset: the system's."""
    kafka_certificate: str | None = None
    """PEM file of the client's certificate, for mTLS."""
    kafka_key: str | None = None
    """PEM file of its private key, where the certificate's file does not hold it."""
    kafka_key_password: str | None = None
    """Password of the private key."""
    kafka_sasl: str | None = None
    """scram-sha-512, scram-sha-256, oauthbearer or plain; with kafka_security sasl_ssl."""
    kafka_user: str | None = None
    """User name for SCRAM and PLAIN."""
    kafka_password: str | None = None
    """Password for SCRAM and PLAIN."""
    kafka_oauth_token_file: str | None = None
    """OAUTHBEARER: a file with the token, read again at each connection."""
    kafka_oauth_url: str | None = None
    """OAUTHBEARER: the endpoint that gives tokens for client credentials (https)."""
    kafka_oauth_client: str | None = None
    """OAUTHBEARER: client id."""
    kafka_oauth_secret: str | None = None
    """OAUTHBEARER: client secret."""
    kafka_oauth_scope: str | None = None
    """OAUTHBEARER: scope to ask for."""
    redis_user: str | None = None
    """Redis ACL user, where the URL names none."""
    redis_password: str | None = None
    """Redis password, where the URL holds none."""
    redis_ca: str | None = None
    """PEM file of the authorities that sign Redis' certificate; unset: the system's."""
    redis_certificate: str | None = None
    """PEM file of the client's certificate for Redis, for mTLS."""
    redis_key: str | None = None
    """PEM file of its private key."""
    redis_key_password: str | None = None
    """Password of the private key."""

    def __repr__(self) -> str:
        """The settings that differ from the defaults, without secrets."""
        changed = {name: getattr(self, name) for name in self.__struct_fields__}
        defaults = dict(zip(self.__struct_fields__, self.__struct_defaults__, strict=True))
        shown = [
            f"{name}={'***' if name in SECRETS else repr(value)}"
            for name, value in changed.items()
            if value != defaults[name]
        ]
        return f"Settings({', '.join(shown)})"

    def lists_folder(self) -> Path:
        """`lists_dir` as a path."""
        return Path(self.lists_dir).expanduser()

    def exceptions_file(self) -> Path | None:
        """The file of exceptions, if one is named."""
        return None if self.exceptions is None else Path(self.exceptions)

    def archive_folder(self) -> Path:
        """`archive_dir` as a path."""
        return Path(self.archive_dir).expanduser()

    def kafka_servers(self) -> list[str]:
        """The bootstrap servers one by one."""
        return [server.strip() for server in self.kafka.split(",")]

    def kafka_access(self) -> KafkaAccess:
        """Where Kafka is, with TLS and credentials. Raises OSError for certificates that went away since."""
        return KafkaAccess(self.kafka, self.kafka_login())

    def kafka_login(self) -> KafkaSecurity:
        """TLS and credentials for Kafka."""
        return KafkaSecurity(
            protocol=self.kafka_security.lower(),
            tls=Tls(
                ca=self.kafka_ca,
                certificate=self.kafka_certificate,
                key=self.kafka_key,
                key_password=self.kafka_key_password,
            ),
            mechanism=self.kafka_sasl and self.kafka_sasl.lower(),
            user=self.kafka_user,
            password=self.kafka_password,
            oauth_token_file=self.kafka_oauth_token_file,
            oauth_url=self.kafka_oauth_url,
            oauth_client=self.kafka_oauth_client,
            oauth_secret=self.kafka_oauth_secret,
            oauth_scope=self.kafka_oauth_scope,
        )

    def redis_access(self) -> RedisAccess:
        """Where Redis is, with TLS and credentials."""
        return RedisAccess(self.redis, tls=self.redis_tls(), user=self.redis_user, password=self.redis_password)

    def redis_tls(self) -> Tls:
        """TLS files for Redis."""
        return Tls(
            ca=self.redis_ca,
            certificate=self.redis_certificate,
            key=self.redis_key,
            key_password=self.redis_key_password,
        )

    def http_address(self) -> tuple[str, int]:
        """Host and port of the worker's HTTP server."""
        host, _, port = self.http.rpartition(":")
        return host.strip("[]"), int(port)

    def console_address(self) -> tuple[str, int]:
        """Host and port of the console."""
        host, _, port = self.console.rpartition(":")
        return host.strip("[]"), int(port)

    def outlets(self) -> tuple[Outlet, ...]:
        """The output topics that are more than native JSON without headers."""
        return read_outputs(self.outputs, [], native=NATIVE_TOPICS, taken=_INTERNAL_TOPICS)

    def form_topics(self) -> tuple[str, ...]:
        """The topics for other forms of the alerts."""
        return tuple(outlet.topic for outlet in self.outlets() if outlet.topic not in NATIVE_TOPICS)

    def side_topics(self) -> tuple[str, ...]:
        """The topics that no worker waits for: other forms of the alerts, and what analysts say."""
        return (*self.form_topics(), DISPOSITIONS)

    def rules_folder(self) -> Path | None:
        """The folder of rule files, if one is named."""
        return None if self.rules is None else Path(self.rules)

    def max_list_age_seconds(self) -> int | None:
        """`max_list_age_hours` in seconds."""
        return None if self.max_list_age_hours is None else int(self.max_list_age_hours * 3600)


def load_settings(config: Path | None = None, environ: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """Settings from the file, overridden by the environment, overridden by what is `given` and not None.

    Raises:
        SettingsError: with every fault.
    """
    values: dict[str, Any] = {}
    faults: list[str] = []
    if config is not None:
        try:
            values |= _with_secrets(tomllib.loads(config.read_text("utf-8")), faults)
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise SettingsError([f"{config}: {error}"]) from None
    values |= _with_secrets(_from_environment(os.environ if environ is None else environ, faults), faults)
    values |= {name: value for name, value in given.items() if value is not None}
    for name in ("lists", "reference"):
        if isinstance(values.get(name), str):
            values[name] = [part.strip() for part in values[name].split(",") if part.strip()]
    if isinstance(values.get("outputs"), str):
        pairs = [part.partition("=") for part in values["outputs"].split(",") if part.strip()]
        values["outputs"] = {topic.strip(): form.strip() for topic, _, form in pairs}
    checked: dict[str, Any] = {}
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
            checked[name] = value
        except msgspec.ValidationError as error:
            faults.append(f"{name}: {error}")
    settings = msgspec.convert(checked, Settings, strict=False)
    faults += _faults(settings)
    if faults:
        raise SettingsError(faults)
    return settings


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, Any]:
    """The settings in the environment; misspelt ones become faults."""
    values = {}
    known = (*Settings.__struct_fields__, *(f"{name}_file" for name in sorted(SECRETS)))
    for name, text in environ.items():
        if not name.startswith("LOCKGATE_") or name in _ELSEWHERE:
            continue
        if (field := name[9:].lower()) in known:
            values[field] = text
        elif near := get_close_matches(field, known, 1, _MISSPELT):
            # Others are let pass: Kubernetes puts LOCKGATE_PORT and the like into the environment of its own accord.
            faults.append(f"{name}: there is no such setting; LOCKGATE_{near[0].upper()}?")
    return values


def _with_secrets(values: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    """Replace `NAME_file` by the secret NAME: what the file holds, without the line end."""
    out = {}
    for field, value in values.items():
        name = field.removesuffix("_file")
        if name == field or name not in SECRETS:
            out[field] = value
            continue
        if name in values:
            faults.append(f"{field}: {name} is given as well; one of the two")
        try:
            out[name] = Path(str(value)).read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            faults.append(f"{field}: cannot read {value}: {reason}")
    return out


def _faults(settings: Settings) -> list[str]:
    faults = [f"kafka: {server!r} is not host:port" for server in settings.kafka_servers() if not _is_host_port(server)]
    if not _is_host_port(settings.http):
        faults.append(f"http: {settings.http!r} is not host:port")
    if not _is_host_port(settings.console):
        faults.append(f"console: {settings.console!r} is not host:port")
    if settings.console_users is not None and not Path(settings.console_users).is_file():
        faults.append(f"console_users: there is no file {settings.console_users!r}")
    if settings.console_stories < 1:
        faults.append("console_stories: must be 1 or more")
    if (fault := _redis_fault(settings.redis)) is not None:
        faults.append(f"redis: {fault}")
    read_outputs(settings.outputs, faults, native=NATIVE_TOPICS, taken=_INTERNAL_TOPICS)
    faults += [*settings.kafka_login().faults(), *_redis_login_faults(settings)]
    if not 6 <= settings.session_timeout <= 300:
        faults.append(f"session_timeout: {settings.session_timeout:g} is not between 6 and 300 seconds")
    if not settings.lists:
        faults.append("lists: no sanctions list is named; withdrawals could only be held")
    if not settings.group or not settings.group.replace("-", "").replace("_", "").replace(".", "").isalnum():
        faults.append(f"group: {settings.group!r} may hold letters, digits, dot, dash and underscore")
    if settings.rules is not None and not Path(settings.rules).is_dir():
        faults.append(f"rules: {settings.rules!r} is not a folder")
    if settings.exceptions is not None and not Path(settings.exceptions).is_file():
        faults.append(f"exceptions: there is no file {settings.exceptions!r}")
    if settings.max_list_age_hours is not None and settings.max_list_age_hours <= 0:
        faults.append("max_list_age_hours: must be above 0")
    if not (settings.lists_refresh_seconds == 0 or settings.lists_refresh_seconds >= 1):
        faults.append("lists_refresh_seconds: must be 0, or 1 or more")
    if settings.profile_cache < 0:
        faults.append("profile_cache: must be 0 or more")
    if settings.traces is not None:
        faults += _traces_faults(settings)
    if settings.log_level not in _LOG_LEVELS:
        faults.append(f"log_level: {settings.log_level!r} is not one of {', '.join(sorted(_LOG_LEVELS))}")
    return faults


def _traces_faults(settings: Settings) -> list[str]:
    faults = []
    if urlsplit(settings.traces or "").scheme not in ("http", "https"):
        faults.append(f"traces: {settings.traces!r} is not an http:// or https:// URL")
    if not _installed("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http"):
        faults.append("traces: OpenTelemetry is not installed: pip install 'lockgate[otel]'")
    if not 0 <= settings.traces_share <= 1:
        faults.append(f"traces_share: {settings.traces_share:g} is not between 0 and 1")
    return faults


def _installed(*modules: str) -> bool:
    try:
        return all(find_spec(module) for module in modules)
    except ModuleNotFoundError:  # of what it stands in
        return False


def _redis_fault(url: str) -> str | None:
    """What is wrong with the URL, without what may hold a password."""
    scheme, marked, _ = url.partition("://")
    if not marked or "@" in scheme:
        return "not a redis:// or rediss:// URL"
    if scheme not in _REDIS_SCHEMES:
        return f"a {scheme}:// URL is none of {', '.join(sorted(f'{one}://' for one in _REDIS_SCHEMES))}"
    try:
        _ = urlsplit(url).port
    except ValueError:
        return f"the host or port of the {scheme}:// URL cannot be read"
    return None


def _redis_login_faults(settings: Settings) -> list[str]:
    """What does not fit together in the settings `redis_*`."""
    scheme, _, rest = settings.redis.partition("://")
    user, _, password = rest.rpartition("@")[0].partition(":")
    faults = []
    if user and settings.redis_user:
        faults.append("redis_user: the URL names a user already; one of the two")
    if password and settings.redis_password:
        faults.append("redis_password: the URL holds one already; one of the two")
    if settings.redis_user and not (settings.redis_password or password):
        faults.append("redis_password: a user needs one (redis_password_file names a file that holds it)")
    if scheme.startswith("rediss"):
        faults += settings.redis_tls().faults("redis")
    elif settings.redis_tls().named:
        faults.append("redis: certificates are named, but only a rediss:// URL uses them")
    return faults


def _is_host_port(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65536
