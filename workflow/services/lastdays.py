"""What a decision about a last day writes in its transaction: the decision, the mail that tells of it, the event."""

from dataclasses import dataclass
from datetime import datetime

from workflow.domain.audit import Event
from workflow.domain.errors import NoExtensionError, ReasonMissingError, StaleWriteError
from workflow.domain.extensions import Extension, in_force, open_among, unasked
from workflow.domain.forms import clean_text
from workflow.domain.messages import MessageKind
from workflow.domain.rounds import Round
from workflow.domain.submissions import State, Submission
from workflow.ports import Secrets, Work
from workflow.services.mailing import announce, withdraw_untrue
from workflow.services.told_day import PREVIOUS_DUE, told_day


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Somebody decides something about last days, in one transaction."""

    work: Work
    by: str
    now: datetime
    secrets: Secrets

    def give(self, before: Submission, moved: Submission, answer: str, *, keep_longer_wish: bool = False) -> Submission:
        """More time: `moved` is the submission with its new day. Raises NoExtensionError where the round gives more.

        An open request is answered by it; with `keep_longer_wish` only one that does not ask for longer than that.
        """
        round_ = self.work.rounds.get(before.round)
        common = round_.due_at[before.kind]
        if before.state is not State.RETURNED and moved.due_at <= common:  # that would be a withdrawal
            raise NoExtensionError(due=common)
        after = self.set_day(before, moved, MessageKind.EXTENSION, round_=round_, reason=answer)
        known = self.work.extensions.of(before.id)
        asked = open_among(known)
        if asked and keep_longer_wish and asked.wished and asked.wished > after.due_at:
            asked = None
        self.log("submission.extended", after, self._decide(before, after, answer, asked, in_force(before, known)))
        return after

    def set_day(
        self, before: Submission, moved: Submission, kind: MessageKind, *, round_: Round, reason: str
    ) -> Submission:
        """Write it; what was planned for the old day falls, and the unit is told of the new one."""
        told = told_day(self.work, before)
        after = self.work.submissions.save(moved)
        withdraw_untrue(self.work, after, round_state=round_.state, now=self.now)
        if after.deadline_revision != before.deadline_revision:
            slot = f"{kind}-{after.deadline_revision}"
            self.tell(after, kind, slot, **{PREVIOUS_DUE: told.isoformat()}, reason=reason)
        return after

    def tell(self, submission: Submission, kind: MessageKind, slot: str, **detail: str) -> None:
        announce(self.work, submission, kind, slot=slot, secrets=self.secrets, now=self.now, detail=detail)

    def lapse(self, submission: Submission, extension: Extension | None) -> None:
        """Nobody needs it any more."""
        if extension:
            lapsed = extension.lapse(by=self.by, at=self.now)
            self.work.extensions.change(extension, lapsed)
            self.log("extension.lapsed", submission, lapsed)

    def log(self, kind: str, submission: Submission, extension: Extension | None = None) -> None:
        """Ids and numbers only: reasons and answers are people's own words."""
        data: dict[str, str | int] = {"revision": submission.deadline_revision}
        if extension:
            data["extension"] = extension.id
        self.work.log.append(
            Event(
                kind=kind,
                actor=self.by,
                at=self.now,
                round=submission.round,
                submission=submission.id,
                data=data,
            )
        )

    def _decide(
        self, before: Submission, after: Submission, answer: str, asked: Extension | None, given: Extension | None
    ) -> Extension:
        """Answer the open request, change the decision in force, or make one that nobody asked for."""
        stood = given.stood if given and given.stood else before.due_at
        found = asked or given
        if found is None:
            made = unasked(
                before,
                id_=self.secrets.new_id(),
                due_at=after.due_at,
                stood=stood,
                answer=answer,
                by=self.by,
                at=self.now,
            )
            self.work.extensions.add(made)
            return made
        decided = found.give(after.due_at, stood=stood, answer=answer, by=self.by, at=self.now)
        self.work.extensions.change(found, decided)
        return decided


def shown(work: Work, submission_id: str, footing: str | None) -> Submission:
    """Lock it, if it still is what the page showed (Submission.footing). Raises StaleWriteError."""
    submission = work.submissions.get(submission_id, lock=True)
    if footing is not None and submission.footing != footing:
        raise StaleWriteError(
            submission=submission_id, state=submission.state, by=submission.decided_by, at=submission.decided_at
        )
    return submission


def written_reason(text: str) -> str:
    """As it will be kept. Raises ReasonMissingError, TextRefusedError."""
    reason = clean_text(text.strip(), where="reason")
    if not reason:
        raise ReasonMissingError
    return reason
