import copy
import hashlib
import json

import pytest

from openiop.measures import instruments
from openiop.measures.instruments import (
    BadInstrument,
    all_instruments,
    in_language,
    load,
    loinc_is_valid,
    parse,
    shipped,
)

# What was shipped, written down a second time: changing a file and its sum together is still seen here.
FROZEN = {
    "after_group.v1.json": "3c089730aead1b4b37cf19bf15575d70cae037cc4cdfb83905f4d27513d90938",
    "asq.v1.json": "b6994c910327a2d77bc639995757059cbf28c8e7de309c3464b78342d639ec25",
    "asq.v2.json": "c558790368a1403f412b6d63b334800483d3d37370d2f0f090673e811bbef81f",
    "audit.v1.json": "52b389878ff5aea34e4b945051b7fda618c03ff5ac7859f83b8489126fb7d103",
    "auditc.v1.json": "a2d96b8d5686958fc20ab396308edda48e496ff3eaa511ffe80cb06969a0cce0",
    "bam.v1.json": "1180fd05339ba8db3eb7bd53298eca17eb1c1b3fdb1faa070c2fb500a7859486",
    "bam.v2.json": "8d00387d50134b5460f4743184e7a6f113016f1afbe06de03f9deac55cfd561d",
    "checkin.v1.json": "599c23bc6e2b5b93e92966b8e8d5b99183466e549141a51c8bfec9dae4a0bdde",
    "cssrs.v1.json": "a1a1cb9eeb94e607c7ce80a19e9056100212136d93efa492494039f8e6f69029",
    "dast10.v1.json": "c4af980497b4ee0fe0a55c5b4732d563ae81f1fe41e706152f54c5b7857ea385",
    "gad2.v1.json": "ff7df241237bbb77726543fb87c20950878e4928b6bd613e3570c431f6cc014c",
    "gad2.v2.json": "85c6353fc7d23bd186a812774644ef4c9c8643334d59a34d64fb938465687a48",
    "gad7.v1.json": "f4a2ee4f04c830c412ea9e98d58d69e0071145b6426e389d0fafa8bc52d96481",
    "gad7.v2.json": "40586c1ac7e2e2fc66efa5ab97155712dcfef9495e77dab6399ca7cf14505fde",
    "k10.v1.json": "6ad7c63b5908698c0e9c5d1bc5b5cda1d6550a14a971989fff32864a677966d0",
    "pcl5.v1.json": "e8c59fe552429101aeeb7f2e5439e2704e0b8ba35d963d3bd7416c32fd5fb8cd",
    "phq2.v1.json": "69c2c6ecd25be10daaf818d0118fcbd9418a72a42ec42eb1170cd75eb9c5645c",
    "phq2.v2.json": "f9fc7799acb56d061d0607637bb1d134e881af152fbc15d081011c104470d9b2",
    "phq8.v1.json": "fa2521e1e31ce859b79a8247c6bae80702a365124a35d5c7c2a517a092e1fa2a",
    "phq8.v2.json": "ff736468367f0ff3628940ccf80542e73bf4a524deafc6ec714ff1bf055dfef0",
    "phq9.v1.json": "d3263ef34a87550b5cbc3e8b51877e283bc7909732bb959ea8cf4d04c6be321d",
    "phq9.v2.json": "1114da34e0ef8d70adf0d33330449c44ea28969bfd8875eb4195fb9f59054a15",
    "phqa.v1.json": "1d424a0355ab90bc6316db87c4c3078f8e4fe416e257c4718de8d6e97c95bee0",
    "promis_dep4a.v1.json": "1b0d8249a7c50062bae316c5b48c19bb0629001af368e4078c24d1a0feca3191",
    "promis_dep8a.v1.json": "79b3373ae9f5d91bb7dd70557937778866a4031608ba5b394a4ed8e3220bfd4b",
    "pss10.v1.json": "73bf9dd183beb111059d0e38f5868573365430a3f016dc7bca4056deabcb3d53",
    "survey.v1.json": "8921b976a3f611dff7978faddc491addb7d3f1bafcb88996188258006497838a",
}


def data(key):
    return json.loads((instruments.FOLDER / f"{key}.json").read_text(encoding="utf-8"))


def changed(key, change):
    copied = copy.deepcopy(data(key))
    change(copied)
    return copied


@pytest.mark.parametrize("name", sorted(FROZEN))
def test_a_shipped_instrument_never_changes(name):
    assert hashlib.sha256((instruments.FOLDER / name).read_bytes()).hexdigest() == FROZEN[name]


def test_every_instrument_in_the_folder_is_shipped_and_frozen():
    assert {path.name for path in instruments.FOLDER.glob("*.json")} == set(shipped()) == set(FROZEN)


