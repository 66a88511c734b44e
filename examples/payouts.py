"""A payout service with Lockgate in front of the broadcast: the example of docs/withdrawals.md.

    python examples/payouts.py payouts.sqlite [--once]

Requests wait in a table (`requested`). For each one Lockgate is asked: what is released is broadcast, what is rejected is
closed, and what a verdict holds waits for a person. Without a verdict in time a payout is `unanswered`: not sent, and asked
about again. A payout that is no transfer by Lockgate's contract is `invalid`: somebody has to mend it, and the others go on.
Killed at any point it goes on where it was: asking again about the same payout is safe, and a payout is marked
`sending` before it is broadcast, so that it is never sent twice.
"""

import argparse
import asyncio
import sqlite3
import sys
from datetime import UTC, datetime

from rules.messages import Decision
from rules.transfer import AccountFacts, Kind, Party, Transfer
from streams.client import Client, open_client
from streams.errors import LockgateError
from streams.settings import load_settings

VERDICT_SECONDS = 5.0
STATUS = {Decision.RELEASE: "sending", Decision.HOLD: "held", Decision.REJECT: "rejected"}
SCHEMA = """
create table if not exists payouts (
    id text primary key, account text not null, holder text, asset text not null, network text not null,
    amount text not null, value_usd text not null, address text not null, recipient text, requested_at text not null,
    status text not null default 'requested', reason text, alerts text
)
"""


def as_transfer(row: sqlite3.Row) -> Transfer:
    """A payout as Lockgate wants to know it. `id` is the idempotency key: the same payout always has the same one."""
    return Transfer(
        event_id=row["id"],
        kind=Kind.WITHDRAWAL,
        account_id=row["account"],
        asset=row["asset"],
        network=row["network"],
        amount=row["amount"],
        value_usd=row["value_usd"],
        addresses=(row["address"],),
        occurred_at=datetime.fromisoformat(row["requested_at"]).astimezone(UTC),
        counterparty=Party(name=row["recipient"]) if row["recipient"] else None,
        account=AccountFacts(holder_name=row["holder"]) if row["holder"] else None,
    )


def broadcast(row: sqlite3.Row) -> None:
    """Sign and send. Here it only says so."""
    print(f"BROADCAST {row['id']}: {row['amount']} {row['asset']} to {row['address']}", flush=True)


async def asked(lockgate: Client, row: sqlite3.Row) -> tuple[str, str, tuple[str, ...]]:
    """What becomes of a payout: its status, the reason, the alerts behind it."""
    try:
        answer = await lockgate.ask(as_transfer(row), timeout_seconds=VERDICT_SECONDS)
    except ValueError as error:  # a BadTransfer, or a time that is none
        return "invalid", str(error), ()
    if answer.source is None:  # hold as well, but it is Lockgate that is late: ask again
        return "unanswered", answer.reason, ()
    return STATUS[answer.decision], answer.reason, answer.alert_ids


def settle(table: sqlite3.Connection, row: sqlite3.Row, status: str, reason: str, alert_ids: tuple[str, ...]) -> None:
    """Act on what became of a payout. Only a release moves money."""
    change = "update payouts set status = ?, reason = ?, alerts = ? where id = ?"
    table.execute(change, (status, reason, " ".join(alert_ids), row["id"]))
    table.commit()
    if status == "sending":
        broadcast(row)
        table.execute("update payouts set status = 'sent' where id = ?", (row["id"],))
        table.commit()
    else:
        print(f"{status.upper()} {row['id']}: {reason}", flush=True)


async def run(table: sqlite3.Connection, lockgate: Client, *, once: bool) -> None:
    """Work through what waits, all of it at the same time; then look again."""
    while True:
        waiting = table.execute("select * from payouts where status in ('requested', 'unanswered')").fetchall()
        for row, outcome in zip(waiting, await asyncio.gather(*(asked(lockgate, row) for row in waiting)), strict=True):
            settle(table, row, *outcome)
        if once:
            return
        await asyncio.sleep(0.2)


async def main() -> None:
    """Open the table and Lockgate, and work."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", help="SQLite file with the payouts")
    parser.add_argument("--once", action="store_true", help="work through what waits now and end")
    options = parser.parse_args()
    table = sqlite3.connect(options.table)
    table.row_factory = sqlite3.Row
    table.execute(SCHEMA)
    async with open_client(load_settings()) as lockgate:
        await run(table, lockgate, once=options.once)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except LockgateError as error:  # wrong settings, Kafka away, topics not there: whoever runs services starts it again
        sys.exit(f"payouts: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
