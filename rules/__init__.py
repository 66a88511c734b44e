"""Lockgate's core: transfers in, findings and verdicts out. Pure: no I/O and no clock."""
