"""Who reads a restricted flag, what the database refuses to call a report, and which guardian is never told.

The table of who reads what stands in `restricted_table`; `restricted_reads` is the one place that judges it.
"""

from django.db import migrations

from openiop.lib.rls import OURS, SIGNED_IN, STAFF, lock

CLINICIANS = "ARRAY['director', 'facilitator', 'therapist', 'prescriber']"

FUNCTIONS = f"""
CREATE FUNCTION app_at() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
  $$ SELECT coalesce(nullif(current_setting('app.at', true), '')::timestamptz, now()) $$;

CREATE FUNCTION app_has_role(p_roles text[]) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM people_person p WHERE p.id = app_person() AND p.clinic_id = app_clinic()
    AND p.kind = 'staff' AND p.active AND p.roles::text[] && p_roles) $$;

-- The table: the clinic's own lines for this kind, else these. The privacy officer always reads what Part 2 may ask
-- them about.
CREATE FUNCTION restricted_table(p_clinic uuid, p_kind text) RETURNS TABLE (reader text, person_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT r.reader, r.person_id FROM safety_readingrule r WHERE r.clinic_id = p_clinic AND r.kind = p_kind
  UNION
  SELECT d.reader, NULL::uuid FROM (VALUES
    ('harm_to_others', 'director'), ('harm_to_others', 'team_of'),
    ('child_abuse', 'director'), ('child_abuse', 'therapist_of'),
    ('adult_abuse', 'director'), ('adult_abuse', 'therapist_of'),
    ('harmed_at_home', 'director'), ('harmed_at_home', 'therapist_of'),
    ('incident', 'director'), ('incident', 'privacy'),
    ('grievance', 'director'), ('grievance', 'privacy')) AS d (kind, reader)
  WHERE d.kind = p_kind
    AND NOT EXISTS (SELECT FROM safety_readingrule r WHERE r.clinic_id = p_clinic AND r.kind = p_kind)
  UNION
  SELECT 'privacy', NULL::uuid
  WHERE p_kind IN ('harm_to_others', 'child_abuse', 'adult_abuse', 'harmed_at_home') $$;

-- 1: in the table; 2, 3: asked only where nobody before them is left. Nothing for those it is about.
CREATE FUNCTION restricted_rank(p_flag uuid, p_clinic uuid, p_kind text, p_patient uuid, p_staff uuid)
RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT CASE
    WHEN EXISTS (
      SELECT FROM restricted_table(p_clinic, p_kind) t WHERE t.person_id = s.id OR t.reader = ANY (s.roles::text[])
        OR (t.reader IN ('therapist_of', 'team_of') AND s.roles::text[] && {CLINICIANS} AND EXISTS (
          SELECT FROM people_tie k WHERE k.staff_id = s.id AND k.patient_id = p_patient AND k.begins_at <= app_at()
            AND (k.ends_at IS NULL OR k.ends_at > app_at()) AND (t.reader = 'team_of' OR k.role = 'primary')))) THEN 1
    WHEN s.roles::text[] && ARRAY['director', 'privacy'] THEN 2
    WHEN s.roles::text[] && {CLINICIANS} THEN 3 END
  FROM people_person s
  WHERE s.id = p_staff AND s.clinic_id = p_clinic AND s.kind = 'staff' AND s.active
    AND NOT EXISTS (SELECT FROM safety_implicated i WHERE i.flag_id = p_flag AND i.person_id = s.id) $$;

CREATE FUNCTION restricted_judge(p_flag uuid, p_clinic uuid, p_kind text, p_patient uuid, p_raiser uuid, p_staff uuid)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT coalesce((
    SELECT mine.rank = 1
      -- A clinician who saw it has a duty of their own, and reads what is done about it. Nobody's grievance is theirs.
      OR (p_raiser = p_staff AND p_kind <> 'grievance' AND EXISTS (
        SELECT FROM people_person p WHERE p.id = p_staff AND p.roles::text[] && {CLINICIANS}))
      OR mine.rank = (SELECT min(restricted_rank(p_flag, p_clinic, p_kind, p_patient, s.id)) FROM people_person s
                      WHERE s.clinic_id = p_clinic AND s.kind = 'staff' AND s.active)
    FROM (SELECT restricted_rank(p_flag, p_clinic, p_kind, p_patient, p_staff) AS rank) mine
    WHERE mine.rank IS NOT NULL), false) $$;

CREATE FUNCTION restricted_reads(p_flag uuid, p_clinic uuid, p_kind text, p_patient uuid, p_raiser uuid)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT app_kind() = 'staff' AND p_clinic = app_clinic()
    AND restricted_judge(p_flag, p_clinic, p_kind, p_patient, p_raiser, app_person()) $$;

CREATE FUNCTION restricted_works(p_flag uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT coalesce((SELECT restricted_reads(f.id, f.clinic_id, f.kind, f.patient_id, f.raised_by_id)
                   FROM safety_restrictedflag f WHERE f.id = p_flag), false) $$;

-- What somebody who raised it still sees without working on it: their own words. Not if it is about themselves.
CREATE FUNCTION restricted_is_about_me(p_flag uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT FROM safety_implicated i WHERE i.flag_id = p_flag AND i.person_id = app_person()) $$;

CREATE FUNCTION restricted_readers(p_flag uuid) RETURNS TABLE (person_id uuid) LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT s.id FROM safety_restrictedflag f JOIN people_person s ON s.clinic_id = f.clinic_id AND s.kind = 'staff'
  WHERE f.id = p_flag AND f.clinic_id = app_clinic()
    AND (f.raised_by_id = app_person() OR restricted_works(f.id)
         OR (f.kind = 'grievance' AND f.patient_id = app_person()) OR app_kind() = 'system')
    AND restricted_judge(f.id, f.clinic_id, f.kind, f.patient_id, f.raised_by_id, s.id) $$;

CREATE FUNCTION restricted_part2(p_patient uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT app_kind() = 'staff' AND EXISTS (
    SELECT FROM programs_enrolment e JOIN programs_track t ON t.id = e.track_id
      JOIN programs_program p ON p.id = t.program_id
    WHERE e.patient_id = p_patient AND e.clinic_id = app_clinic() AND p.part2) $$;

CREATE FUNCTION guardian_may_be_told(p_guardian uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
  SELECT app_kind() = 'staff' AND EXISTS (
    SELECT FROM safety_guardian g WHERE g.id = p_guardian AND g.clinic_id = app_clinic() AND g.ended_at IS NULL
      AND NOT EXISTS (SELECT FROM safety_implicated i WHERE i.guardian_id = g.id)) $$;

REVOKE EXECUTE ON FUNCTION restricted_table(uuid, text), restricted_rank(uuid, uuid, text, uuid, uuid),
  restricted_judge(uuid, uuid, text, uuid, uuid, uuid), restricted_reads(uuid, uuid, text, uuid, uuid),
  restricted_works(uuid), restricted_is_about_me(uuid), restricted_readers(uuid), restricted_part2(uuid),
  guardian_may_be_told(uuid), app_has_role(text[]) FROM PUBLIC, openiop_web, openiop_worker;
GRANT EXECUTE ON FUNCTION restricted_reads(uuid, uuid, text, uuid, uuid), restricted_works(uuid),
  restricted_is_about_me(uuid), restricted_readers(uuid), restricted_part2(uuid), guardian_may_be_told(uuid),
  app_has_role(text[]) TO openiop_web;
GRANT EXECUTE ON FUNCTION app_at(), restricted_readers(uuid) TO openiop_web, openiop_worker;
"""