def test_a_file_changed_after_shipping_is_refused(tmp_path, monkeypatch):
    original = instruments.FOLDER
    words = (original / "phq9.v1.json").read_text(encoding="utf-8").replace("Little interest", "Little joy")
    (tmp_path / "phq9.v1.json").write_text(words, encoding="utf-8")
    (tmp_path / "SHA256SUMS").write_bytes((original / "SHA256SUMS").read_bytes())
    monkeypatch.setattr(instruments, "FOLDER", tmp_path)
    load.cache_clear()

    with pytest.raises(BadInstrument, match="changed after it was shipped"):
        load("phq9.v1")


def test_every_shipped_instrument_loads():
    assert {name.removesuffix(".json") for name in FROZEN} == set(all_instruments())


def test_an_instrument_that_does_not_exist_is_not_found():
    with pytest.raises(KeyError):
        load("phq9.v99")


def test_phq9_says_what_it_must():
    phq9 = load("phq9.v1")

    assert phq9.stem["en"] == (
        "Over the last 2 weeks, how often have you been bothered by any of the following problems?"
    )
    assert phq9.item("phq9_1").text["en"] == "Little interest or pleasure in doing things"
    assert phq9.item("phq9_9").text["en"] == (
        "Thoughts that you would be better off dead or of hurting yourself in some way"
    )
    options = [option.text["en"] for option in phq9.item("phq9_9").options]
    assert options == ["Not at all", "Several days", "More than half the days", "Nearly every day"]
    assert (phq9.panel_loinc, phq9.total_loinc, phq9.item("phq9_9").loinc) == ("44249-1", "44261-6", "44260-8")
    assert "No permission required" in phq9.licence


def test_a_measure_is_shown_in_english_where_no_official_translation_is_shipped():
    pcl5, checkin = load("pcl5.v1"), load("checkin.v1")

    assert in_language(pcl5.item("pcl5_1").text, "es") == pcl5.item("pcl5_1").text["en"]
    assert in_language(checkin.item("safe_now").text, "es-us") == "¿Está a salvo en este momento?"


@pytest.mark.parametrize(
    ("code", "valid"),
    [
        ("44249-1", True),
        ("44261-6", True),
        ("69737-5", True),
        ("93373-9", True),
        ("LA6568-5", True),
        ("LA9194-7", True),
        ("77040-1", False),
        ("77041-9", False),
        ("LA6568-6", False),
        ("44249", False),
        ("", False),
        ("LA-5", False),
    ],
)
def test_a_loinc_code_carries_its_check_digit(code, valid):
    assert loinc_is_valid(code) is valid


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d["items"][1].update(code="phq9_1"), "twice"),
        (lambda d: d["items"][0].update(loinc="77040-1"), "not a LOINC code: 77040-1"),
        (lambda d: d["option_sets"]["frequency"].pop(1), "count up by one"),
        (lambda d: d["bands"]["rows"].pop(2), "gap"),
        (lambda d: d["score"].update(most=30), "from 0 to 27"),
        (lambda d: d.update(languages=["en", "es"]), "languages"),
        (lambda d: d.update(licence=" "), "licence"),
        (lambda d: d["items"][8]["safety"]["values"].update({"4": 4}), "cannot be given"),
        (lambda d: d["items"][0].update(required=False), "required choices"),
        (lambda d: d.pop("items"), "missing"),
        (lambda d: d["items"][0].update(options="nowhere"), "missing"),
        (lambda d: d.update(version=0), "version"),
        (lambda d: d["option_sets"]["frequency"][1].update(value=0), "none twice"),
        (lambda d: d["bands"]["rows"][1].update(least=4), "gap or overlap"),
        (lambda d: d["items"][0].update(scord=True), "no such field 'scord'"),
        (lambda d: d["items"][2].update(asked_if=[{"item": "phq9_9", "values": [1]}]), "no earlier item"),
        (lambda d: d["items"].pop(4), "from 0 to 24"),
    ],
)
def test_a_contradiction_in_a_file_is_named(change, says):
    with pytest.raises(BadInstrument, match=says):
        parse(changed("phq9.v1", change))


def test_a_scale_without_an_upper_end_is_refused():
    with pytest.raises(BadInstrument, match="mood"):
        parse(changed("checkin.v1", lambda d: d["items"][0].pop("most")))


def test_a_refusal_names_the_file_and_the_item():
    with pytest.raises(BadInstrument, match=r"^phq9\.v1\.json: item phq9_1: not a LOINC code: 77040-1.*look it up"):
        parse(changed("phq9.v1", lambda d: d["items"][0].update(loinc="77040-1")))


