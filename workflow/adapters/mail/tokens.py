"""Logging in with a bearer token instead of a password: SASL XOAUTH2, as Exchange Online asks for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

XOAUTH2: Final = "XOAUTH2"
_END: Final = "\x01"  # ^A


@dataclass(frozen=True, slots=True)
class BearerToken:
    """Answers smtplib.SMTP.auth. Whoever renews the token writes the file anew; it is read at every login.

    `setting` is the one that names the file, for whoever has to mend it.
    """

    user: str
    file: Path
    setting: str = "SMTP_OAUTH_TOKEN_FILE"

    def __call__(self, challenge: bytes | None = None) -> str:
        """The initial response; nothing to a challenge, which tells of an error: then the server says which.

        Raises ValueError when the file holds no token.
        """
        if challenge is not None:
            return ""
        return f"user={self.user}{_END}auth=Bearer {self.token()}{_END}{_END}"

    def token(self) -> str:
        """What the file holds now. Raises ValueError when that is no token."""
        try:
            token = self.file.read_text(encoding="ascii").strip()
        except OSError as error:
            raise ValueError(f"{self.setting} går inte att läsa: {error.strerror}") from error
        except UnicodeDecodeError:
            token = ""
        if not token or not token.isprintable() or " " in token:
            raise ValueError(f"{self.setting} innehåller inget token.")
        return token
