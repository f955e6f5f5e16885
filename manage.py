#!/usr/bin/env python
"""Django's commands, each under the database role that may do its work.

Migrations and everything else that changes the shape of the database run as the owner, background work runs as the
worker, and all the rest runs as the web role, which owns nothing. Set OPENIOP_ROLE to choose another role.
"""

import os
import sys
from pathlib import Path

OWNER_COMMANDS = {
    "check",
    "collectstatic",
    "compilemessages",
    "create_max_migration_files",
    "dbshell",
    "makemessages",
    "makemigrations",
    "migrate",
    "rebase_migration",
    "showmigrations",
    "sqlmigrate",
    "world",
}
# These work without a database, so they do not wait for one to start.
COMMANDS_WITHOUT_DATABASE = {"check", "collectstatic", "compilemessages", "help", "makemessages"}
DATABASE_VARIABLES = ("DATABASE_URL", "DATABASE_WORKER_URL", "DATABASE_OWNER_URL")
WORKER_COMMANDS = {"procrastinate", "worker"}


def role_for(command: str) -> str:
    """Name the database role (owner, worker or web) that a command runs under when nobody chose one."""
    if command in OWNER_COMMANDS:
        return "owner"
    if command in WORKER_COMMANDS:
        return "worker"
    return "web"


def hold_the_database() -> None:
    """Start the embedded server when no other is named; it stays at least as long as this process."""
    from openiop.lib import postgres

    var = os.environ.get("OPENIOP_VAR") or str(Path(__file__).resolve().parent / "var")
    try:
        postgres.ensure(Path(var))
    except postgres.PostgresUnavailable as problem:
        sys.exit(str(problem))


def main() -> None:
    """Run the command named on the command line."""
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("OPENIOP_ROLE", role_for(command))
    if command not in COMMANDS_WITHOUT_DATABASE and not any(map(os.environ.get, DATABASE_VARIABLES)):
        hold_the_database()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
