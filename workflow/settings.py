"""The settings: default.toml < a site's file < the environment; checked once, frozen, passed on to child processes."""

import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from workflow.domain.attachments import KINDS, Limits
from workflow.domain.marks import LONGEST_INBOX
from workflow.resources import Resources
from workflow.settings_file import SettingsError, check_file, line_of, read_value, unknown

__all__ = ["Settings", "SettingsError", "as_environment", "ensure_secret", "load_settings", "variable"]

SITE_FILE_VARIABLE = "TERTIAL_SITE"
OWN_VARIABLES = {"environment": "TERTIAL_ENV", "data_dir": "TERTIAL_DATA", "clock_file": "TERTIAL_CLOCK"}
FROM_FILE = (
    "secret_key",
    "smtp_password",
    "imap_password",
    "database_url",
)  # these may be given as NAME_FILE, a path to the value
SHORTEST_SECRET = 32  # characters; token_urlsafe(32) gives 43
FEWEST_DIFFERENT = 10  # characters; "aaaa…" and "change-me-change-me…" are no secrets
USUAL_PORT = {"none": 25, "starttls": 587, "tls": 465}  # RFC 5321, 6409, 8314
USUAL_IMAP_PORT = {"none": 143, "starttls": 143, "tls": 993}  # RFC 9051, 8314
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_HIDDEN_IN_URL = re.compile(r"(://[^/@\s]*?:)[^/\s]*@")


def variable(field: str) -> str:
    """Return the name of the environment variable that sets a field."""
    return OWN_VARIABLES.get(field, field.upper())


def _from_environment() -> dict[str, str]:
    """Return what the environment sets; an empty value counts as not given, NAME_FILE names a file with the value."""
    given = {field: value for field in Settings.model_fields if (value := os.environ.get(variable(field)))}
    for field in FROM_FILE:
        name = variable(field)
        if file := os.environ.get(f"{name}_FILE"):
            if field in given:
                raise SettingsError([f"{name} and {name}_FILE are both given; keep one of them"])
            given[field] = read_value(file, f"{name}_FILE")
    return given


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _absolute_or_none(name: str) -> str:
    return str(_absolute(Path(name))) if name else ""


def _one_mailbox(address: str) -> str:
    if not re.fullmatch(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\"]+", address):
        raise ValueError("must be one mail address, such as naringsliv@kommunen.example")
    return address


def _inbox(address: str) -> str:
    if not address:
        return ""
    local = _one_mailbox(address).partition("@")[0]
    if "+" in local or len(local) > LONGEST_INBOX or not address.isascii():
        raise ValueError(f"must have at most {LONGEST_INBOX} plain characters before the @, and no +: a mark follows")
    return address


def _http_url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", url):
        raise ValueError("must begin with http:// or https:// and name a host")
    return url.rstrip("/")


