"""One of those who led a session, or who was going, may say that they stay; and what others have is not on its list."""

from django.db import migrations

GUARDS = """
-- Who has a case in hand: who took it, reached the person or took it over last, since the latest evidence.
CREATE FUNCTION safety_holder(c safety_case) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT who FROM (
    SELECT to_id AS who, at, 1 AS place FROM safety_handedcase WHERE case_id = c.id AND to_id IS NOT NULL
    UNION ALL SELECT by_id, at, 2 FROM safety_acknowledgement WHERE case_id = c.id
    UNION ALL SELECT by_id, at, 3 FROM safety_contact WHERE case_id = c.id AND reached) held
  WHERE at >= c.since ORDER BY at DESC, place LIMIT 1 $$;

-- Taken over by a clinician in their own name, who does not go, but for whoever led with others and is on call now.
-- Who led a session, or hands over their own, may stay with it: in their own name. Of a shift the rota says who stays.
CREATE OR REPLACE FUNCTION safety_hand_over_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  h safety_handover;
BEGIN
  SELECT * INTO h FROM safety_handover WHERE id = NEW.hand_over_id;
  IF NEW.how = 'taken' AND (
    NEW.by_id IS DISTINCT FROM app_person() OR (NEW.by_id = h.goes_id AND h.kind = 'own')
    OR NOT EXISTS (
      SELECT FROM people_person p WHERE p.id = NEW.by_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
        AND p.active AND p.roles::text[] && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])
    OR ((NEW.by_id = h.goes_id OR NEW.by_id = ANY (h.together)) AND NOT EXISTS (
      SELECT FROM safety_oncallshift s WHERE s.clinic_id = h.clinic_id AND s.rung = 1 AND s.staff_id = NEW.by_id
        AND s.during @> NEW.at))) THEN
    RAISE EXCEPTION 'a clinician who stays takes over, in their own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.how = 'stays' AND NEW.by_id IS NOT NULL AND (
    NEW.by_id IS DISTINCT FROM app_person() OR h.kind NOT IN ('session', 'own')
    OR NOT (NEW.by_id = h.goes_id OR NEW.by_id = ANY (h.together))
    OR NOT EXISTS (
      SELECT FROM people_person p WHERE p.id = NEW.by_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
        AND p.active AND p.roles::text[] && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])) THEN
    RAISE EXCEPTION 'one of those who go stays, in their own name' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF app_kind() = 'staff' AND NEW.how <> 'taken' AND NOT (NEW.how = 'stays' AND NEW.by_id IS NOT NULL)
    AND (NEW.how <> 'nothing_open' OR h.kind <> 'own' OR NEW.by_id IS DISTINCT FROM app_person()) THEN
    RAISE EXCEPTION 'that nothing was open is the worker''s to find' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.how = 'nothing_open' AND h.kind <> 'own' AND EXISTS (
    SELECT FROM safety_case c WHERE c.clinic_id = h.clinic_id AND c.closed_at IS NULL
      AND (h.kind = 'shift' OR safety_holder(c) = h.goes_id OR safety_holder(c) = ANY (h.together)
        OR (c.patient_id = ANY (h.patients) AND safety_holder(c) IS NULL))) THEN
    RAISE EXCEPTION 'something is open' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0023_call_moved")]

    operations = [migrations.RunSQL(GUARDS, migrations.RunSQL.noop)]
