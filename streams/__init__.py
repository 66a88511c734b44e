"""Lockgate's shell: Kafka, Redis, Faust, metrics and the command line around the pure core in `rules`."""
