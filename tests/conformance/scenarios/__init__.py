"""All scenarios by name, in order; steps.py has their language."""
from . import (apply, cluster, custom, defaults, events, gateway, kubectl, protobuf, reading, refusals, reviews, rules,
               typed, writing)

SCENARIOS = {}
for part in (apply, defaults, refusals, writing, reading, custom, rules, gateway, cluster, protobuf, reviews, events, kubectl,
             typed):
    for name, steps in part.SCENARIOS.items():
        if name in SCENARIOS:
            raise ValueError(f"two scenarios are called {name}")
        SCENARIOS[name] = steps
