"""The lower lock, asked of the catalogue: with nobody set, the web role sees no row of any table that is not listed."""

import json
from pathlib import Path

import psycopg
import pytest

from openiop.demo import world

OPEN = Path(__file__).parent / "open_tables.json"
TABLES = """
SELECT c.relname, c.relrowsecurity,
       has_table_privilege('openiop_web', c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1
"""


@pytest.fixture
def roles(committed, databases):
    """Two direct connections to a clinic with its world: as the owner, and as the web role with nobody set."""
    with (
        psycopg.connect(databases.server.url("owner", committed), autocommit=True) as owner,
        psycopg.connect(databases.server.url("web", committed), autocommit=True) as web,
    ):
        yield owner, web


def listed():
    return json.loads(OPEN.read_text())


def test_with_nobody_set_the_web_role_sees_no_row_outside_the_list(roles):
    owner, web = roles
    shown, filled = [], 0
    for table, _locked, readable in owner.execute(TABLES).fetchall():
        if table in listed():
            continue
        rows = owner.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]
        filled += bool(rows)
        if readable and web.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]:
            shown.append(table)

    assert filled > 20, "the world must fill the tables, or this shows nothing"
    assert shown == []


def test_every_table_outside_the_list_is_locked(roles):
    owner, _web = roles

    assert [name for name, locked, _readable in owner.execute(TABLES) if not locked and name not in listed()] == []


def test_the_list_names_tables_that_are_there_each_with_a_reason(roles):
    owner, _web = roles
    there = {name for name, _locked, _readable in owner.execute(TABLES)}

    assert set(listed()) - there == set()
    assert all(len(reason) > 10 for reason in listed().values())


def test_the_web_role_owns_nothing_and_passes_no_lock(roles):
    owner, _web = roles
    rows = owner.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'openiop_%' AND (rolsuper OR rolbypassrls)"
    ).fetchall()
    owned = owner.execute(
        "SELECT relname FROM pg_class WHERE relowner IN (SELECT oid FROM pg_roles WHERE rolname <> 'openiop_owner' "
        "AND rolname LIKE 'openiop_%')"
    ).fetchall()

    assert (rows, owned) == ([], [])


def test_functions_that_pass_the_lock_are_listed_by_name(roles):
    """Each is a door of its own: a new one is looked at by a second person."""
    owner, _web = roles
    found = {
        row[0]
        for row in owner.execute(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'public' "
            "AND p.prosecdef AND has_function_privilege('openiop_web', p.oid, 'EXECUTE') AND p.prokind = 'f' "
            "AND p.prorettype <> 'trigger'::regtype"
        )
    }

    assert found == set(json.loads((OPEN.parent / "open_functions.json").read_text()))


def test_the_cast_is_in_the_tables_that_were_asked(committed):
    assert len(world.cast()) == len(world.CAST)
