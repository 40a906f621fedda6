"""Ids, link secrets and passwords."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock

import pytest

from workflow.adapters.secrets import AT_ONCE, KeySecrets

KEYS = KeySecrets("en lång och slumpad nyckel")


def test_ids_are_unlike_and_safe_in_addresses_and_file_names() -> None:
    ids = {KEYS.new_id() for _ in range(500)}
    assert len(ids) == 500
    assert all(re.fullmatch(r"[a-z2-7]{26}", each) for each in ids)


def test_a_links_secret_follows_from_key_and_link_only() -> None:
    secret = KEYS.link_secret("abc")
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", secret)
    assert KeySecrets("en lång och slumpad nyckel").link_secret("abc") == secret
    assert KeySecrets("en annan nyckel").link_secret("abc") != secret
    assert KEYS.link_secret("abd") != secret


def test_the_link_secret_is_the_published_hmac() -> None:
    # computed by: printf 'link:abc' | openssl dgst -sha256 -hmac key -binary | basenc --base64url
    assert KeySecrets("key").link_secret("abc") == "0FN7vZQgu40H3DZEUJBLayHgQI3WFUBVY1B_ik6EO_k"


def test_the_digest_is_sha_256_in_hexadecimal() -> None:
    assert KEYS.digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4


def test_a_password_is_known_again_and_another_is_not() -> None:
    kept = KEYS.hash_password("häst batteri")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert KEYS.check_password(kept, "häst batteri")
    assert not KEYS.check_password(kept, "häst batterI")
    assert not KEYS.check_password(kept, "")


@pytest.mark.parametrize("kept", ["", "hemligt", "$argon2id$v=19$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_what_is_no_hash_fits_no_password(kept: str) -> None:
    assert not KEYS.check_password(kept, "hemligt")


def test_an_empty_key_makes_no_secrets() -> None:
    with pytest.raises(ValueError, match="empty key"):
        KeySecrets("")


class Counting:
    """Counts how many passwords are worked on at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.lock = Lock()
        self.two_are_in = Barrier(AT_ONCE)

    def verify(self, _hash: str, _password: str) -> bool:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.two_are_in.wait(10)
        with self.lock:
            self.now -= 1
        return True


def test_few_passwords_are_worked_on_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    keys, counting = KeySecrets("nyckel"), Counting()
    monkeypatch.setattr(keys, "_passwords", counting)
    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda _: keys.check_password("hash", "ord"), range(8)))
    assert counting.most == AT_ONCE
