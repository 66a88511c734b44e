"""The analysts' console: a live page on the alerts, verdicts and dead letters, and the topic of what analysts decide."""
