"""The lock files: complete, hashed, and free of any address."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.lock": (), "requirements-dev.lock": ("dev",)}
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^ ;\\]+)", re.MULTILINE)


def text_of(lock: str) -> str:
    return (ROOT / "config" / lock).read_text(encoding="utf-8")


def pins(lock: str) -> dict[str, str]:
    return {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(text_of(lock))}


def asked_for(extras: tuple[str, ...]) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["dependencies"] + [line for extra in extras for line in project["optional-dependencies"][extra]]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_holds_no_address(lock: str) -> None:
    text = text_of(lock)
    assert "://" not in text
    assert "@" not in text
    assert not re.findall(r"^\s*(?:-i|-f|--(?!hash=)[a-z-]+)", text, re.MULTILINE)  # no option says where to look


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_is_hashed(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", text_of(lock).strip())
    assert [entry.splitlines()[0] for entry in entries if not PIN.match(entry) or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize(("lock", "extras"), LOCKS.items())
def test_every_dependency_is_pinned_within_its_bounds(lock: str, extras: tuple[str, ...]) -> None:
    pinned = pins(lock)
    unmet = [
        str(need)
        for need in asked_for(extras)
        if not need.specifier.contains(pinned.get(canonicalize_name(need.name), "0"), prereleases=True)
    ]
    assert unmet == []


def test_both_locks_agree() -> None:
    runtime, dev = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_what_celery_pins_itself_is_not_asked_for() -> None:
    names = {canonicalize_name(need.name) for need in asked_for(("dev",))}
    assert names.isdisjoint({"python-dateutil", "vine", "kombu", "billiard", "amqp"})
