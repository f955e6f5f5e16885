"""Typed readers of the environment. A missing or malformed value stops the start and names its variable."""

import os
from pathlib import Path


class BadEnvironment(Exception):
    """The environment lacks a value or holds one we cannot read. The message names the variable."""


def text(name: str, default: str | None = None) -> str:
    """Return the variable, or `default`. Without either, raises BadEnvironment."""
    value = os.environ.get(name, default)
    if value is None:
        raise BadEnvironment(f"{name} is not set and has no default.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return true or false; anything else than `true`, `false` or empty raises BadEnvironment."""
    value = os.environ.get(name, "")
    if value == "":
        return default
    if value not in ("true", "false"):
        raise BadEnvironment(f"{name} must be true or false, not {value!r}.")
    return value == "true"


def number(name: str, default: int) -> int:
    """Return a whole number; anything else raises BadEnvironment."""
    value = os.environ.get(name, "")
    try:
        return int(value) if value else default
    except ValueError:
        raise BadEnvironment(f"{name} must be a whole number, not {value!r}.") from None


def choice(name: str, choices: tuple[str, ...], default: str) -> str:
    """Return one of `choices`; anything else raises BadEnvironment."""
    value = os.environ.get(name, default)
    if value not in choices:
        raise BadEnvironment(f"{name} must be one of {', '.join(choices)}, not {value!r}.")
    return value


def listing(name: str, default: str) -> list[str]:
    """Return the comma-separated values without blanks."""
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


def secret(name: str, *, file: Path | None = None) -> str:
    """Return the secret from the variable, from the file that NAME_FILE names, or from `file`.

    Raises BadEnvironment when none of them holds one: a guessable secret is worse than none.
    """
    if value := os.environ.get(name):
        return value
    path = Path(os.environ[f"{name}_FILE"]) if f"{name}_FILE" in os.environ else file
    if path is None or not path.is_file():
        where = f" and there is no file {path}" if path else ""
        raise BadEnvironment(f"{name} is not set{where}. In development, bin/setup makes it.")
    return path.read_text().strip()
