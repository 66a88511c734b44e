"""Rules about laundering patterns: one typology, one rule."""
