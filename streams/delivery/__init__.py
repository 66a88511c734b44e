"""Exactly-once delivery: Kafka is the truth, Redis a view of it that can be rebuilt.

Each input partition of a stage is cut into numbered batches. A batch is judged, committed to Redis by one fenced script
together with its outputs, then published with its journal record in one Kafka transaction. Modules, in the order in
which a batch meets them:

- `inbox`      what Faust fetched, per partition, with backpressure
- `stage`      what a stage (accounts, counterparties) must be able to do; pure judging behind one interface
- `rounds`     the main flow: take -> decode -> load -> judge -> commit -> publish -> acknowledge
- `publisher`  transactions, one producer for each session of a worker
- `journal`    the record of every batch, chained by hashes
- `claim`      taking a partition over: fence the predecessor, compare Redis with the journal, publish or replay
- `session`    the partitions of one worker between two rebalances

Why one producer for all partitions of a worker: the number of transactions bounds the latency. What fences then: a claim
is written to the partition's own journal by a producer with the partition's own transactional id (so that two claimers
cannot overlap) and names the session's transactional id. Whoever claims next initialises that id, which ends whatever the
predecessor had open and refuses everything it might still send.
"""
