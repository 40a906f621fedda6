"""Random ids, the secrets of links, and password hashes."""

import base64
import hashlib
import hmac
import secrets
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from workflow.domain.codes import spell

AT_ONCE = 2  # passwords worked on at the same time: each takes 64 MiB, and anybody may ask for one at the login
SEAL = 10  # letters of a mark's seal; an address holds 64 in all
ID_BYTES = 16  # 128 bits: nobody guesses one, and two are never the same


class KeySecrets:
    """Implements ports.Secrets with the installation's key. Raises ValueError for an empty key."""

    def __init__(self, key: str) -> None:
        if not key:
            raise ValueError("secrets cannot be made from an empty key")
        self._key = key.encode()
        self._passwords = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._places = BoundedSemaphore(AT_ONCE)

    def new_id(self) -> str:
        """26 lower-case letters and digits (RFC 4648 base32), so that no file system or reader mixes up two."""
        return base64.b32encode(secrets.token_bytes(ID_BYTES)).decode().rstrip("=").lower()

    def link_secret(self, link_id: str) -> str:
        """43 characters that are safe in a URL: HMAC-SHA256 (RFC 2104) of the link's id."""
        made = hmac.digest(self._key, f"link:{link_id}".encode(), "sha256")
        return base64.urlsafe_b64encode(made).decode().rstrip("=")

    def code(self, code_id: str) -> str:
        """36 bits of the HMAC of the code's id: guessed with five tries once in 10¹⁰."""
        return spell(int.from_bytes(hmac.digest(self._key, f"code:{code_id}".encode(), "sha256")))

    def seal(self, mark: str, message_id: str) -> str:
        """50 bits of the HMAC in base32: whoever would guess one must send some 10¹⁴ mails."""
        made = hmac.digest(self._key, f"mark:{mark}:{message_id}".encode(), "sha256")
        return base64.b32encode(made).decode()[:SEAL].lower()

    def digest(self, secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()

    def hash_password(self, password: str) -> str:
        """argon2id with 64 MiB and three passes (RFC 9106 §4, the second recommended choice)."""
        with self._places:
            return self._passwords.hash(password)

    def check_password(self, password_hash: str, password: str) -> bool:
        """False for the wrong password, for one that is no text (lone surrogates), and for what is no argon2 hash."""
        try:
            with self._places:
                return self._passwords.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
