"""Benchmarks on real Kafka and Redis: how many transfers a second, and how soon a verdict comes.

Numbers of one machine mean little on another, so each is measured beside contestants that do less: a textbook Faust
agent, a Kafka client that only parses, an echo. One file a contestant; `pipeline` and `latency` run them.
"""
