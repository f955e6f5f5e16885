#!/usr/bin/env python
"""Django's commands, each under the database role that may do its work.

Migrations and everything else that changes the shape of the database run as the owner, background work runs as the
worker, and all the rest runs as the web role, which owns nothing. Set OPENIOP_ROLE to choose another role for one command.
"""

import os
import sys

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
}
WORKER_COMMANDS = {"procrastinate", "worker"}


def role_for(command: str) -> str:
    """Name the database role (owner, worker or web) that a command runs under when nobody chose one."""
    if command in OWNER_COMMANDS:
        return "owner"
    if command in WORKER_COMMANDS:
        return "worker"
    return "web"


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("OPENIOP_ROLE", role_for(sys.argv[1] if len(sys.argv) > 1 else "help"))

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
