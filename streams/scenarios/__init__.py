"""Generated transfers with known answers: ordinary customers, and laundering among them.

Pure and deterministic: the same name, seed and parameters give the same transfers, in event-time order, on every
machine. `Scenario.labels` says afterwards which transfers belong to which pattern.
"""

from streams.scenarios.scenario import DEMO_LISTED, SCENARIOS, Label, Recipe, Scenario, scenario

__all__ = ["DEMO_LISTED", "SCENARIOS", "Label", "Recipe", "Scenario", "scenario"]