# --- the words, held against what was read ---


def texts(key):
    return [item.text["en"] for item in load(key).items]


def options(key, code):
    return [option.text["en"] for option in load(key).item(code).options]


def test_the_phq8_and_the_phq2_are_the_phq9s_own_items():
    assert texts("phq8.v1") == texts("phq9.v1")[:8]
    assert texts("phq2.v1") == texts("phq9.v1")[:2]
    assert "does not ask" in load("phq8.v1").note["en"]


def test_the_gad7s_first_answer_is_not_at_all():
    assert options("gad7.v1", "gad7_1") == ["Not at all", "Several days", "More than half the days", "Nearly every day"]
    assert texts("gad7.v1")[0] == "Feeling nervous, anxious or on edge"
    assert texts("gad7.v1")[6] == "Feeling afraid as if something awful might happen"
    assert texts("gad2.v1") == texts("gad7.v1")[:2]
    assert (load("gad7.v1").panel_loinc, load("gad7.v1").total_loinc) == ("69737-5", "70274-6")


def test_the_audit_c_counts_none_to_two_drinks_as_one_answer_and_carries_its_own_codes():
    auditc = load("auditc.v1")

    assert options("auditc.v1", "auditc_2")[0] == "0, 1, or 2"
    assert [item.loinc for item in auditc.items] == ["68518-0", "68519-8", "68520-6"]
    assert (auditc.panel_loinc, auditc.total_loinc) == ("72109-2", "75626-2")


def test_the_pcl5_asks_about_the_past_month_and_claims_no_loinc_code():
    pcl5 = load("pcl5.v1")

    assert options("pcl5.v1", "pcl5_1") == ["Not at all", "A little bit", "Moderately", "Quite a bit", "Extremely"]
    assert pcl5.stem["en"].startswith("In the past month")
    assert len(pcl5.items) == 20 and not any(item.loinc for item in pcl5.items) and pcl5.total_loinc is None


def test_the_phqa_asks_about_irritability_school_the_past_month_and_the_whole_life():
    said = texts("phqa.v1")

    assert said[0] == "Feeling down, depressed, irritable, or hopeless?"
    assert "school work" in said[6]
    assert said[8].startswith("Thoughts that you would be better off dead")
    assert said[12] == "Have you EVER, in your WHOLE LIFE, tried to kill yourself or made a suicide attempt?"


def test_the_bam_asks_its_seventeen_questions_and_says_that_its_words_are_not_confirmed():
    first, bam = load("bam.v1"), load("bam.v2")

    assert bam.has_words and bam.words_trust == "recalled" and bam.takes_words
    assert [item.code for item in bam.items] == [item.code for item in first.items]
    assert (bam.subscores, bam.languages) == (first.subscores, first.languages)
    assert bam.item("bam_4").text["en"] == "In the past 30 days, how many days did you drink ANY alcohol?"
    assert bam.item("bam_15").text["en"] == (
        "In the past 30 days, how much have you been bothered by arguments or problems getting along with any family"
        " members or friends?"
    )
    assert not load("phq9.v2").takes_words


def test_the_asq_says_what_the_nimh_wrote_and_claims_no_loinc_code():
    asq = load("asq.v1")

    assert texts("asq.v1")[:4] == [
        "In the past few weeks, have you wished you were dead?",
        "In the past few weeks, have you felt that you or your family would be better off if you were dead?",
        "In the past week, have you been having thoughts about killing yourself?",
        "Have you ever tried to kill yourself?",
    ]
    assert asq.item("asq_5").text["en"] == "Are you having thoughts of killing yourself right now?"
    assert [option.ours for option in asq.item("asq_1").options] == [False, False, True]
    assert not any(item.loinc for item in asq.items)


def test_the_columbia_screener_ships_codes_and_no_words():
    cssrs = load("cssrs.v1")

    assert not any(item.text for item in cssrs.items)
    assert not cssrs.has_words and load("phq9.v1").has_words
    assert [item.loinc for item in cssrs.items] == [
        "93246-7",
        "93247-5",
        "93248-3",
        "93249-1",
        "93250-9",
        "93267-3",
        "93269-9",
    ]
    assert {row.code: row.loinc for row in cssrs.results if row.loinc} == {
        "low": "LA9194-7",
        "moderate": "LA6751-7",
        "high": "LA9193-9",
    }
    assert cssrs.asked_by == {"staff"}


def test_a_file_that_ships_words_which_belong_to_somebody_else_is_refused():
    with pytest.raises(BadInstrument, match="belongs to its owner"):
        parse(changed("cssrs.v1", lambda d: d["items"][0].update(text={"en": "Some licensed words"})))


