"""The boards' pages: who gets what, the pictures, the paper, the chart, and the clinic's policy."""

import gzip
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings
from PIL import Image

from openiop.chart.models import FiledPaper
from openiop.demo import world
from openiop.people.access import acting
from openiop.room.boards import keeping, paper
from openiop.room.boards.drawing import Drawing
from openiop.room.boards.models import Board, BoardImage, BoardPolicy, BoardUpdate
from openiop.schedule.models import CareSession
from tests.conftest import ROOT
from tests.room.boards.conftest import open_board, shape, sit, tonight

pytestmark = pytest.mark.django_db


@pytest.fixture
def evening(cast, clock):
    session = tonight(cast["bea"])
    board = open_board(session, by=cast["bea"])
    sit(cast["sam"], session, by=cast["bea"])
    return session, board


def written(board, *elements, by):
    with acting(by):
        keeping.keep(board.pk, Drawing().write(elements), by=by, at=world.NOW)


def text(key="t", words="A walk by the water", **changes):
    return shape(key, type="text", text=words, fontSize=20.0, **changes)


def picture(kind="JPEG", size=(60, 40), **options):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind, **options)
    return out.getvalue()


# --- who may ---


def test_those_in_the_group_find_its_board_and_those_elsewhere_find_nothing(evening, cast, client_for):
    session, board = evening
    for who, status in [("bea", 200), ("sam", 200), ("leo", 404), ("maya", 404), ("hal", 404), ("rosa", 404)]:
        assert client_for(cast[who]).get(f"/boards/{board.pk}").status_code == status, who
    assert client_for(cast["sam"]).get(f"/sessions/{session.pk}/board").headers["Location"] == f"/boards/{board.pk}"
    assert client_for(cast["leo"]).get(f"/sessions/{session.pk}/board").status_code == 404


def test_a_patient_is_refused_what_a_facilitator_does_and_the_board_stays_as_it_is(evening, cast, client_for):
    _session, board = evening
    written(board, text(), by=cast["bea"])
    sam = client_for(cast["sam"])

    for path in ("clear", "undo-clear", "read-only", "open-to-all", "bring-back", "destruction", "filing"):
        assert sam.post(f"/boards/{board.pk}/{path}").status_code == 404, path
    assert sam.get(f"/boards/{board.pk}/paper").status_code == 404

    with acting(cast["bea"]):
        assert len(keeping.drawing_of(board).elements()) == 1


def test_when_the_room_has_ended_patients_find_no_board_and_the_facilitator_still_does(evening, cast, client_for):
    session, board = evening
    with acting(cast["bea"]):
        session.live_rooms.update(ended_at=world.NOW)

    assert client_for(cast["sam"]).get(f"/boards/{board.pk}").status_code == 404
    assert client_for(cast["bea"]).get(f"/boards/{board.pk}").status_code == 200


def test_a_groups_board_goes_on_next_week_and_who_sat_in_it_only_last_week_sees_it_no_more(evening, cast):
    session, board = evening
    written(board, text(), by=cast["bea"])
    with acting(cast["bea"]):
        later = CareSession.objects.filter(series=session.series, during__startswith__gt=session.ends_at)
        following = later.in_order().first()
        again = Board.lay_out(following, at=world.NOW + timedelta(days=2))
        assert again.pk == board.pk
        assert [each["text"] for each in keeping.drawing_of(again).elements()] == ["A walk by the water"]

    with acting(cast["sam"]):
        assert not Board.objects.filter(pk=board.pk).exists()
        assert not BoardUpdate.objects.filter(board=board.pk).exists()


def test_where_the_clinic_wants_it_so_every_evening_begins_with_an_empty_board(evening, cast):
    session, board = evening
    with acting(cast["okafor"]):
        BoardPolicy.objects.create(clinic_id=session.clinic_id, carry_over=False)
    with acting(cast["bea"]):
        following = (
            CareSession.objects.filter(series=session.series, during__startswith__gt=session.ends_at).in_order().first()
        )
        assert Board.lay_out(following, at=world.NOW).pk != board.pk


# --- the policy under which the page runs ---


def test_only_the_board_may_stand_in_a_frame_and_only_in_ours(evening, cast, client_for):
    session, board = evening
    bea = client_for(cast["bea"])
    page, other = bea.get(f"/boards/{board.pk}"), bea.get(f"/sessions/{session.pk}")

    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]
    assert other.headers["X-Frame-Options"] == "DENY"


def test_no_host_but_ours_is_named_for_letters_and_no_page_runs_code_of_its_own(evening, cast, client_for):
    _session, board = evening
    policy = client_for(cast["bea"]).get(f"/boards/{board.pk}").headers["Content-Security-Policy"]
    built = Path(ROOT / "frontend" / "built")

    assert "script-src 'self';" in policy + ";" and "http" not in policy.replace("ws://", "").replace("wss://", "")
    assert [path.name for path in built.rglob("*.js") if "esm.sh" in path.read_text()] == []
    assert (built / "board" / "fonts" / "Excalifont").is_dir()


