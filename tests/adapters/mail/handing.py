"""One mail through a channel as a flight would do it, with the question to the ledger where the marker stands."""

from collections.abc import Callable, Generator, Sequence

from workflow.ports import Channel, Handover, Outcome, Phase

WITHDRAWN = Handover(Outcome.WITHDRAWN, Phase.MARKER, None, "")


def prepared(preparing: Generator[None, None, Handover | None]) -> Handover | None:
    """Carry a preparation on to its end."""
    while True:
        try:
            next(preparing)
        except StopIteration as over:
            return over.value  # type: ignore[no-any-return]  # typeshed: StopIteration.value is Any


def hand_over(
    channel: Channel,
    sender: str,
    recipients: Sequence[str],
    data: bytes,
    *,
    before_dot: Callable[[], bool],
    waits: bool = True,
) -> Handover:
    ended = prepared(channel.prepare(sender, recipients, data, waits=waits))
    if ended:
        return ended
    try:
        goes = before_dot()
    except BaseException:
        channel.drop()
        raise
    if not goes:
        channel.drop()
        return WITHDRAWN
    channel.send_dot()
    return channel.read_reply()
