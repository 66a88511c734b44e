"""TLS and credentials: from settings to what clients are called with, every misfit told at once, no secret shown."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import faust
import pytest
from aiokafka.client import AIOKafkaClient
from certificates import Authority
from redis import Redis
from redis.cluster import RedisCluster

from streams.app import faust_credentials
from streams.errors import SettingsError
from streams.oauth import ClientCredentials, FileToken
from streams.security import KafkaAccess, RedisAccess
from streams.settings import Settings, load_settings


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def settings(**named: object) -> Settings:
    return load_settings(environ={f"LOCKGATE_{name.upper()}": str(value) for name, value in named.items()})


def faults(**named: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(**named)
    return list(caught.value.faults)


def options(**named: object) -> dict[str, Any]:
    return settings(kafka="a:1,b:2", **named).kafka_access().options()


def accepted(given: dict[str, Any]) -> None:
    """aiokafka refuses what does not fit together."""

    async def make() -> None:
        await AIOKafkaClient(**given).close()

    asyncio.run(make())


def test_without_security_clients_talk_plainly() -> None:
    assert options() == {"bootstrap_servers": ["a:1", "b:2"], "security_protocol": "PLAINTEXT", "ssl_context": None}
    assert faust_credentials(KafkaAccess("a:1")) is None


def test_tls_trusts_the_named_authority_only_and_checks_host_names(authority: Authority) -> None:
    context = options(kafka_security="SSL", kafka_ca=authority.ca)["ssl_context"]
    assert [dict(part[0] for part in one["issuer"])["organizationName"][:7] for one in context.get_ca_certs()] == ["trustme"]
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_mtls_loads_certificate_and_key(authority: Authority) -> None:
    certificate, key = authority.issue("worker")
    named = {"kafka_security": "ssl", "kafka_ca": authority.ca, "kafka_certificate": certificate, "kafka_key": key}
    access = settings(**named).kafka_access()
    assert isinstance(faust_credentials(access), faust.SSLCredentials)
    other, _ = authority.issue("other")
    [fault] = faults(**{**named, "kafka_certificate": other})
    assert fault.startswith("kafka_certificate: no usable certificates")


@pytest.mark.parametrize("mechanism", ["scram-sha-256", "SCRAM-SHA-512", "plain"])
def test_user_and_password_reach_every_client(authority: Authority, mechanism: str) -> None:
    named = {"kafka_security": "sasl_ssl", "kafka_sasl": mechanism, "kafka_user": "lockgate", "kafka_password": "secret"}
    access = settings(**named, kafka_ca=authority.ca).kafka_access()
    given = access.options()
    accepted(given)
    assert (given["sasl_mechanism"], given["sasl_plain_username"]) == (mechanism.upper(), "lockgate")
    credentials = faust_credentials(access)
    assert (credentials.mechanism.value, credentials.password) == (mechanism.upper(), "secret")
    assert credentials.protocol.value == "SASL_SSL"


def test_oauthbearer_takes_its_tokens_from_a_file_or_an_endpoint(authority: Authority, tmp_path: Path) -> None:
    named = {"kafka_security": "sasl_ssl", "kafka_sasl": "oauthbearer", "kafka_ca": authority.ca}
    from_file = options(**named, kafka_oauth_token_file=tmp_path / "token")
    assert isinstance(from_file["sasl_oauth_token_provider"], FileToken)
    endpoint = {"kafka_oauth_url": "https://idp/token", "kafka_oauth_client": "lockgate", "kafka_oauth_secret": "s"}
    access = settings(**named, **endpoint).kafka_access()
    assert isinstance(access.options()["sasl_oauth_token_provider"], ClientCredentials)
    accepted(access.options())
    assert isinstance(faust_credentials(access).oauth_cb, ClientCredentials)


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("from a file \n")
    named = {"kafka_security": "sasl_plaintext", "kafka_sasl": "scram-sha-512", "kafka_user": "u"}
    assert settings(**named, kafka_password_file=path).kafka_password == "from a file "
    [fault, *_] = faults(**named, kafka_password_file=tmp_path / "absent")
    assert fault.startswith("kafka_password_file: cannot read")
    assert "kafka_password is given as well" in faults(**named, kafka_password_file=path, kafka_password="x")[0]
    config = tmp_path / "lockgate.toml"
    config.write_text(f'redis_file = "{tmp_path / "url"}"\n')
    (tmp_path / "url").write_text("redis://u:p@h:1/0\n")
    assert load_settings(config, {}).redis == "redis://u:p@h:1/0"


def test_secrets_are_not_shown() -> None:
    shown = repr(
        settings(
            redis="redis://u:hidden@h:1",
            kafka_security="sasl_plaintext",
            kafka_sasl="scram-sha-512",
            kafka_user="visible",
            kafka_password="hidden",
        )
    )
    assert "hidden" not in shown
    assert "visible" in shown
    assert "hidden" not in str(RedisAccess("redis://u:hidden@h:1/0"))


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"kafka_security": "tls"}, ["kafka_security"]),
        ({"kafka_security": "sasl_ssl"}, ["kafka_sasl"]),
        ({"kafka_security": "sasl_ssl", "kafka_sasl": "kerberos"}, ["kafka_sasl"]),
        ({"kafka_security": "sasl_ssl", "kafka_sasl": "plain"}, ["kafka_user", "kafka_password"]),
        ({"kafka_security": "sasl_ssl", "kafka_sasl": "oauthbearer"}, ["kafka_sasl"]),
        (
            {"kafka_security": "sasl_plaintext", "kafka_sasl": "plain", "kafka_user": "u", "kafka_password": "p"},
            ["kafka_security"],
        ),
        (
            {
                "kafka_security": "sasl_ssl",
                "kafka_sasl": "oauthbearer",
                "kafka_oauth_url": "http://idp",
                "kafka_oauth_client": "c",
                "kafka_oauth_secret": "s",
            },
            ["kafka_oauth_url"],
        ),
        ({"kafka_ca": "ca.pem"}, ["kafka_security"]),
        ({"kafka_user": "u"}, ["kafka_security"]),
        ({"kafka_security": "ssl", "kafka_ca": "/absent", "kafka_key": "/absent"}, ["kafka_key", "kafka_ca", "kafka_key"]),
        ({"kafka_security": "ssl", "kafka_ca": __file__}, ["kafka_ca"]),
        ({"redis_ca": "ca.pem"}, ["redis"]),
        ({"redis": "rediss://h:1", "redis_ca": "/absent"}, ["redis_ca"]),
        ({"redis_user": "u"}, ["redis_password"]),
        ({"redis": "redis://u:p@h:1", "redis_user": "u", "redis_password": "p"}, ["redis_user", "redis_password"]),
        ({"kafka_security": "tls", "redis_user": "u", "group": "a b"}, ["kafka_security", "redis_password", "group"]),
    ],
)
def test_what_does_not_fit_together_is_told_at_once(named: dict[str, str], told: list[str]) -> None:
    assert [fault.partition(":")[0] for fault in faults(**named)] == told


def test_redis_gets_tls_files_and_its_acl_user(authority: Authority) -> None:
    certificate, key = authority.issue("redis-client")
    access = settings(
        redis="rediss://h:6379/0",
        redis_user="lockgate",
        redis_password="secret",
        redis_ca=authority.ca,
        redis_certificate=certificate,
        redis_key=key,
    ).redis_access()
    client = access.client(Redis, RedisCluster, socket_timeout=5)
    given = client.connection_pool.connection_kwargs
    assert given["ssl_check_hostname"] is True
    assert (given["ssl_ca_certs"], given["ssl_certfile"], given["ssl_keyfile"]) == (
        str(authority.ca),
        str(certificate),
        str(key),
    )
    assert (given["username"], given["password"], given["socket_timeout"]) == ("lockgate", "secret", 5)