def _known_kinds(types: str) -> str:
    unknown = [each for each in types.split() if each not in KINDS]
    if unknown or not types.split():
        raise ValueError(f"must be some of these, with blanks between: {' '.join(KINDS)}")
    return types


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Mailbox = Annotated[str, AfterValidator(_one_mailbox)]
Inbox = Annotated[str, AfterValidator(_inbox)]
FileName = Annotated[str, AfterValidator(_absolute_or_none)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Words = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Everything a site may decide. Values stand in config/default.toml; only what is absent there has one here."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid")

    environment: Literal["development", "production"]
    data_dir: AbsolutePath
    database_url: str = Field(default="", validate_default=True)
    redis_url: str
    secret_key: SecretStr = SecretStr("")
    base_url: HttpUrl
    host: Words
    port: Port
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    config_dir: AbsolutePath | None = None
    templates_dir: AbsolutePath | None = None
    clock_file: AbsolutePath | None = None

    smtp_host: str
    smtp_security: Literal["none", "starttls", "tls"]
    smtp_port: Port
    smtp_user: str
    smtp_password: SecretStr = SecretStr("")
    smtp_timeout: Annotated[float, Field(gt=0, le=300)]  # well below the lease of a claimed mail
    smtp_oauth_token_file: FileName
    smtp_connections: Count
    smtp_rate_per_minute: Annotated[int, Field(ge=0)]
    mail_from: Mailbox
    mail_from_name: Words
    inbox_address: Inbox  # the mailbox that is read for us, "" for none
    mail_domain: str  # of Message-ID (RFC 5322 section 3.6.4)

    imap_host: str
    imap_security: Literal["none", "starttls", "tls"]
    imap_port: Port
    imap_user: str
    imap_password: SecretStr = SecretStr("")
    imap_oauth_token_file: FileName
    imap_folder: Words
    imap_done_folder: Words
    inbox_keep_days: Annotated[int, Field(ge=0)]  # 0: as long as the round is kept

    office_name: Words
    office_contact_name: Words
    office_contact_phone: Words

    tick_seconds: Seconds
    worker_concurrency: Count
    max_upload_mb: Count
    attachment_types: Annotated[str, AfterValidator(_known_kinds)]
    attachment_mb: Count
    attachments_mb: Count
    attachments_most: Count
    session_idle_minutes: Count
    session_absolute_hours: Count

    @field_validator("database_url")
    @classmethod
    def _name_the_database(cls, url: str, info: ValidationInfo) -> str:
        if not url:
            return default_database_url(info.data.get("data_dir", Path()))
        for prefix in ("postgres://", "postgresql://"):  # what hosts hand out; psycopg is the driver we ship
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        return url

    @field_validator("redis_url")
    @classmethod
    def _name_the_broker(cls, url: str) -> str:
        if url and not url.startswith(("redis://", "rediss://", "redis+socket://")):
            raise ValueError("must begin with redis://, rediss:// or redis+socket://")
        return url

    @field_validator("smtp_port")
    @classmethod
    def _usual_port(cls, port: int, info: ValidationInfo) -> int:
        if port or not info.data.get("smtp_host"):
            return port
        return USUAL_PORT[info.data.get("smtp_security", "none")]

    @field_validator("imap_port")
    @classmethod
    def _usual_imap_port(cls, port: int, info: ValidationInfo) -> int:
        if port or not info.data.get("imap_host"):
            return port
        return USUAL_IMAP_PORT[info.data.get("imap_security", "tls")]

    @field_validator("mail_domain")
    @classmethod
    def _domain_of_sender(cls, domain: str, info: ValidationInfo) -> str:
        return domain or str(info.data.get("mail_from", "")).rpartition("@")[2]

    @model_validator(mode="after")
    def _token_belongs_to_somebody(self) -> Self:
        if self.smtp_oauth_token_file and not self.smtp_user:
            raise ValueError("smtp_oauth_token_file needs smtp_user: the mailbox that the token is for")
        return self

    @model_validator(mode="after")
    def _inbox_is_somebodys(self) -> Self:
        if self.imap_host and not self.imap_user:
            raise ValueError("imap_host needs imap_user: the mailbox to read")
        if self.imap_host and self.imap_security == "none" and self.imap_host not in LOOPBACK:
            raise ValueError("imap_security must be starttls or tls: a password does not travel in the open")
        if self.imap_done_folder == self.imap_folder:
            raise ValueError("imap_done_folder must be another folder than imap_folder")
        return self

    @property
    def mail_folder(self) -> Path:
        """Where the local mail listener keeps what it takes."""
        return self.data_dir / "mail"

    @property
    def attachments(self) -> Limits:
        """What a unit may let go with its answers."""
        return Limits(
            kinds=frozenset(self.attachment_types.split()),
            each_mb=self.attachment_mb,
            total_mb=self.attachments_mb,
            files=self.attachments_most,
        )

    @property
    def production(self) -> bool:
        """Whether real people get the mails."""
        return self.environment == "production"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Rank the sources, the strongest first."""
        files = [TomlConfigSettingsSource(settings_cls, path) for path in _files()]
        return (init_settings, InitSettingsSource(settings_cls, _from_environment()), *files)

    def redacted(self) -> dict[str, str]:
        """Return every setting as it may be shown: secrets and passwords in addresses hidden."""
        return {name: _HIDDEN_IN_URL.sub(r"\1***@", str(value)) for name, value in self}


def default_database_url(data_dir: Path) -> str:
    """Return the address of the SQLite file that is used when no database is named."""
    return f"sqlite:///{data_dir}/tertial.sqlite"


def load_settings(**overrides: object) -> Settings:
    """Read and check the settings; overrides (by field name) win over everything. Raises SettingsError."""
    for path in _files():
        check_file(path, Settings.model_fields)
    try:
        settings = Settings.model_validate(overrides)
    except ValidationError as error:
        raise SettingsError([_describe(fault, overrides) for fault in error.errors()]) from None
    if faults := _production_faults(settings):
        raise SettingsError(faults)
    return settings


def ensure_secret(settings: Settings) -> Settings:
    """Return settings that hold a secret key; without one, data_dir/secret.key (0600, made once)."""
    if settings.secret_key.get_secret_value():
        return settings
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    kept = settings.data_dir / "secret.key"
    if not kept.exists():
        _write_once(kept, secrets.token_urlsafe(32))
    secret = kept.read_text(encoding="ascii")
    if not _strong(secret):
        raise SettingsError([f"{kept} holds no usable secret; remove it, and a new one is made"])
    return settings.model_copy(update={"secret_key": SecretStr(secret)})


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the whole environment for a child process in which load_settings() gives equal settings."""
    ours = {
        SITE_FILE_VARIABLE,
        *map(variable, Settings.model_fields),
        *(f"{variable(name)}_FILE" for name in FROM_FILE),
    }
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return inherited | {variable(name): _plain(value) for name, value in settings if _plain(value)}


