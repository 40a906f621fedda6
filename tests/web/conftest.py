"""The pages' tests: a wired house and a served one."""

from tests.web.houses import house, live_site

__all__ = ["house", "live_site"]
