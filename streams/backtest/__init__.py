"""Judges the past again: what a rule set would have said of a file or of the topics, through the engines of the worker.

Accounts are spread over processes by the hash of their id, as Kafka spreads them over partitions; what they say about flows
is judged in one place, in event-time order, as in the counterparties stage.
"""
