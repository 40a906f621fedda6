"""A queue that remembers what it was asked for."""

from workflow.ports import Job


class FakeQueue:
    """Implements ports.Queue; `asked` holds the jobs in order."""

    def __init__(self) -> None:
        self.asked: list[Job] = []

    def ask(self, job: Job) -> None:
        self.asked.append(job)
