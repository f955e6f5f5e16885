"""Row-level security, the lower of the two locks: what PostgreSQL refuses even to a query that forgot to ask.

Every table names its rule in a migration. The web role is bound by the person set in the transaction
(`people.access.acting`); the worker role by the clinic alone; the owner, who runs migrations, by nothing.
With no person set, the web role sees no row.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION app_clinic() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.clinic', true), '')::uuid $$;
CREATE FUNCTION app_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT nullif(current_setting('app.person', true), '')::uuid $$;
CREATE FUNCTION app_kind() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT coalesce(current_setting('app.kind', true), '') $$;
GRANT EXECUTE ON FUNCTION app_clinic(), app_person(), app_kind() TO openiop_web, openiop_worker;
"""

OURS = "clinic_id = (SELECT app_clinic())"
STAFF = f"{OURS} AND (SELECT app_kind()) = 'staff'"
SIGNED_IN = f"{OURS} AND (SELECT app_person()) IS NOT NULL"

# A supporter is a guest in one meeting's room. Every table is closed to them first, and `let_guests` opens a few rows
# of a few: a policy below that says "whoever is signed in" is never enough.
NO_GUEST = "(SELECT app_kind()) <> 'supporter'"
# Nor for an interpreter or a captioner, who are in the rooms they are booked for and nowhere else: `let_helpers`.
NO_HELPER = "(SELECT app_kind()) <> 'helper'"


def own(column: str = "patient_id") -> str:
    """Staff see the clinic's rows, a patient those whose `column` names them."""
    return f"{OURS} AND ((SELECT app_kind()) = 'staff' OR {column} = (SELECT app_person()))"


def lock(table: str, *, web: str, write: str | None = None, append_only: bool = False) -> migrations.RunSQL:
    """Close `table`: the web role reads rows where `web` holds and writes those where `write` (else `web`) holds.

    The worker reads and writes the rows of the clinic it acts for. `append_only` takes UPDATE and DELETE away
    from both roles: evidence is added to, never changed.
    """
    check = write or web
    statements = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY web_read ON {table} FOR SELECT TO openiop_web USING ({web})",
        f"CREATE POLICY web_insert ON {table} FOR INSERT TO openiop_web WITH CHECK ({check})",
        f"CREATE POLICY web_update ON {table} FOR UPDATE TO openiop_web USING ({check}) WITH CHECK ({check})",
        f"CREATE POLICY web_delete ON {table} FOR DELETE TO openiop_web USING ({check})",
        f"CREATE POLICY worker ON {table} TO openiop_worker USING ({OURS}) WITH CHECK ({OURS})",
        f"CREATE POLICY guests ON {table} AS RESTRICTIVE TO openiop_web USING ({NO_GUEST})",
        f"CREATE POLICY helpers ON {table} AS RESTRICTIVE TO openiop_web USING ({NO_HELPER})",
    ]
    if append_only:
        statements.append(f"REVOKE UPDATE, DELETE ON {table} FROM openiop_web, openiop_worker")
    return migrations.RunSQL(";\n".join(statements) + ";", migrations.RunSQL.noop)


def let_guests(table: str, *, read: str, write: str = "false") -> migrations.RunSQL:
    """Open to a supporter what `table` shows them anyway, where `read` holds (`write`: to add or change); nothing more.

    Narrows only: a policy of the table itself must let them in too.
    """
    return _let("guests", NO_GUEST, table, read=read, write=write)


def let_helpers(table: str, *, read: str, write: str = "false") -> migrations.RunSQL:
    """As `let_guests`, for interpreters and captioners."""
    return _let("helpers", NO_HELPER, table, read=read, write=write)


def _let(policy: str, others: str, table: str, *, read: str, write: str) -> migrations.RunSQL:
    statements = [
        f"ALTER POLICY {policy} ON {table} USING ({others} OR ({read})) WITH CHECK ({others} OR ({write}))",
        f"CREATE POLICY {policy}_change ON {table} AS RESTRICTIVE FOR UPDATE TO openiop_web "
        f"USING ({others} OR ({write}))",
        f"CREATE POLICY {policy}_delete ON {table} AS RESTRICTIVE FOR DELETE TO openiop_web USING ({others})",
    ]
    return migrations.RunSQL(";\n".join(statements) + ";", migrations.RunSQL.noop)
