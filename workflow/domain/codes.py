"""How a personal link opens: directly, or with a short code that is mailed afresh; and what a code is good for."""

from enum import StrEnum


class LinkMode(StrEnum):
    """DIRECT: whoever has the mail comes in. VERIFIED: the link holds no secret, and asks for a code by mail."""

    DIRECT = "direct"
    VERIFIED = "verified"