@pytest.mark.parametrize("key", sorted(name.removesuffix(".json") for name in FROZEN))
def test_every_instrument_names_its_licence_its_source_and_how_far_its_cut_offs_may_be_believed(key):
    instrument = load(key)

    assert instrument.licence and instrument.source
    assert not instrument.bands or (
        instrument.bands_source and instrument.bands_trust in {"read", "recalled", "design"}
    )


def test_only_our_own_words_and_official_translations_are_in_spanish():
    shipped_words = {key: each for key, each in all_instruments().items() if each.words == "shipped"}

    assert [key for key, each in shipped_words.items() if "es" in each.languages] == [
        "after_group.v1",
        "asq.v2",
        "checkin.v1",
        "gad2.v2",
        "gad7.v2",
        "phq2.v2",
        "phq8.v2",
        "phq9.v2",
        "survey.v1",
    ]


def spanish(key):
    return [item.text["es"] for item in load(key).items]


def test_the_phq9_in_spanish_is_the_form_for_the_usa_word_for_word():
    phq9 = load("phq9.v2")

    assert phq9.stem["es"] == (
        "Durante las últimas 2 semanas, ¿qué tan seguido ha tenido molestias debido a los siguientes problemas?"
    )
    assert spanish("phq9.v2") == [
        "Poco interés o placer en hacer cosas",
        "Se ha sentido decaído(a), deprimido(a) o sin esperanzas",
        "Ha tenido dificultad para quedarse o permanecer dormido(a), o ha dormido demasiado",
        "Se ha sentido cansado(a) o con poca energía",
        "Sin apetito o ha comido en exceso",
        "Se ha sentido mal con usted mismo(a) – o que es un fracaso o que ha quedado mal con usted mismo(a) o con su"
        " familia",
        "Ha tenido dificultad para concentrarse en ciertas actividades, tales como leer el periódico o ver la"
        " televisión",
        "¿Se ha movido o hablado tan lento que otras personas podrían haberlo notado? o lo contrario – muy inquieto(a)"
        " o agitado(a) que ha estado moviéndose mucho más de lo normal",
        "Pensamientos de que estaría mejor muerto(a) o de lastimarse de alguna manera",
        "Si marcó cualquiera de los problemas, ¿qué tanta dificultad le han dado estos problemas para hacer su trabajo,"
        " encargarse de las tareas del hogar, o llevarse bien con otras personas?",
    ]
    assert [option.text["es"] for option in phq9.item("phq9_1").options] == [
        "Ningún día",
        "Varios días",
        "Más de la mitad de los días",
        "Casi todos los días",
    ]
    assert spanish("phq8.v2") == spanish("phq9.v2")[:8] and spanish("phq2.v2") == spanish("phq9.v2")[:2]


def test_the_gad7_in_spanish_is_the_form_for_the_usa_word_for_word():
    assert load("gad7.v2").stem == load("phq9.v2").stem
    assert spanish("gad7.v2") == [
        "Se ha sentido nervioso(a), ansioso(a) o con los nervios de punta",
        "No ha sido capaz de parar o controlar su preocupación",
        "Se ha preocupado demasiado por motivos diferentes",
        "Ha tenido dificultad para relajarse",
        "Se ha sentido tan inquieto(a) que no ha podido quedarse quieto(a)",
        "Se ha molestado o irritado fácilmente",
        "Ha tenido miedo de que algo terrible fuera a pasar",
    ]
    assert spanish("gad2.v2") == spanish("gad7.v2")[:2]


def test_the_asq_in_spanish_asks_what_the_nimh_wrote_in_spanish():
    asq = load("asq.v2")

    assert [asq.item(f"asq_{number}").text["es"] for number in (1, 2, 3, 4, 5)] == [
        "En las últimas semanas, ¿ha deseado estar muerto?",
        "En las últimas semanas, ¿ha sentido que usted o su familia estarían mejor si estuviera muerto?",
        "En la última semana, ¿ha estado pensando en suicidarse?",
        "¿Alguna vez ha intentado suicidarse?",
        "¿Está pensando en suicidarse en este momento?",
    ]


def without_spanish(value):
    """What a file says apart from its Spanish words and what it says of itself."""
    if isinstance(value, dict):
        told_of_itself = ("es", "version", "languages", "licence", "source")
        return {key: without_spanish(each) for key, each in value.items() if key not in told_of_itself}
    return [without_spanish(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("code", ["asq", "gad2", "gad7", "phq2", "phq8", "phq9"])
def test_with_its_spanish_words_a_measure_asks_scores_and_tells_as_it_did_before(code):
    assert without_spanish(data(f"{code}.v2")) == without_spanish(data(f"{code}.v1"))