WORKS = f"{STAFF} AND restricted_works(flag_id)"
WORKS_MYSELF = f"{WORKS} AND by_id = (SELECT app_person())"
SETS_RULES = f"{STAFF} AND (SELECT app_has_role(ARRAY['director', 'privacy']))"
# Its own row under the row's own lock: whoever sees the flag may name whom it is about.
SEES_THE_FLAG = "EXISTS (SELECT FROM safety_restrictedflag f WHERE f.id = flag_id)"

READS_FLAG = f"""{OURS} AND (
  ((SELECT app_kind()) = 'patient' AND kind = 'grievance' AND patient_id = (SELECT app_person()))
  OR ((SELECT app_kind()) = 'staff' AND (
    (raised_by_id = (SELECT app_person()) AND NOT restricted_is_about_me(id))
    OR restricted_reads(id, clinic_id, kind, patient_id, raised_by_id))))"""
RAISES_FLAG = f"""{OURS} AND raised_by_id = (SELECT app_person()) AND (
  (SELECT app_kind()) = 'staff'
  OR ((SELECT app_kind()) = 'patient' AND kind = 'grievance' AND patient_id = (SELECT app_person())))"""

GUARDS = """
CREATE FUNCTION restricted_refuse(p_constraint text, p_words text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', p_words USING ERRCODE = 'check_violation', CONSTRAINT = p_constraint;
END $$;

CREATE FUNCTION restricted_report_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  flag safety_restrictedflag;
BEGIN
  -- One report at a time: two at once would both be the first.
  SELECT * INTO flag FROM safety_restrictedflag f WHERE f.id = NEW.flag_id FOR UPDATE;
  IF NOT coalesce((SELECT d.report FROM safety_reportdecision d WHERE d.flag_id = NEW.flag_id
                   ORDER BY d.at DESC, d.id DESC LIMIT 1), false) THEN
    PERFORM restricted_refuse('report_was_decided', 'nobody has decided to report this');
  END IF;
  IF NOT NEW.identifying OR NOT EXISTS (
    SELECT FROM programs_enrolment e JOIN programs_track t ON t.id = e.track_id
      JOIN programs_program p ON p.id = t.program_id WHERE e.patient_id = flag.patient_id AND p.part2) THEN
    RETURN NEW;
  END IF;
  -- 42 CFR Part 2: nothing that identifies the patient leaves without one of these.
  IF NEW.path = '' THEN
    PERFORM restricted_refuse('part2_needs_a_path', 'a Part 2 record leaves by a permitted path alone');
  ELSIF NEW.path = 'child_abuse_exception' AND (flag.kind <> 'child_abuse' OR EXISTS (
    SELECT FROM safety_reportmade r WHERE r.flag_id = NEW.flag_id AND r.identifying)) THEN
    PERFORM restricted_refuse('exception_for_the_first_report_of_child_abuse',
      '42 CFR 2.12(c)(6) covers the first report of child abuse or neglect and nothing else');
  ELSIF NEW.path = 'privacy_decision' AND NOT coalesce((
    SELECT d.allowed FROM safety_privacydecision d
    WHERE d.flag_id = NEW.flag_id AND date_trunc('minute', d.at) <= NEW.told_at
    ORDER BY d.at DESC, d.id DESC LIMIT 1), false) THEN
    PERFORM restricted_refuse('privacy_officer_allowed_it', 'the privacy officer had not allowed it');
  ELSIF NEW.path = 'medical_emergency' AND NOT EXISTS (
    SELECT FROM safety_emergencydisclosure e WHERE e.id = NEW.emergency_id AND e.patient_id = flag.patient_id) THEN
    PERFORM restricted_refuse('emergency_disclosure_is_noted', 'an emergency disclosure of this patient is noted first');
  ELSIF NEW.path IN ('court_order', 'consent') AND btrim(NEW.path_detail) = '' THEN
    PERFORM restricted_refuse('path_is_named', 'the order or the consent is named');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guarded BEFORE INSERT ON safety_reportmade
  FOR EACH ROW EXECUTE FUNCTION restricted_report_guard();

CREATE FUNCTION restricted_privacy_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.by_id IS DISTINCT FROM app_person() OR NOT app_has_role(ARRAY['privacy']) THEN
    RAISE EXCEPTION 'only the privacy officer, in their own name, decides this' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guarded BEFORE INSERT ON safety_privacydecision
  FOR EACH ROW EXECUTE FUNCTION restricted_privacy_guard();

CREATE FUNCTION restricted_follow_up_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  report boolean;
BEGIN
  IF NOT NEW.closes THEN
    RETURN NEW;
  END IF;
  IF EXISTS (SELECT FROM safety_restrictedflag f WHERE f.id = NEW.flag_id AND f.kind = 'grievance') THEN
    IF NOT EXISTS (SELECT FROM safety_grievancereply r WHERE r.flag_id = NEW.flag_id AND r.answers) THEN
      PERFORM restricted_refuse('over_when_done', 'a grievance is over when it is answered');
    END IF;
    RETURN NEW;
  END IF;
  SELECT d.report INTO report FROM safety_reportdecision d WHERE d.flag_id = NEW.flag_id
    ORDER BY d.at DESC, d.id DESC LIMIT 1;
  IF report IS NULL OR (report AND NOT EXISTS (SELECT FROM safety_reportmade r WHERE r.flag_id = NEW.flag_id)) THEN
    PERFORM restricted_refuse('over_when_done', 'it is over when it was decided, and told where it was to be');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guarded BEFORE INSERT ON safety_followup
  FOR EACH ROW EXECUTE FUNCTION restricted_follow_up_guard();

CREATE FUNCTION restricted_reply_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM safety_restrictedflag f
                 WHERE f.id = NEW.flag_id AND f.kind = 'grievance' AND f.patient_id = NEW.patient_id) THEN
    PERFORM restricted_refuse('reply_to_a_grievance', 'only whoever complained is answered');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guarded BEFORE INSERT ON safety_grievancereply
  FOR EACH ROW EXECUTE FUNCTION restricted_reply_guard();

ALTER TABLE safety_guardiannotice ADD CONSTRAINT notice_of_its_patient
  FOREIGN KEY (guardian_id, patient_id) REFERENCES safety_guardian (id, patient_id);
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_guardiannotice
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();

CREATE FUNCTION guardian_notice_guard() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
  minor people_person;
  rule safety_guardianrule;
  told_on date;
BEGIN
  SELECT * INTO minor FROM people_person p WHERE p.id = NEW.patient_id;
  SELECT (NEW.told_at AT TIME ZONE c.zone)::date INTO told_on FROM people_clinic c WHERE c.id = NEW.clinic_id;
  -- Whichever rule the page named: the state's in force counts.
  SELECT * INTO rule FROM safety_guardianrule r
    WHERE r.clinic_id = NEW.clinic_id AND r.state = minor.home_state AND r.effective_from <= told_on
      AND (r.effective_to IS NULL OR r.effective_to > told_on)
    ORDER BY r.effective_from DESC, r.made_at DESC LIMIT 1;
  NEW.rule_id := rule.id;
  IF minor.born_on + make_interval(years => coalesce(rule.minor_until, 18)) <= told_on THEN
    PERFORM restricted_refuse('guardian_of_a_minor', 'this person is of age');
  ELSIF EXISTS (SELECT FROM safety_guardian g WHERE g.id = NEW.guardian_id AND g.ended_at <= NEW.told_at)
     OR EXISTS (SELECT FROM safety_implicated i WHERE i.guardian_id = NEW.guardian_id) THEN
    PERFORM restricted_refuse('guardian_is_not_implicated', 'this guardian may not be told');
  ELSIF rule.telling = 'minor_agrees' AND NOT NEW.agreed THEN
    PERFORM restricted_refuse('minor_agreed', 'the state asks for the agreement of the minor');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guarded BEFORE INSERT ON safety_guardiannotice
  FOR EACH ROW EXECUTE FUNCTION guardian_notice_guard();
GRANT UPDATE (let_know_at) ON safety_restrictedflag TO openiop_worker;
REVOKE DELETE ON safety_guardian FROM openiop_web, openiop_worker;
REVOKE UPDATE ON safety_guardian FROM openiop_web, openiop_worker;
GRANT UPDATE (ended_at) ON safety_guardian TO openiop_web;

-- The trail's lines about a restricted flag name no patient, and are read by those who read the flag.
CREATE POLICY restricted ON audit_event AS RESTRICTIVE FOR SELECT TO openiop_web
  USING (CASE WHEN thing = 'safety.RestrictedFlag' THEN restricted_works(thing_id::uuid) ELSE true END);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("safety", "0016_restricted_flags"),
        ("audit", "0002_own_chain"),
        ("programs", "0001_tables"),
    ]
    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        lock("safety_restrictedflag", web=READS_FLAG, write=RAISES_FLAG, append_only=True),
        lock(
            "safety_implicated",
            web=f"{OURS} AND ((SELECT app_kind()) = 'staff' AND restricted_works(flag_id) "
            f"OR by_id = (SELECT app_person()) AND NOT restricted_is_about_me(flag_id))",
            write=f"{SIGNED_IN} AND by_id = (SELECT app_person()) AND {SEES_THE_FLAG}",
            append_only=True,
        ),
        lock("safety_readingrule", web=STAFF, write=SETS_RULES),
        lock("safety_grievanceclock", web=SIGNED_IN, write=SETS_RULES),
        lock("safety_staterule", web=STAFF, write=SETS_RULES, append_only=True),
        lock("safety_guardianrule", web=STAFF, write=SETS_RULES, append_only=True),
        *(
            lock(table, web=WORKS, write=WORKS_MYSELF, append_only=True)
            for table in ("safety_reportdecision", "safety_privacydecision", "safety_reportmade", "safety_followup")
        ),
        lock(
            "safety_grievancereply",
            web=f"{OURS} AND (((SELECT app_kind()) = 'staff' AND restricted_works(flag_id)) "
            "OR patient_id = (SELECT app_person()))",
            write=WORKS_MYSELF,
            append_only=True,
        ),
        lock("safety_guardian", web=STAFF),
        lock("safety_guardiannotice", web=STAFF, append_only=True),
        migrations.RunSQL(GUARDS, migrations.RunSQL.noop),
    ]
