"""What the own queries of somebody reach in the database, whatever the pages show them."""

from django.db import DatabaseError, connection, transaction

from openiop.people.access import acting


def rows(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def what_is_seen(who):
    """How many rows of each table their own queries reach, of those that show any."""
    with acting(who):
        tables = [
            name for (name,) in rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND rowsecurity")
        ]
        counts = {}
        for table in tables:
            try:
                with transaction.atomic():
                    counts[table] = rows(f'SELECT count(*) FROM "{table}"')[0][0]
            except DatabaseError:
                counts[table] = 0
    return {table: count for table, count in counts.items() if count}
