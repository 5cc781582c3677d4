"""Settings: environment variables, read once, each with a default that makes ``make run`` work."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from handoff_service.environment.key_files import keep_key, key_fingerprint, key_in_file
from handoff_service.environment.variables import Variables
from handoff_service.errors import SetupError

SECRET = {"secret": True}
PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, named like its variable without ``PATCHBOARD_``, in lower case. Times are in
    seconds."""

    home: Path
    database_url: str
    redis_url: str | None
    host: str
    port: int
    workers: int
    trusted_proxies: str
    public_url: str
    secret_key: str = field(metadata=SECRET)
    secret_key_old: str | None = field(metadata=SECRET)
    sms_provider: str
    twilio_account_sid: str | None
    twilio_auth_token: str | None = field(metadata=SECRET)
    twilio_auth_token_secondary: str | None = field(metadata=SECRET)
    twilio_signature: str
    twilio_shared_key: str | None = field(metadata=SECRET)
    twilio_shared_key_secondary: str | None = field(metadata=SECRET)
    twilio_api_url: str
    android_phone_url: str | None
    android_phone_user: str
    android_phone_password: str | None = field(metadata=SECRET)
    android_phone_signing_key: str | None = field(metadata=SECRET)
    android_phone_numbers: str | None
    android_phone_per_minute: int
    media_store: str | None
    s3_url: str | None
    s3_region: str
    s3_access_key: str | None
    s3_secret_key: str | None = field(metadata=SECRET)
    bot_url: str | None
    bot_token: str = field(metadata=SECRET)
    bot_timeout: float
    bot_tracker_url: str | None = field(metadata=SECRET)
    bot_data: Path
    burst_window: float
    smtp_url: str | None
    webhook_hosts: str
    demo: bool
    log: str

    @property
    def old_keys(self) -> tuple[str, ...]:
        """Secret keys that the service still accepts, but no longer uses for anything new."""
        return (self.secret_key_old,) if self.secret_key_old else ()

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """All accepted secret keys, the current one first."""
        return (self.secret_key, *self.old_keys)

    @property
    def key_fingerprint(self) -> str:
        """A fingerprint that distinguishes secret keys without revealing them."""
        return key_fingerprint(self.secret_key)

    @property
    def bot_urls(self) -> tuple[str, ...]:
        """The addresses of the bot processes. Each process answers a share of the conversations.
        Empty: no bot."""
        return tuple(self.bot_url.split(",")) if self.bot_url else ()

    @property
    def media_bucket(self) -> tuple[str, str] | None:
        """The bucket and the prefix of the S3 store. None: the media are in a folder in
        PATCHBOARD_HOME."""
        if self.media_store is None:
            return None
        bucket, _, prefix = self.media_store.removeprefix("s3://").partition("/")
        return bucket, prefix

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The reverse proxies that may name the original client of a request."""
        return tuple(
            ip_network(part.strip()) for part in self.trusted_proxies.split(",") if part.strip()
        )

    @property
    def allowed_hosts(self) -> list[str]:
        """The hosts and networks that the service may call although they are not public."""
        return self.webhook_hosts.replace(",", " ").split()

    @property
    def has_simulator(self) -> bool:
        """Whether the phone page exists. Without the demo, only admins may open it."""
        return self.sms_provider == "simulator"

    @property
    def has_mailbox(self) -> bool:
        """Whether the mailbox page exists, which shows all mail to everybody."""
        return self.demo and self.has_simulator and self.smtp_url is None

    @property
    def mails(self) -> bool:
        """Whether e-mail can be sent."""
        return self.smtp_url is not None or self.has_mailbox

    def shown(self) -> dict[str, str]:
        """Variable -> value for ``patchboard doctor``, with secrets and passwords in addresses
        masked."""
        rows = {}
        for f in fields(self):
            value = getattr(self, f.name)
            text = "" if value is None else str(int(value) if isinstance(value, bool) else value)
            if f.metadata.get("secret"):
                text = "****" if text else ""
            rows[f"PATCHBOARD_{f.name.upper()}"] = _without_password(text)
        return rows


def read(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the settings. SetupError names the variable and a valid value."""
    get = Variables(environ)
    home = Path(get.text("HOME", "./.patchboard")).absolute()
    host, port = get.text("HOST", "127.0.0.1"), get.number("PORT", 8000, least=0, most=65535)
    workers = get.number("WORKERS", 1, least=1)
    database_url = get.text("DATABASE_URL", f"sqlite:///{home / 'patchboard.db'}")
    if not database_url.startswith(("sqlite:///", "postgresql://")):
        raise SetupError("PATCHBOARD_DATABASE_URL must begin with sqlite:/// or postgresql://.")
    redis_url = get.optional("REDIS_URL")
    if workers > 1 and not (database_url.startswith("postgresql://") and redis_url):
        raise SetupError(
            "PATCHBOARD_WORKERS above 1 needs PostgreSQL (PATCHBOARD_DATABASE_URL) and Redis "
            "(PATCHBOARD_REDIS_URL): SQLite has one writer, and processes send each other hints "
            "through Redis."
        )
    provider = get.one_of("SMS_PROVIDER", "simulator", "twilio", "android_phone")
    account, token = get.optional("TWILIO_ACCOUNT_SID"), get.optional("TWILIO_AUTH_TOKEN")
    if provider == "twilio" and not (account and token):
        raise SetupError(
            "PATCHBOARD_SMS_PROVIDER=twilio needs PATCHBOARD_TWILIO_ACCOUNT_SID and "
            "PATCHBOARD_TWILIO_AUTH_TOKEN."
        )
    signature, shared_key = (
        get.one_of("TWILIO_SIGNATURE", "sha1", "sha256"),
        get.optional("TWILIO_SHARED_KEY"),
    )
    if provider == "twilio" and signature == "sha256" and not shared_key:
        raise SetupError("PATCHBOARD_TWILIO_SIGNATURE=sha256 needs PATCHBOARD_TWILIO_SHARED_KEY.")
    if provider == "android_phone":
        get.needs(
            "PATCHBOARD_SMS_PROVIDER=android_phone",
            *(f"ANDROID_PHONE_{name}" for name in ("URL", "PASSWORD", "SIGNING_KEY", "NUMBERS")),
        )
    if get.optional("MEDIA_STORE"):
        for one, other in (
            ("S3_URL", "S3_ACCESS_KEY"),  # without S3_URL, the host's AWS role can replace the keys
            ("S3_ACCESS_KEY", "S3_SECRET_KEY"),
            ("S3_SECRET_KEY", "S3_ACCESS_KEY"),
        ):
            if get.optional(one):
                get.needs(f"PATCHBOARD_{one}", other)
    return Settings(
        home=home,
        database_url=database_url,
        redis_url=redis_url,
        host=host,
        port=port,
        workers=workers,
        trusted_proxies=get.networks("TRUSTED_PROXIES", "127.0.0.0/8,::1"),
        public_url=get.address("PUBLIC_URL", f"http://{host}:{port}"),
        secret_key=get.optional("SECRET_KEY") or keep_key(home, "secret_key"),
        secret_key_old=get.optional("SECRET_KEY_OLD") or key_in_file(home, "secret_key_old"),
        sms_provider=provider,
        twilio_account_sid=account,
        twilio_auth_token=token,
        twilio_auth_token_secondary=get.optional("TWILIO_AUTH_TOKEN_SECONDARY"),
        twilio_signature=signature,
        twilio_shared_key=shared_key,
        twilio_shared_key_secondary=get.optional("TWILIO_SHARED_KEY_SECONDARY"),
        twilio_api_url=get.address("TWILIO_API_URL", "https://api.twilio.com"),
        android_phone_url=get.optional_address("ANDROID_PHONE_URL"),
        android_phone_user=get.text("ANDROID_PHONE_USER", "sms"),
        android_phone_password=get.optional("ANDROID_PHONE_PASSWORD"),
        android_phone_signing_key=get.optional("ANDROID_PHONE_SIGNING_KEY"),
        android_phone_numbers=get.phone_numbers("ANDROID_PHONE_NUMBERS"),
        android_phone_per_minute=get.number("ANDROID_PHONE_PER_MINUTE", 10, least=1, most=600),
        media_store=get.bucket("MEDIA_STORE"),
        s3_url=get.optional_address("S3_URL"),
        s3_region=get.text("S3_REGION", "us-east-1"),
        s3_access_key=get.optional("S3_ACCESS_KEY"),
        s3_secret_key=get.optional("S3_SECRET_KEY"),
        bot_url=get.addresses("BOT_URL", "http://127.0.0.1:5005/webhooks/sms/webhook"),
        bot_token=get.optional("BOT_TOKEN") or keep_key(home, "bot_token"),
        bot_timeout=get.seconds("BOT_TIMEOUT", 10),
        bot_tracker_url=get.postgres("BOT_TRACKER_URL"),
        bot_data=get.folder("BOT_DATA", PROJECT, "config.yml", "domain.yml", "data"),
        burst_window=get.seconds("BURST_WINDOW", 1.5),
        smtp_url=get.mail_server("SMTP_URL"),
        webhook_hosts=get.text("WEBHOOK_HOSTS", ""),
        demo=get.flag("DEMO"),
        log=get.one_of("LOG", "info", "debug"),
    )


def _without_password(text: str) -> str:
    return re.sub(r"(://[^/@:,]*):[^/@]*@", r"\1:****@", text)
