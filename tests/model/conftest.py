"""How long the model is held against the system.

In the fast suite a few seconds. `python -m pytest tests/model --hypothesis-profile=long` makes 2,000 runs of 50 steps
in memory and 200 on each database; a failing run is printed as the calls that play it again, and kept in .hypothesis.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("long", deadline=None, suppress_health_check=list(HealthCheck))
