"""The base, in a process of its own: Python's library, one connection, a mail that is ready.

Ready as bytes (the base of all ratios), or as the library's EmailMessage, which it flattens again for every mail.
"""

import json
import smtplib
import sys
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from tests.benchmarks.turn import Job, take_turn

SENDER, RECIPIENT = "naringsliv@stadsledningskontoret.example", "asa@norrby.example"


def send(*, port: int, mails: int, mail: str, as_message: bool) -> Job:
    data = Path(mail).read_bytes()
    message = message_from_bytes(data, policy=SMTP)

    def job() -> int:
        with smtplib.SMTP("127.0.0.1", port) as client:
            for _ in range(mails):
                if as_message:
                    client.send_message(message, SENDER, [RECIPIENT])
                else:
                    client.sendmail(SENDER, [RECIPIENT], data)
        return mails

    return job


if __name__ == "__main__":
    take_turn(send(**json.loads(sys.argv[1])))
