"""The caseload page with a thousand patients and a million answers, against the same page with a tenth of them.

Starts a clinic of its own on loopback and writes synthetic patients in care straight into its database: for each, 120
days of the daily check-in and 17 weeks of PHQ-9 and GAD-7, a thousand answers in all; one in ten now and then says
yes to the question about death. A director, who may open every record, then opens the page again and again, as does a
clinician who is tied to twenty of them. The queries are counted inside one process; the times are those of a browser's
request over HTTP, one at a time.

Yardstick: the same page for the same reader with a tenth of the patients, in the same run. Growth with the data is the
ratio of both.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg

from openiop.demo.bench._lines import Line, at_share, session_of, until_answering
from openiop.demo.stack import Stack

TIED = 20

PEOPLE = """
WITH made AS (
  INSERT INTO people_person (id, clinic_id, kind, given_name, family_name, called, born_on, phone, language, zone,
    home_address, home_state, roles, credential, active)
  SELECT gen_random_uuid(), %(clinic)s, 'patient', 'Load' || n, 'Synthetic', 'Load' || n, date '1990-01-01', '', 'en',
    'America/New_York', '', '', '{}', '', true FROM generate_series(%(first)s::int, %(last)s::int) AS n RETURNING id
), enrolled AS (
  INSERT INTO programs_enrolment (id, clinic_id, patient_id, track_id, audience, level_clinical, level_authorised,
    modality, weekly_goal_minutes, during, therapist_id, end_reason)
  SELECT gen_random_uuid(), %(clinic)s, made.id, %(track)s, %(audience)s, 'iop', 'iop', 'hybrid', 540,
    daterange((%(today)s::date - 121), NULL), %(therapist)s, '' FROM made
)
SELECT id FROM made
"""
RESPONSES = """
INSERT INTO measures_response (id, clinic_id, patient_id, instrument, version, for_day, started_at, completed_at,
  total, band, prorated)
SELECT gen_random_uuid(), %(clinic)s, who, code, 1, day, day + time '15:00', day + time '15:05',
  CASE code WHEN 'phq9' THEN 8 + mod(abs(hashtext(who::text || day)), 12)
            WHEN 'gad7' THEN 5 + mod(abs(hashtext(who::text || day)), 10) END, '', false
FROM unnest(%(people)s::uuid[]) AS who,
  LATERAL (SELECT 'checkin' AS code, %(today)s::date - ago AS day FROM generate_series(0, 119) AS ago
    UNION ALL SELECT code, %(today)s::date - 7 * week FROM generate_series(0, 16) AS week,
      unnest(ARRAY['phq9', 'gad7']) AS code) AS asked
"""
ANSWERS = """
INSERT INTO measures_answer (id, clinic_id, response_id, patient_id, item, value, key, answered_at, received_at, how)
SELECT gen_random_uuid(), %(clinic)s, response.id, patient_id, item, to_jsonb(value), gen_random_uuid(), started_at,
  started_at, 'self'
FROM measures_response AS response, LATERAL (
    SELECT 'block_' || n AS item, mod(n, 4) AS value FROM generate_series(1, 6) AS n WHERE instrument = 'checkin'
    UNION ALL SELECT 'phq9_' || n, CASE WHEN n < 9 THEN mod(n, 4) WHEN mod(hashtext(patient_id::text), 10) = 0
      THEN for_day - date '2000-01-01' & 1 ELSE 0 END FROM generate_series(1, 9) AS n WHERE instrument = 'phq9'
    UNION ALL SELECT 'gad7_' || n, mod(n, 4) FROM generate_series(1, 7) AS n WHERE instrument = 'gad7') AS said
