"""Rules about the data on originator and beneficiary that travel with a transfer."""
