"""The graph of first contacts: who dealt with whom for the first time, which accounts are cited, what has been told."""