def _plain(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return "" if value is None else str(value)


def _write_once(path: Path, text: str) -> None:
    """Put a whole file in place without replacing one that another process made meanwhile."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as draft:  # made with mode 0600
        draft.write(text)
        draft.flush()
        try:
            path.hardlink_to(draft.name)
        except FileExistsError:
            return


def _files() -> tuple[Path, ...]:
    """Return the files of settings, the strongest first."""
    shipped = Resources().config("default.toml")
    site = os.environ.get(SITE_FILE_VARIABLE)
    return (Path(site), shipped) if site else (shipped,)


def _describe(fault: ErrorDetails, overrides: dict[str, object]) -> str:
    """Say where a refused value came from and what is allowed; never the value, which may be a secret."""
    if not fault["loc"]:
        return fault["msg"].removeprefix("Value error, ")
    field = str(fault["loc"][0])
    if fault["type"] == "extra_forbidden":
        return unknown(field, Settings.model_fields)
    return f"{_origin(field, overrides)}: {field}: {fault['msg'].removeprefix('Value error, ')}"


def _origin(field: str, overrides: dict[str, object]) -> str:
    if field in overrides:
        return "given by the caller"
    if os.environ.get(variable(field)) or os.environ.get(f"{variable(field)}_FILE"):
        return f"environment variable {variable(field)}"
    for path in _files():
        if line := line_of(field, path):
            return f"{path}, line {line}"
    return f"not given ({variable(field)})"


def _production_faults(settings: Settings) -> list[str]:
    if not settings.production:
        return []
    secret = settings.secret_key.get_secret_value()
    required = {
        f"SECRET_KEY must be at least {SHORTEST_SECRET} random characters": _strong(secret),
        "DATABASE_URL must name the database": settings.database_url != default_database_url(settings.data_dir),
        "REDIS_URL must name the broker": bool(settings.redis_url),
        "SMTP_HOST must name the mail server": bool(settings.smtp_host),
        "BASE_URL must begin with https://": settings.base_url.startswith("https://"),
        "TERTIAL_CLOCK must not be set: production has only the real clock": settings.clock_file is None,
    }
    return [f"{fault} (TERTIAL_ENV is production)" for fault, kept in required.items() if not kept]


def _strong(secret: str) -> bool:
    return len(secret) >= SHORTEST_SECRET and len(set(secret)) >= FEWEST_DIFFERENT and "change" not in secret.lower()
