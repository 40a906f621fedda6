"""The planned rounds of the years to come, the periods they report on, and the policies of mail."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from workflow.domain.codes import LinkMode
from workflow.domain.details import DetailsPolicy
from workflow.domain.digest import DigestPolicy
from workflow.domain.errors import UnknownPeriodError
from workflow.domain.people import UnitKind
from workflow.domain.reminders import Policy
from workflow.domain.rounds import Period, round_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlan:
    """One planned round. `period` is a period's code, `form` the name of a file under forms/; times are instants (UTC).

    A plan that nobody has `confirmed` is a proposal: it is shown, and never opened by itself.
    """

    year: int
    period: str
    form: str
    opens_at: datetime
    due_at: Mapping[UnitKind, datetime]
    closes_at: datetime
    confirmed: bool
    links: LinkMode = LinkMode.DIRECT

    @property
    def id(self) -> str:
        return round_id(self.year, self.period)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundPlans:
    """All that rounds.toml says; rounds in order of opening."""

    periods: tuple[Period, ...]
    policy: Policy
    rounds: tuple[RoundPlan, ...]
    digest: DigestPolicy = field(default_factory=DigestPolicy)
    details: DetailsPolicy = field(default_factory=DetailsPolicy)

    def period(self, code: str) -> Period:
        """Find a period by its code. Raises UnknownPeriodError."""
        for period in self.periods:
            if period.code == code:
                return period
        raise UnknownPeriodError(period=code, choices=", ".join(period.code for period in self.periods))

    def plan(self, year: int, code: str) -> RoundPlan | None:
        """Find the planned round of a year's period; None when the file has none."""
        return next((plan for plan in self.rounds if plan.id == round_id(year, code)), None)
