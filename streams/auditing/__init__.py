"""An audit of a whole installation: everything that came in is accounted for in what went out, or is named.

It reads what any committed consumer sees: both source topics, flows, journals, verdicts, alerts and dead letters. Modules:

- `report`          faults, notes and counts: what an audit says
- `log`             topics read forward, from Kafka
- `outputs`         outputs in step with the batches that they belong to
- `chain`           numbers, ranges and hashes of a journal
- `accounts`        what has to come out of deposits and withdrawals, compared with what did
- `counterparties`  the same for flows
- `flows`           bundles of flows that the accounts stage sent against those that stand on their topic
- `standing`        Redis against the end of the journal
- `auditor`         all of it, in order

What a record has to become (verdict, duplicate, dead letter) is found anew from the record, by the pure core. Findings of
rules are not: alerts are held to the hash chain, which covers every byte that a batch sent.
"""

from streams.auditing.auditor import audit
from streams.auditing.report import Fault, FaultKind, PartitionReport, Report

__all__ = ["Fault", "FaultKind", "PartitionReport", "Report", "audit"]
