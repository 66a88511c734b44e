"""Kafka with TLS, SASL, client certificates and ACLs, and Redis with TLS and ACL users."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import redis as redis_client
from certificates import Authority
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from streams.components import Kafka, Redis
from streams.components.network import free_port

PASSWORD: Final = "correct horse battery staple"
_ALLOWED: Final = re.compile(
    r"Principal = (?P<who>\S+) is (?P<outcome>Allowed|Denied) operation = (?P<operation>\S+) .*? "
    r"on resource = (?P<kind>\w+):LITERAL:(?P<name>\S+) "
)


class SecuredKafka:
    """A broker that clients reach by SASL over TLS at `sasl` and by TLS with a certificate at `mutual`.

    Its plain listener is the broker's own, as a super user: what the test sets up goes through it.
    """

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.kafka = Kafka(folder)
        self._broker = self.kafka.brokers[0]
        sasl, mutual = free_port(), free_port()
        self.sasl, self.mutual = f"localhost:{sasl}", f"localhost:{mutual}"
        certificate, key = authority.issue("broker")
        both = certificate.with_name("broker-both.pem")
        both.write_bytes(key.read_bytes() + certificate.read_bytes())
        own = f"127.0.0.1:{self._broker.port}"
        module = "org.apache.kafka.common.security"
        self._broker.configure(
            {
                "controller.quorum.voters": f"1@127.0.0.1:{self._broker.controller_port}",
                "listeners": f"PLAINTEXT://{own},CONTROLLER://127.0.0.1:{self._broker.controller_port},"
                f"SASL://127.0.0.1:{sasl},MUTUAL://127.0.0.1:{mutual}",
                "advertised.listeners": f"PLAINTEXT://{own},SASL://{self.sasl},MUTUAL://{self.mutual}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MUTUAL:SSL",
                "sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
                "listener.name.sasl.scram-sha-512.sasl.jaas.config": f"{module}.scram.ScramLoginModule required;",
                # unsigned tokens are for tests only; what is tested is that a client brings one
                "listener.name.sasl.oauthbearer.sasl.jaas.config": f"{module}.oauthbearer.OAuthBearerLoginModule required "
                'unsecuredLoginStringClaim_sub="broker";',
                "ssl.keystore.type": "PEM",
                "ssl.keystore.location": str(both),
                "ssl.truststore.type": "PEM",
                "ssl.truststore.location": str(authority.ca),
                "listener.name.mutual.ssl.client.auth": "required",
                "ssl.principal.mapping.rules": r"RULE:^.*CN=([^,]+).*$/$1/",
                "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                "super.users": "User:ANONYMOUS",
            }
        )

    def add_users(self, names: Iterable[str]) -> None:
        """SCRAM users, all with PASSWORD."""
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap})
        kind = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        users = [UserScramCredentialUpsertion(name, kind, PASSWORD.encode()) for name in names]
        for done in admin.alter_user_scram_credentials(users).values():
            done.result(30)

    def allow(self, bindings: str) -> None:
        """Put in force what `lockgate acls kafka --json` printed."""
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap})
        for done in admin.create_acls([_binding(json.loads(line)) for line in bindings.splitlines()]).values():
            done.result(30)

    def decisions(self, principal: str, outcome: str) -> set[tuple[str, str, str]]:
        """What the authorizer decided so far: (kind, name, operation). KAFKA_AUTHORIZER_LOG_LEVEL has to be debug."""
        log = self._broker.log.read_text("utf-8", errors="replace")
        return {
            (found["kind"], found["name"], found["operation"])
            for found in _ALLOWED.finditer(log)
            if found["who"] == principal and found["outcome"] == outcome
        }


def _binding(right: Mapping[str, str]) -> AclBinding:
    return AclBinding(
        ResourceType[right["resource_type"].upper()],
        right["name"],
        ResourcePatternType[right["pattern"].upper()],
        right["principal"],
        right["host"],
        AclOperation[right["operation"]],
        AclPermissionType[right["permission"]],
    )


class SecuredRedis:
    """A Redis that serves at `url`, over TLS, those who have a certificate and are named in its ACL file.

    Its plain port answers PING, by which the component sees that it is up, and nothing else.
    """

    def __init__(self, folder: Path, authority: Authority, rules: Iterable[str]) -> None:
        folder.mkdir(parents=True)
        users = folder / "users.acl"
        everything = f"user admin on >{PASSWORD.replace(' ', '-')} ~* &* +@all"
        users.write_text("\n".join(["user default on nopass resetkeys resetchannels -@all +ping", everything, *rules, ""]))
        certificate, key = authority.issue("redis")
        self._authority = authority
        self._port = free_port()
        self.redis = Redis(
            folder,
            settings={
                "tls-port": str(self._port),
                "tls-cert-file": str(certificate),
                "tls-key-file": str(key),
                "tls-ca-cert-file": str(authority.ca),
                "tls-auth-clients": "yes",
                "aclfile": str(users),
            },
        )

    @property
    def url(self) -> str:
        return f"rediss://localhost:{self._port}/0"

    def ask(self, *command: str) -> Any:
        """Run a command as one who may do everything."""
        certificate, key = self._authority.issue("redis-admin")
        files = {"ssl_ca_certs": str(self._authority.ca), "ssl_certfile": str(certificate), "ssl_keyfile": str(key)}
        login = {"username": "admin", "password": PASSWORD.replace(" ", "-")}
        with redis_client.Redis.from_url(self.url, **login, **files) as client:
            return client.execute_command(*command)
