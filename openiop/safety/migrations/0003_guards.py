"""What the database refuses whoever asks: an answer by somebody who is no clinician, and a case closed into thin air."""

from django.db import migrations

FORWARD = """
-- Evidence, pages and answers belong to their case's own patient.
ALTER TABLE safety_flag ADD CONSTRAINT flag_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
ALTER TABLE safety_page ADD CONSTRAINT page_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
ALTER TABLE safety_acknowledgement ADD CONSTRAINT acknowledgement_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
ALTER TABLE safety_contact ADD CONSTRAINT contact_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);
ALTER TABLE safety_closure ADD CONSTRAINT closure_of_its_patient
  FOREIGN KEY (case_id, patient_id) REFERENCES safety_case (id, patient_id);

-- Only a clinician answers for a case, and only in their own name. The roles are people.models.CLINICIANS.
CREATE FUNCTION safety_by_a_clinician() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.by_id IS DISTINCT FROM app_person() OR NOT EXISTS (
    SELECT FROM people_person p WHERE p.id = NEW.by_id AND p.clinic_id = NEW.clinic_id AND p.kind = 'staff'
      AND p.active AND p.roles::text[] && ARRAY['director', 'facilitator', 'therapist', 'prescriber'])
  THEN
    RAISE EXCEPTION 'only a clinician, in their own name, answers for a case' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_acknowledgement
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_contact
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();
CREATE TRIGGER by_a_clinician BEFORE INSERT ON safety_closure
  FOR EACH ROW EXECUTE FUNCTION safety_by_a_clinician();

CREATE FUNCTION safety_case_opens() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.closed_at IS NOT NULL OR NEW.contacted_at IS NOT NULL OR NEW.next_step_at > NEW.since THEN
    RAISE EXCEPTION 'a case begins open, unanswered and due at once' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER opens BEFORE INSERT ON safety_case FOR EACH ROW EXECUTE FUNCTION safety_case_opens();

CREATE FUNCTION safety_case_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.closed_at IS NOT NULL THEN
    RAISE EXCEPTION 'a closed case stays as it is' USING ERRCODE = 'check_violation';
  END IF;
  IF (NEW.patient_id, NEW.clinic_id, NEW.opened_at) IS DISTINCT FROM (OLD.patient_id, OLD.clinic_id, OLD.opened_at)
    OR NEW.tier < OLD.tier OR NEW.since < OLD.since THEN
    RAISE EXCEPTION 'a case never changes its person, falls in tier or begins earlier' USING ERRCODE = 'check_violation';
  END IF;
  -- The patient's own transaction raises flags: it may bring the next look nearer, never push it away.
  IF app_kind() = 'patient' AND (
    (NEW.closed_at, NEW.contacted_at, NEW.failures) IS DISTINCT FROM (OLD.closed_at, OLD.contacted_at, OLD.failures)
    OR NEW.next_step_at > greatest(OLD.next_step_at, NEW.since)) THEN
    RAISE EXCEPTION 'a patient neither answers nor closes a case' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.contacted_at IS DISTINCT FROM OLD.contacted_at AND NOT EXISTS (
    SELECT FROM safety_contact c WHERE c.case_id = NEW.id AND c.reached AND c.at = NEW.contacted_at) THEN
    RAISE EXCEPTION 'contact is made by a logged contact' USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.closed_at IS NOT NULL AND NOT EXISTS (
    SELECT FROM safety_closure c WHERE c.case_id = NEW.id
      AND (c.disposition <> '' OR NEW.contacted_at >= NEW.since)) THEN
    RAISE EXCEPTION 'no case closes without contact or a disposition' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER changes BEFORE UPDATE ON safety_case FOR EACH ROW EXECUTE FUNCTION safety_case_changes();
"""


class Migration(migrations.Migration):
    dependencies = [("safety", "0002_locks")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
