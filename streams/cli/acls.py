"""`lockgate acls`: the rights each role needs in Kafka and in Redis, ready to be put in force."""

import json
import shlex
from collections.abc import Iterable

import click

from streams.cli.options import with_settings
from streams.rights import ABOUT, Right, Role, kafka_rights, redis_rule
from streams.settings import Settings

_OPTION = {
    "topic": "--topic {name}",
    "group": "--group {name}",
    "transactional_id": "--transactional-id {name}",
}


@click.group()
def acls() -> None:
    """Print the least rights that each role needs. Changes nothing.

    Roles: worker; exchange (sends transfers, waits for verdicts); analyst (reads what comes out; forwarders into a
    SIEM); console (lockgate console); auditor (lockgate audit); operator (lockgate topics and doctor);
    scaler (KEDA, lag tools).
    """


_role = click.option(
    "--role", type=click.Choice([role.value for role in Role]), default="worker", show_default=True, help="Who it is for."
)


@acls.command()
@with_settings("kafka", "group")
@_role
@click.option("--principal", metavar="TYPE:NAME", help="The user in Kafka  [default: User:lockgate-ROLE]")
@click.option("--json", "as_json", is_flag=True, help="Bindings as JSON lines, for tools that take those.")
def kafka(settings: Settings, role: str, principal: str | None, as_json: bool) -> None:
    """Kafka's ACLs, as commands for kafka-acls.sh, or as bindings in JSON.

    Exit codes: 0 printed; 2 wrong usage or settings.
    """
    who = principal or f"User:lockgate-{role}"
    rights = kafka_rights(Role(role), settings.group, settings.form_topics())
    if as_json:
        for right in rights:
            click.echo(json.dumps(_binding(right, who)))
        return
    click.echo(f"# {ABOUT[Role(role)]}")
    for command in _commands(settings.kafka, who, rights):
        click.echo(command)


@acls.command()
@with_settings("redis", "group")
@_role
@click.option("--user", metavar="NAME", help="The user in Redis  [default: lockgate-ROLE]")
def redis(settings: Settings, role: str, user: str | None) -> None:
    """The line of Redis' ACL file for a role (Redis 7). Its password is LOCKGATE_REDIS_PASSWORD, printed as SHA-256.

    Exit codes: 0 printed; 1 the role has no business in Redis; 2 wrong usage or settings.
    """
    rule = redis_rule(
        Role(role),
        settings.group,
        user=user or f"lockgate-{role}",
        password=settings.redis_password,
        clustered=settings.redis_access().clustered,
    )
    if rule is None:
        raise click.ClickException(f"{role} does not talk to Redis")
    click.echo(rule)
    if settings.redis_password is None:
        click.echo("no password: set LOCKGATE_REDIS_PASSWORD or LOCKGATE_REDIS_PASSWORD_FILE, and run it again", err=True)


def _binding(right: Right, principal: str) -> dict[str, str]:
    return {
        "resource_type": right.resource_type,
        "name": right.name,
        "pattern": "prefixed" if right.prefixed else "literal",
        "principal": principal,
        "host": "*",
        "operation": right.operation,
        "permission": "ALLOW",
    }


def _commands(servers: str, principal: str, rights: Iterable[Right]) -> list[str]:
    """One command for each resource."""
    operations: dict[tuple[str, str, bool], list[str]] = {}
    for right in rights:
        operations.setdefault((right.resource_type, right.name, right.prefixed), []).append(right.operation)
    who = f"kafka-acls.sh --bootstrap-server {servers} --add --allow-principal {shlex.quote(principal)}"
    commands = []
    for (resource_type, name, prefixed), allowed in operations.items():
        named = "".join(f" --operation {one.title().replace('_', '')}" for one in allowed)
        pattern = " --resource-pattern-type prefixed" if prefixed else ""
        commands.append(f"{who}{named}{pattern} {_OPTION[resource_type].format(name=shlex.quote(name))}")
    return commands
