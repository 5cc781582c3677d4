"""Settings: each setting is documented, each error names its variable, and no output shows a
secret.
"""

import stat
from dataclasses import fields
from pathlib import Path

import pytest

from handoff_service import settings
from handoff_service.bot_control import rasa_cli, rasa_environment
from handoff_service.errors import SetupError
from handoff_service.settings import Settings

REFERENCE = (Path(__file__).parents[2] / "docs/reference/settings.md").read_text()


def read(home: Path, **given: str) -> Settings:
    return settings.read(
        {"PATCHBOARD_HOME": str(home), **{f"PATCHBOARD_{k}": v for k, v in given.items()}}
    )


def test_every_setting_is_in_the_reference() -> None:
    missing = [f.name for f in fields(Settings) if f"PATCHBOARD_{f.name.upper()}" not in REFERENCE]
    assert not missing


FAULTS = [
    ({"PORT": "eighty"}, "PATCHBOARD_PORT must be a whole number, from 0 to 65535; it is 'eighty'"),
    ({"PORT": "70000"}, "PATCHBOARD_PORT"),
    ({"WORKERS": "0"}, "PATCHBOARD_WORKERS must be a whole number, at least 1"),
    ({"WORKERS": "2"}, "PATCHBOARD_WORKERS above 1 needs PostgreSQL"),
    (
        {"DATABASE_URL": "mysql://x"},
        "PATCHBOARD_DATABASE_URL must begin with sqlite:/// or postgresql://",
    ),
    (
        {"SMS_PROVIDER": "pigeon"},
        "PATCHBOARD_SMS_PROVIDER must be simulator, twilio or android_phone; it is 'pigeon'",
    ),
    (
        {"TWILIO_SIGNATURE": "sha512"},
        "PATCHBOARD_TWILIO_SIGNATURE must be sha1 or sha256; it is 'sha512'",
    ),
    (
        {"SMS_PROVIDER": "twilio"},
        "needs PATCHBOARD_TWILIO_ACCOUNT_SID and PATCHBOARD_TWILIO_AUTH_TOKEN",
    ),
    (
        {"SMS_PROVIDER": "android_phone", "ANDROID_PHONE_PASSWORD": "secret"},
        "needs PATCHBOARD_ANDROID_PHONE_URL, PATCHBOARD_ANDROID_PHONE_SIGNING_KEY, "
        "PATCHBOARD_ANDROID_PHONE_NUMBERS",
    ),
    (
        {"ANDROID_PHONE_NUMBERS": "+12025550101, 2025550102"},
        "PATCHBOARD_ANDROID_PHONE_NUMBERS must be phone numbers such as +12025550101, with commas "
        "between them; it has '2025550102'",
    ),
    ({"ANDROID_PHONE_URL": "192.168.1.20:8080"}, "PATCHBOARD_ANDROID_PHONE_URL must be an address"),
    ({"ANDROID_PHONE_PER_MINUTE": "0"}, "PATCHBOARD_ANDROID_PHONE_PER_MINUTE must be a whole"),
    ({"PUBLIC_URL": "sms.example.com"}, "PATCHBOARD_PUBLIC_URL must be an address such as"),
    ({"BOT_TIMEOUT": "-1"}, "PATCHBOARD_BOT_TIMEOUT must be a number of seconds"),
    ({"BURST_WINDOW": "nan"}, "PATCHBOARD_BURST_WINDOW must be a number of seconds"),
    ({"BOT_URL": "http://one:5005/,two"}, "PATCHBOARD_BOT_URL must be an address such as"),
    ({"DEMO": "yes"}, "PATCHBOARD_DEMO must be 0 or 1"),
    (
        {"MEDIA_STORE": "northwind-desk"},
        "PATCHBOARD_MEDIA_STORE must be s3://BUCKET or s3://BUCKET/PREFIX, for example",
    ),
    ({"MEDIA_STORE": "s3://desk/../other"}, "PATCHBOARD_MEDIA_STORE must be s3://BUCKET"),
    ({"MEDIA_STORE": "s3://Desk"}, "PATCHBOARD_MEDIA_STORE must be s3://BUCKET"),
    (
        {"S3_ACCESS_KEY": "AKIA1", "MEDIA_STORE": "s3://desk"},
        "PATCHBOARD_S3_ACCESS_KEY needs PATCHBOARD_S3_SECRET_KEY",
    ),
    (
        {"S3_URL": "http://10.0.0.31:9000", "MEDIA_STORE": "s3://desk"},
        "PATCHBOARD_S3_URL needs PATCHBOARD_S3_ACCESS_KEY",
    ),
    ({"S3_URL": "10.0.0.31:9000"}, "PATCHBOARD_S3_URL must be an address such as"),
    *(
        (
            {"BOT_TRACKER_URL": wrong},
            "PATCHBOARD_BOT_TRACKER_URL must be postgresql://USER:PASSWORD@HOST/DATABASE. For",
        )
        for wrong in (
            "sqlite:///bot.db",
            "postgresql://bot:hunter2@db",
            "postgresql://bot:hunter2@one,two/bot",
            "postgresql://bot:hunter2@db:five/bot",
            "postgres://bot:hunter2@db/bot",
        )
    ),
    ({"SMTP_URL": "mail.example.com:25"}, "PATCHBOARD_SMTP_URL must be an address such as smtp://"),
    (
        {"SMTP_URL": "smtp://mail.example.com:twentyfive"},
        "PATCHBOARD_SMTP_URL must be an address such as smtp://",
    ),
]


