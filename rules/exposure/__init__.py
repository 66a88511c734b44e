"""Rules about what kind of party or asset the value comes from or goes to."""