@override_settings(JANUS_WS="ws://127.0.0.1:9")
def test_the_room_weighs_under_400_kb_and_nothing_of_it_is_the_boards(evening, cast, client_for):
    session, _board = evening
    html = client_for(cast["bea"]).get(f"/sessions/{session.pk}/room").content.decode()
    linked = [name.split("?")[0] for name in re.findall(r'(?:src|href)="/static/([^"]+)"', html)]
    built = ROOT / "frontend" / "built"
    files = [built / re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", name) for name in linked]

    assert any(path.name == "room.js" for path in files)
    assert not any("board" in name for name in linked)
    assert "excalidraw" not in (built / "room.js").read_text().lower()
    assert sum(map(weight, files)) < 400_000


def weight(path):
    """Bytes over the line: letters come compressed as they are."""
    data = path.read_bytes()
    return len(data if path.suffix == ".woff2" else gzip.compress(data))


# --- pictures ---


def test_a_picture_is_made_anew_without_where_it_was_taken(evening, cast, client_for):
    _session, board = evening
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    sent = SimpleUploadedFile("a.jpg", picture(exif=exif), content_type="text/html")

    answer = client_for(cast["sam"]).post(f"/boards/{board.pk}/images", {"picture": sent})

    kept = client_for(cast["bea"]).get(f"/boards/{board.pk}/images/{answer.json()['id']}")
    assert kept.headers["Content-Type"] == "image/jpeg"
    assert b"taken at home" not in kept.content
    assert client_for(cast["leo"]).get(f"/boards/{board.pk}/images/{answer.json()['id']}").status_code == 404


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"<svg onload='alert(1)'/>", "not_a_picture", id="a drawing that runs code"),
        pytest.param(b"GIF89a but no more", "not_a_picture", id="a broken file"),
        pytest.param(b"\0" * (8 * 1024 * 1024 + 1), "too_large", id="more than eight megabytes"),
        pytest.param(picture("PNG", size=(9000, 9000)), "too_large", id="eighty million dots"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(evening, cast, client_for, data, reason):
    _session, board = evening

    answer = client_for(cast["sam"]).post(f"/boards/{board.pk}/images", {"picture": SimpleUploadedFile("a.png", data)})

    assert (answer.status_code, answer.json()) == (422, {"reason": reason})
    with acting(cast["bea"]):
        assert not BoardImage.objects.exists()


def test_on_a_read_only_board_a_patient_leaves_no_picture_and_a_facilitator_does(evening, cast, client_for):
    _session, board = evening
    client_for(cast["bea"]).post(f"/boards/{board.pk}/read-only")

    for who, status in (("sam", 422), ("bea", 200)):
        sent = SimpleUploadedFile("a.png", picture("PNG"))
        assert client_for(cast[who]).post(f"/boards/{board.pk}/images", {"picture": sent}).status_code == status, who


# --- on paper, and in the chart ---


def test_the_words_are_read_from_the_top_left_and_the_picture_quotes_nobody_unescaped():
    elements = [
        text("b", "second", x=300.0),
        text("a", "first <script>", x=0.0),
        shape("c", type="freedraw", points=[[0.0, 0.0], [5.0, 5.0]], strokeColor='"/><script>'),
        shape("d", y=400.0, type="text", text="last"),
    ]

    assert paper.words(elements) == ["first <script>", "second", "last", "1 line drawn by hand"]
    assert "<script>" not in paper.picture(elements, {})


def test_a_board_is_filed_in_the_record_of_those_chosen_as_a_pdf_with_its_words(evening, cast, client_for):
    _session, board = evening
    written(board, text(), by=cast["bea"])
    bea = client_for(cast["bea"])

    assert bea.post(f"/boards/{board.pk}/filing", {}).status_code == 422, "nobody is chosen beforehand"
    filed = bea.post(f"/boards/{board.pk}/filing", {"patients": [cast["sam"].pk]})
    assert filed.status_code == 302

    with acting(cast["bea"]):
        (kept,) = FiledPaper.objects.all()
    assert (kept.patient_id, kept.text) == (cast["sam"].pk, "A walk by the water")
    assert bytes(kept.pdf).startswith(b"%PDF")
    assert bea.get(f"/filed-papers/{kept.pk}").headers["Content-Type"] == "application/pdf"
    for who in ("sam", "leo", "rosa", "hal"):
        assert client_for(cast[who]).get(f"/filed-papers/{kept.pk}").status_code in (403, 404), who


def test_another_members_name_goes_into_no_record_without_a_reason(evening, cast, client_for):
    session, board = evening
    with acting(cast["bea"]):
        other = session.roster.exclude(patient=cast["sam"]).select_related("patient").first().patient
    written(board, text(words=f"{other.called} helped me"), by=cast["bea"])
    bea = client_for(cast["bea"])
    form = {"patients": [cast["sam"].pk]}

    refused = bea.post(f"/boards/{board.pk}/filing", form)
    assert refused.status_code == 422 and other.called in refused.content.decode()
    with acting(cast["bea"]):
        assert not FiledPaper.objects.exists()
    assert bea.post(f"/boards/{board.pk}/filing", {**form, "name_override": "Siblings"}).status_code == 302


def test_a_destroyed_board_leaves_nothing_and_where_the_clinic_keeps_boards_it_is_not_destroyed(
    evening, cast, client_for
):
    session, board = evening
    written(board, text(), by=cast["sam"])
    bea, okafor = client_for(cast["bea"]), client_for(cast["okafor"])

    assert okafor.post("/clinic/boards", {"carry_over": "on", "may_file": "on"}).status_code == 302
    assert bea.post(f"/boards/{board.pk}/destruction").status_code == 403
    assert bea.post("/clinic/boards", {"may_destroy": "on"}).status_code == 403
    okafor.post("/clinic/boards", {"carry_over": "on", "may_file": "on", "may_destroy": "on"})
    assert bea.post(f"/boards/{board.pk}/destruction").status_code == 302

    assert bea.get(f"/boards/{board.pk}").status_code == 404
    with acting(cast["bea"]):
        assert not BoardUpdate.objects.filter(board=board).exists()
        assert Board.lay_out(session, at=world.NOW).pk != board.pk
