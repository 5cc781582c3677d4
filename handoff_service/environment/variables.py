"""Reads environment variables that begin with ``PATCHBOARD_``, and checks their values."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from handoff_service.errors import SetupError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
# SQLAlchemy reads several hosts from query parameters
_POSTGRES = re.compile(
    r"postgresql://([^@]*@)?(\[[^]@/?]*\]|[^],:@/?[]*)(:[0-9]+)?/[^/?@]+(\?[^@?]*)?"
)
# bytes of s3://bucket/prefix; an S3 key, which adds the file's name to the prefix, may have 1,024
_MOST = 900


class Variables:
    """Reads one environment variable at a time. SetupError names the variable and a valid value."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, name: str, default: str, *, may_be_empty: bool = False) -> str:
        value = self._environ.get(f"PATCHBOARD_{name}", default).strip()
        return value if value or may_be_empty else default

    def optional(self, name: str) -> str | None:
        return self.text(name, "", may_be_empty=True) or None

    def number(self, name: str, default: int, *, least: int, most: int | None = None) -> int:
        text = self.text(name, str(default))
        if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
            limits = f"at least {least}" if most is None else f"from {least} to {most}"
            raise SetupError(f"PATCHBOARD_{name} must be a whole number, {limits}; it is {text!r}.")
        return int(text)

    def folder(self, name: str, default: Path, *needed: str) -> Path:
        """A folder. If it is not the default folder, it must contain the ``needed`` files."""
        given = self.optional(name)
        folder = Path(given).absolute() if given else default
        missing = [one for one in needed if given and not (folder / one).exists()]
        if missing:
            raise SetupError(
                f"PATCHBOARD_{name} must be a folder with {', '.join(needed)}; {folder} lacks "
                f"{', '.join(missing)}."
            )
        return folder

    def seconds(self, name: str, default: float) -> float:
        text = self.text(name, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 3600:
            raise SetupError(
                f"PATCHBOARD_{name} must be a number of seconds from 0 to 3600; it is {text!r}."
            )
        return value

    def networks(self, name: str, default: str) -> str:
        text = self.text(name, default, may_be_empty=True)
        try:
            for part in filter(None, map(str.strip, text.split(","))):
                ip_network(part)
        except ValueError as error:
            right = "addresses and networks with commas between them, such as 127.0.0.1,10.0.0.0/8"
            raise SetupError(f"PATCHBOARD_{name} must be {right}: {error}.") from error
        return text

    def flag(self, name: str) -> bool:
        text = self.text(name, "0")
        if text not in ("0", "1"):
            raise SetupError(f"PATCHBOARD_{name} must be 0 or 1; it is {text!r}.")
        return text == "1"

    def one_of(self, name: str, default: str, *others: str) -> str:
        text = self.text(name, default)
        if text not in (default, *others):
            right = " or ".join((", ".join((default, *others[:-1])), others[-1]))
            raise SetupError(f"PATCHBOARD_{name} must be {right}; it is {text!r}.")
        return text

    def mail_server(self, name: str) -> str | None:
        text = self.optional(name)
        parts = urlsplit(text or "smtp://none")
        try:
            usable = parts.scheme in ("smtp", "smtps") and parts.hostname and parts.port != 0
        except ValueError:  # a port that is not a number
            usable = False
        if not usable:
            right = "smtp://user:password@mail.example.com:587?from=desk@example.com, or smtps://"
            raise SetupError(f"PATCHBOARD_{name} must be an address such as {right}")
        return text

    def address(self, name: str, default: str) -> str:
        return _address(name, self.text(name, default).rstrip("/"))

    def optional_address(self, name: str) -> str | None:
        return self.address(name, "") if self.optional(name) else None

    def needs(self, what: str, *names: str) -> None:
        """Require the other variables that must be set together with this one."""
        missing = [f"PATCHBOARD_{name}" for name in names if self.optional(name) is None]
        if missing:
            raise SetupError(f"{what} needs {', '.join(missing)}.")

    def bucket(self, name: str) -> str | None:
        """``s3://bucket`` or ``s3://bucket/prefix``, without a slash at the end."""
        text = (self.optional(name) or "").rstrip("/")
        if text and (len(text) > _MOST or not _BUCKET.fullmatch(text)):
            raise SetupError(
                f"PATCHBOARD_{name} must be s3://BUCKET or s3://BUCKET/PREFIX, for example "
                f"s3://northwind-desk/media; it is {text!r}."
            )
        return text or None

    def postgres(self, name: str) -> str | None:
        """The URL of a PostgreSQL database. The URL is secret, so the error does not quote it."""
        text = self.optional(name)
        if text is not None and not _POSTGRES.fullmatch(text):
            raise SetupError(
                f"PATCHBOARD_{name} must be postgresql://USER:PASSWORD@HOST/DATABASE. For several "
                "hosts write postgresql://USER:PASSWORD@/DATABASE?host=HOST:5432&host=HOST:5432&"
                "target_session_attrs=read-write"
            )
        return text

    def phone_numbers(self, name: str) -> str | None:
        """Numbers separated by commas. None when the variable is empty."""
        given = [part.strip() for part in (self.optional(name) or "").split(",") if part.strip()]
        for number in given:
            if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
                right = "phone numbers such as +12025550101, with commas between them"
                raise SetupError(f"PATCHBOARD_{name} must be {right}; it has {number!r}.")
        return ",".join(dict.fromkeys(given)) or None

    def addresses(self, name: str, default: str) -> str | None:
        """One address, or several separated by commas, without duplicates. None when the variable
        is empty."""
        given = [part.strip() for part in self.text(name, default, may_be_empty=True).split(",")]
        return ",".join(dict.fromkeys(_address(name, part) for part in given if part)) or None


def _address(name: str, text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SetupError(
            f"PATCHBOARD_{name} must be an address such as https://sms.example.com; it is {text!r}."
        )
    return text
