"""Cells of DPRK IT workers: wages in stablecoins, passed on together."""
