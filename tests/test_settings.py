import stat
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from workflow.resources import Resources
from workflow.settings import Settings, SettingsError, as_environment, ensure_secret, load_settings, variable

SECRET = "kX3-vQ8zT1mW6yR0bN4cJ7hL2fD9gS5p"
PRODUCTION = {
    "TERTIAL_ENV": "production",
    "SECRET_KEY": SECRET,
    "DATABASE_URL": "postgresql://tertial:hemligt@db/tertial",
    "REDIS_URL": "redis://:nyckel@redis:6379/0",
    "SMTP_HOST": "smtp.kommunen.example",
    "BASE_URL": "https://tertial.kommunen.example/",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test; the data folder is the test's own."""
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)
        monkeypatch.delenv(f"{variable(field)}_FILE", raising=False)
    monkeypatch.delenv("TERTIAL_SITE", raising=False)
    monkeypatch.setenv("TERTIAL_DATA", str(tmp_path / "data"))


def set_all(monkeypatch: pytest.MonkeyPatch, values: dict[str, str]) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)


def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> Path:
    file = tmp_path / "site.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("TERTIAL_SITE", str(file))
    return file


def refused(**overrides: object) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(**overrides)
    return str(caught.value)


def test_nothing_given_is_a_working_development_set(tmp_path: Path) -> None:
    settings = load_settings()
    assert settings.environment == "development"
    assert not settings.production
    assert settings.database_url == f"sqlite:///{tmp_path}/data/tertial.sqlite"
    assert (settings.smtp_host, settings.smtp_port) == ("", 0)
    assert settings.mail_domain == "stadsledningskontoret.example"


def test_default_file_holds_every_setting_that_has_no_value_in_code() -> None:
    shipped = tomllib.loads(Resources().config("default.toml").read_text(encoding="utf-8"))
    assert set(shipped) == {name for name, field in Settings.model_fields.items() if field.is_required()}


def test_example_of_a_site_is_accepted_once_the_secrets_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTIAL_SITE", str(Resources().config("site.example.toml")))
    monkeypatch.setenv("SECRET_KEY", SECRET)
    monkeypatch.setenv("DATABASE_URL", PRODUCTION["DATABASE_URL"])
    settings = load_settings()
    assert settings.production
    assert (settings.smtp_port, settings.smtp_security) == (587, "starttls")


