"""Rules that protect the account's holder from fraud."""