@pytest.mark.parametrize(
    ("given", "says"),
    FAULTS,
    ids=[next(iter(f[0])) + "=" + next(iter(f[0].values())) for f in FAULTS],
)
def test_errors_name_the_variable_and_a_valid_value(
    tmp_path: Path, given: dict[str, str], says: str
) -> None:
    with pytest.raises(SetupError) as error:
        read(tmp_path, **given)
    assert says in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://db/bot",
        "postgresql://bot:pass,w:rd@db:5432/bot?target_session_attrs=read-write",
        "postgresql://bot:hunter2@/bot?host=one:5432&host=two:5432",
        "postgresql:///bot?host=/var/run/postgresql",
        "postgresql://bot@[::1]:5432/bot",
    ],
)
def test_the_bots_can_share_a_database(
    tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rasa_environment, "rasa", lambda: "rasa")
    found = read(tmp_path, BOT_TRACKER_URL=address)
    assert found.bot_tracker_url == address
    assert found.shown()["PATCHBOARD_BOT_TRACKER_URL"] == "****"
    given = rasa_cli.command(found, 1)[1]
    assert given["PATCHBOARD_BOT_TRACKER_URL"] == address
    alone = rasa_cli.command(read(tmp_path), 1)[1]
    assert alone["PATCHBOARD_BOT_TRACKER_URL"] == ""
    assert alone["PATCHBOARD_BOT_TRACKER_DB"] == str(tmp_path / "bot-tracker.db")


def test_defaults_make_the_product_run(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.database_url == f"sqlite:///{tmp_path}/patchboard.db"
    assert (found.host, found.port, found.workers, found.public_url) == (
        "127.0.0.1",
        8000,
        1,
        "http://127.0.0.1:8000",
    )
    assert (found.sms_provider, found.bot_timeout, found.burst_window, found.demo) == (
        "simulator",
        10,
        1.5,
        False,
    )


def test_with_an_empty_bot_address_there_is_no_bot(tmp_path: Path) -> None:
    assert (read(tmp_path, BOT_URL="").bot_url, read(tmp_path, BOT_URL="").bot_urls) == (None, ())


def test_a_bot_can_have_several_different_addresses(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        BOT_URL="http://me:hunter2@one/x, http://me:hunter2@two/x,http://me:hunter2@one/x,",
    )
    assert found.bot_urls == ("http://me:hunter2@one/x", "http://me:hunter2@two/x")
    assert found.shown()["PATCHBOARD_BOT_URL"] == "http://me:****@one/x,http://me:****@two/x"


def test_secrets_are_generated_once_and_stay_private(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)
    assert first.secret_key == second.secret_key
    assert len(first.secret_key) > 30
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    shown = read(
        tmp_path,
        TWILIO_AUTH_TOKEN="tell-nobody",
        S3_SECRET_KEY="nor-this",
        DATABASE_URL="postgresql://me:hunter2@db/desk",
    ).shown()
    assert not [
        v
        for v in shown.values()
        if "tell-nobody" in v or "nor-this" in v or "hunter2" in v or first.secret_key in v
    ]