def test_default_then_site_then_environment_then_caller(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site(monkeypatch, tmp_path, 'port = 8001\nhost = "0.0.0.0"\ntick_seconds = 5\nmax_upload_mb = 9\n')
    set_all(monkeypatch, {"PORT": "8002", "HOST": "127.0.0.2"})
    settings = load_settings(port=8003)
    assert (settings.port, settings.host, settings.tick_seconds) == (8003, "127.0.0.2", 5.0)
    assert settings.worker_concurrency == 2


def test_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1


def test_unknown_key_names_file_line_and_the_likely_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = site(monkeypatch, tmp_path, '# post\nport = 8001\n\nsmtp_hots = "smtp.kommunen.example"\nzzz = 1\n')
    assert refused().splitlines() == [
        f"{file}, line 4: unknown setting 'smtp_hots'; did you mean 'smtp_host'?",
        f"{file}, line 5: unknown setting 'zzz'",
    ]


def test_the_time_zone_is_stockholm_and_no_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whoever has set it must not believe that it did anything."""
    file = site(monkeypatch, tmp_path, 'timezone = "Europe/Helsinki"\n')
    assert refused() == f"{file}, line 1: unknown setting 'timezone'"


def test_wrong_value_names_where_it_stands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = site(monkeypatch, tmp_path, 'host = "h"\nport = 99999\n')
    monkeypatch.setenv("TICK_SECONDS", "often")
    report = refused(base_url="ftp://tertial.example")
    assert f"{file}, line 2: port: " in report
    assert "environment variable TICK_SECONDS: tick_seconds: " in report
    assert "given by the caller: base_url: must begin with http:// or https:// and name a host" in report


@pytest.mark.parametrize(
    ("text", "says"),
    [("port = \n", "not valid TOML"), ('[smtp]\nhost = "x"\n', "line 1: unknown setting 'smtp'")],
)
def test_broken_site_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, says: str) -> None:
    file = site(monkeypatch, tmp_path, text)
    report = refused()
    assert report.startswith(str(file))
    assert says in report


def test_site_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TERTIAL_SITE", str(tmp_path / "gone.toml"))
    assert "gone.toml: cannot be read" in refused()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "tertial.kommunen.example"),
        ("base_url", "https://"),
        ("base_url", "https://a.example/?x=1"),
        ("database_url", "mysql://a/b"),
        ("redis_url", "http://redis"),
        ("mail_from", "a@b.example, c@d.example"),
        ("inbox_address", "ingen adress"),
        ("inbox_address", "svar+mer@b.example"),
        ("inbox_address", "x" * 25 + "@b.example"),
        ("inbox_address", "svår@b.example"),
        ("mail_from", "a@b.example\nBcc: c@d.example"),
        ("smtp_security", "ssl"),
        ("port", 70000),
        ("worker_concurrency", 0),
        ("smtp_timeout", 0),
        ("smtp_connections", 0),
        ("smtp_rate_per_minute", -1),
        ("office_name", ""),
        ("prot", 1),
        ("smtp_timeout", 301),
    ],
)
def test_refused_values(field: str, value: object) -> None:
    assert field in refused(**{field: value})


def test_a_token_belongs_to_a_mailbox_and_its_path_is_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert "smtp_oauth_token_file needs smtp_user" in refused(smtp_oauth_token_file="token")
    settings = load_settings(smtp_oauth_token_file="token", smtp_user="utskick@kommunen.example")
    assert settings.smtp_oauth_token_file == str(tmp_path / "token")
    assert load_settings().smtp_oauth_token_file == ""


def test_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"PORT": "", "CONFIG_DIR": "", "SECRET_KEY": ""})
    settings = load_settings()
    assert (settings.port, settings.config_dir, settings.secret_key.get_secret_value()) == (8000, None, "")


@pytest.mark.parametrize(
    ("security", "port"),
    [("none", 25), ("starttls", 587), ("tls", 465)],
)
def test_usual_port_when_a_server_is_named(security: str, port: int) -> None:
    assert load_settings(smtp_host="smtp.kommunen.example", smtp_security=security).smtp_port == port
    assert load_settings(smtp_host="smtp.kommunen.example", smtp_security=security, smtp_port=2525).smtp_port == 2525


@pytest.mark.parametrize(("security", "port"), [("none", 143), ("starttls", 143), ("tls", 993)])
def test_usual_port_of_the_inbox(security: str, port: int) -> None:
    named = load_settings(imap_host="127.0.0.1", imap_user="naringsliv", imap_security=security)
    assert (named.imap_port, load_settings().imap_port) == (port, 0)
    assert load_settings(imap_host="127.0.0.1", imap_user="n", imap_security=security, imap_port=1143).imap_port == 1143


def test_an_inbox_belongs_to_somebody_and_is_not_read_in_the_open() -> None:
    assert "imap_host needs imap_user" in refused(imap_host="imap.kommunen.example")
    assert "imap_security must be starttls or tls" in refused(
        imap_host="imap.kommunen.example", imap_user="naringsliv", imap_security="none"
    )
    assert "imap_done_folder must be another folder" in refused(imap_done_folder="INBOX")


def test_production_names_all_faults_at_once(tmp_path: Path) -> None:
    report = refused(environment="production", clock_file=tmp_path / "clock").splitlines()
    starts = ["SECRET_KEY", "DATABASE_URL", "REDIS_URL", "SMTP_HOST", "BASE_URL", "TERTIAL_CLOCK"]
    assert [line.split()[0] for line in report] == starts


def test_production_accepts_a_full_set(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PRODUCTION)
    settings = load_settings()
    assert settings.production
    assert settings.base_url == "https://tertial.kommunen.example"
    assert settings.database_url == "postgresql+psycopg://tertial:hemligt@db/tertial"


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "change-me-to-something-long-and-random"])
def test_production_refuses_weak_secrets(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    set_all(monkeypatch, PRODUCTION | {"SECRET_KEY": secret})
    report = refused()
    assert report.startswith("SECRET_KEY must be at least 32 random characters")
    assert not secret or secret not in report


def test_secrets_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (
        ("SECRET_KEY", SECRET),
        ("SMTP_PASSWORD", "pass word"),
        ("IMAP_PASSWORD", "ord och ord"),
        ("DATABASE_URL", "sqlite:////srv/t.db"),
    ):
        (tmp_path / name).write_text(text + "\n", encoding="utf-8")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
    settings = load_settings()
    assert settings.secret_key.get_secret_value() == SECRET
    assert settings.smtp_password.get_secret_value() == "pass word"
    assert settings.imap_password.get_secret_value() == "ord och ord"
    assert settings.database_url == "sqlite:////srv/t.db"


def test_secret_file_faults(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "gone"))
    assert "SMTP_PASSWORD_FILE" in refused()
    monkeypatch.setenv("SMTP_PASSWORD", "x")
    assert refused() == "SMTP_PASSWORD and SMTP_PASSWORD_FILE are both given; keep one of them"


def test_secret_is_made_once_and_private(tmp_path: Path) -> None:
    settings = load_settings()
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: ensure_secret(settings).secret_key.get_secret_value(), range(32)))
    file = tmp_path / "data" / "secret.key"
    assert made == {file.read_text(encoding="ascii")}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [left.name for left in file.parent.iterdir()] == ["secret.key"]


def test_emptied_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret.key").write_text("", encoding="ascii")
    with pytest.raises(SettingsError, match="holds no usable secret"):
        ensure_secret(load_settings())


def test_given_secret_is_kept(tmp_path: Path) -> None:
    settings = load_settings(secret_key=SECRET)
    assert ensure_secret(settings) is settings
    assert not (tmp_path / "data").exists()


def test_child_process_gets_equal_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    site(monkeypatch, tmp_path, 'smtp_host = "smtp.kommunen.example"\noffice_name = "Kontoret Åäö"\n')
    (tmp_path / "password").write_text("hemligt", encoding="utf-8")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    parent = ensure_secret(load_settings(smtp_host="", port=8123, clock_file=tmp_path / "clock", tick_seconds=0.25))
    child = as_environment(parent)
    assert child["PATH"]  # what the machine gives is handed on
    monkeypatch.setattr("os.environ", child)
    monkeypatch.chdir(tmp_path)
    assert load_settings() == parent


def test_nothing_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, PRODUCTION | {"SMTP_PASSWORD": "losenord"})
    settings = load_settings()
    shown = f"{settings.redacted()} {settings!r}"
    assert "redis://:***@redis:6379/0" in settings.redacted()["redis_url"]
    assert settings.redacted()["smtp_host"] == "smtp.kommunen.example"
    assert SECRET not in shown
    assert "losenord" not in shown
    assert "hemligt" not in str(settings.redacted())


def test_secret_type_hides_itself() -> None:
    assert isinstance(load_settings(smtp_password="x").smtp_password, SecretStr)