WHERE patient_id = ANY(%(people)s::uuid[])
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run once and print one JSON object a line; 1 when the page failed or asked more questions of more people."""
    options = _options(words)
    with tempfile.TemporaryDirectory(prefix="openiop-caseload-") as var:
        # The database's own user has to reach its folder in here.
        os.chmod(var, 0o755)  # noqa: S103
        with Stack(var=Path(var), port=0, media=False, say=_say) as stack:
            return 0 if _run(stack, options) else 1


def _options(words: Sequence[str] | None) -> Any:
    parser = argparse.ArgumentParser(prog="bin/bench caseload", description=__doc__)
    parser.add_argument("--patients", type=int, default=1000, help="how many are in care (1000)")
    parser.add_argument("--times", type=int, default=40, help="how often each page is opened (40)")
    return parser.parse_args(words)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _run(stack: Stack, options: Any) -> bool:
    os.environ.update(stack.env, OPENIOP_ROLE="web")
    import django

    django.setup()
    from openiop.demo import world

    cast = world.cast()
    asyncio.run(until_answering(stack.port))
    tenth = max(1, options.patients // 10)
    readers = {"director": cast["okafor"], "clinician_tied_to_20": cast["bea"]}
    figures: dict[int, dict[str, dict[str, Any]]] = {}
    for first, last in ((1, tenth), (tenth + 1, options.patients)):
        _grow(stack.env["DATABASE_OWNER_URL"], cast, first=first, last=last)
        figures[last] = {name: _opened(stack.port, reader, options.times) for name, reader in readers.items()}
    for name in readers:
        few, many = figures[tenth][name], figures[options.patients][name]
        _report(name, few, many, patients=options.patients)
    return all(figures[tenth][name]["queries"] == figures[options.patients][name]["queries"] for name in readers)


def _grow(dsn: str, cast: dict[str, Any], *, first: int, last: int) -> None:
    """Write patients number `first` to `last` with their answers; the clinician is tied to the first twenty."""
    from django.utils import timezone

    from openiop.demo import world
    from openiop.people.access import acting
    from openiop.people.models import Person, Tie
    from openiop.programs.models import Enrolment

    _say(f"Writing the answers of patients {first} to {last}")
    director, clinician = cast["okafor"], cast["bea"]
    with acting(director, origin="bench"):
        like = Enrolment.objects.select_related("track").first()
    assert like is not None
    told: dict[str, Any] = {
        "clinic": director.clinic_id,
        "track": like.track_id,
        "audience": like.audience,
        "therapist": clinician.pk,
        "today": timezone.now().astimezone(world.ZONE).date(),
        "first": first,
        "last": last,
    }
    with psycopg.connect(dsn) as database:
        told["people"] = [row[0] for row in database.execute(PEOPLE, told)]
        database.execute(RESPONSES, told)
        database.execute(ANSWERS, told)
    with psycopg.connect(dsn, autocommit=True) as database:
        database.execute("ANALYZE")
    if first == 1:
        with acting(director, origin="bench"):
            for person in Person.objects.filter(pk__in=told["people"][:TIED]):
                Tie.knot(staff=clinician, patient=person, role="primary", because="enrolment", at=timezone.now())


def _opened(port: int, reader: Any, times: int) -> dict[str, Any]:
    """Open the page `times` times over HTTP, and once in this process to count its questions."""
    from openiop.people.access import acting

    with acting(reader, origin="bench"):
        cookie = session_of(reader.login)
    seconds, size = asyncio.run(_fetched(port, cookie, times))
    return {"seconds": seconds, "kB": round(size / 1000), "queries": _queries(reader)}


async def _fetched(port: int, cookie: str, times: int) -> tuple[list[float], int]:
    line, seconds, size = Line(port), [], 0
    for turn in range(times + 2):
        began = time.perf_counter()
        status, _cookies, body = await line.ask("GET", "/caseload", headers={"Cookie": cookie, "Accept": "text/html"})
        if status != 200:
            raise SystemExit(f"the page was not shown: {status}")
        if turn >= 2:  # the first two warm the process and its connection
            seconds.append(time.perf_counter() - began)
        size = len(body)
    line.close()
    return seconds, size


def _queries(reader: Any) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from openiop.measures.caseload import caseload
    from openiop.people.access import acting

    with acting(reader, origin="bench"), CaptureQueriesContext(connection) as asked:
        caseload(reader, at=timezone.now())
    return len(asked)


def _report(reader: str, few: dict[str, Any], many: dict[str, Any], *, patients: int) -> None:
    for metric, share in (("p50_ms", 0.5), ("p95_ms", 0.95)):
        value, yardstick = (1000 * at_share(each["seconds"], share) for each in (many, few))
        figures = {
            "bench": "caseload",
            "metric": metric,
            "value": round(value, 1),
            "unit": "ms",
            "yardstick": round(yardstick, 1),
            "yardstick_is": "the same page with a tenth of the patients",
            "ratio": round(value / yardstick, 2),
            "reader": reader,
            "patients": patients,
            "queries": many["queries"],
            "queries_with_a_tenth": few["queries"],
            "page_kB": many["kB"],
            "other_load": round(os.getloadavg()[0], 1),
        }
        print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    sys.exit(main())
