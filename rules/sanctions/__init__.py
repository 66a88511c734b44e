"""Rules about exposure to sanctions."""
