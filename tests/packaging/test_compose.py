"""docker-compose.yml, Dockerfile and .env.example: valid, and in agreement with each other and with the product."""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from workflow.settings import FROM_FILE, SITE_FILE_VARIABLE, Settings, SettingsError, load_settings, variable

ROOT = Path(__file__).parents[2]
OURS = ("migrate", "scheduler", "worker", "web")
KNOWN = {SITE_FILE_VARIABLE, *map(variable, Settings.model_fields), *(f"{variable(name)}_FILE" for name in FROM_FILE)}
REQUIRED = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "SMTP_HOST", "BASE_URL"}
COMPOSE_ONLY = {"POSTGRES_PASSWORD"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    return loaded


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_compose_schema_accepts_it() -> None:
    result = run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    assert result.returncode == 0, result.stdout


def test_the_dockerfile_is_clean() -> None:
    result = run("hadolint", "Dockerfile")
    assert result.returncode == 0, result.stdout


@cache
def is_subcommand(*words: str) -> bool:
    """Whether `tertial` knows the words as a command."""
    command = [sys.executable, "-m", "workflow", *words, "--help"]
    return bool(words) and subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0


def test_every_command_is_one_of_tertial(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name in OURS if not is_subcommand(*services[name]["command"])] == []
    checks = [service.get("healthcheck", {}).get("test", []) for service in services.values()]
    assert [check for check in checks if check[1:2] == ["tertial"] and not is_subcommand(*check[2:])] == []
    assert not is_subcommand("no-such-thing")


def test_the_dockerfile_starts_tertial_as_nobody_special() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = dockerfile.rpartition("\nFROM ")[2]
    assert 'ENTRYPOINT ["tertial"]' in final
    (default,) = re.findall(r'^CMD \["(\w+)"\]', final, re.MULTILINE)
    assert is_subcommand(default)
    (user,) = re.findall(r"^USER (\d+)$", final, re.MULTILINE)
    assert int(user) > 0
    assert "--require-hashes" in dockerfile
    set_there = set(re.findall(r"\b((?:TERTIAL|HOST|PORT)[A-Z_]*)=", final))
    assert set_there <= KNOWN


def test_one_image_for_all_of_ours(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services) == {*OURS, "db", "redis"}
    assert len({services[name]["image"] for name in OURS}) == 1


def test_exactly_one_scheduler(compose: dict[str, Any]) -> None:
    schedulers = [service for service in compose["services"].values() if "scheduler" in service.get("command", [])]
    assert len(schedulers) == 1
    assert "scale" not in schedulers[0]
    assert "deploy" not in schedulers[0]


def test_nothing_but_the_pages_is_reachable(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert [name for name, service in services.items() if service.get("ports") or service.get("expose")] == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in services["web"]["ports"])
    assert compose["networks"]["inside"] == {"internal": True}
    assert [services[name]["networks"] for name in ("db", "redis")] == [["inside"], ["inside"]]


def test_everybody_waits_for_the_migration(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert services["migrate"]["command"] == ["db", "upgrade"]
    assert services["migrate"]["depends_on"] == {"db": {"condition": "service_healthy"}}
    assert services["migrate"]["restart"] == "no"
    for name in ("scheduler", "worker", "web"):
        assert services[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert services[name]["depends_on"]["redis"] == {"condition": "service_healthy"}


def test_everybody_is_locked_down_and_stops_warmly(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert "healthcheck" in service, name
        assert "privileged" not in service, name
    for name in OURS:
        assert compose["services"][name]["cap_drop"] == ["ALL"], name
    assert compose["services"]["worker"]["stop_grace_period"] == "180s"


def test_the_broker_never_evicts(compose: dict[str, Any]) -> None:
    command = compose["services"]["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_every_name_in_the_environment_is_a_setting(compose: dict[str, Any]) -> None:
    for name in OURS:
        assert set(compose["services"][name]["environment"]) <= KNOWN, name
        assert compose["services"][name]["environment"]["TERTIAL_ENV"] == "production"
        assert compose["services"][name]["env_file"] == ".env"
    asked = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert asked == COMPOSE_ONLY


def test_the_example_names_every_required_setting(compose: dict[str, Any]) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    given = set(re.findall(r"^([A-Z_]+)=", text, re.MULTILINE))
    mentioned = set(re.findall(r"^(?:# )?([A-Z_]+)=", text, re.MULTILINE))
    assert mentioned <= KNOWN | COMPOSE_ONLY
    assert mentioned >= REQUIRED | COMPOSE_ONLY
    composed = set(compose["services"]["web"]["environment"])
    assert given | composed >= REQUIRED
    assert re.findall(r"^(?:SECRET_KEY|\w*PASSWORD)=(.+)$", text, re.MULTILINE) == []  # no secret is shipped


def test_required_is_what_production_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError) as caught:
        load_settings(environment="production")
    assert {fault.split()[0] for fault in caught.value.faults} == REQUIRED
