"""What encryption end to end protects and what it does not, said plainly to whoever is in a room."""

from html import unescape

import pytest

from openiop.people.access import acting
from tests.room.test_consumers import tonight

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

ONLY_IF_COMPARED = {
    "en": "A dishonest server is caught only if codes are compared",
    "es": "Un servidor deshonesto se descubre solo si se comparan los códigos",
}
BOARDS_ARE_READ = {
    "en": "Boards, written messages, typed captions and notes: the server can read those.",
    "es": "Las pizarras, los mensajes escritos, los subtítulos y las notas: el servidor puede leerlos.",
}
KEPT_AND_READ = {
    "en": "Boards are kept by the clinic, and its server can read them.",
    "es": "La clínica guarda las pizarras y su servidor puede leerlas.",
}


def read(client, path):
    reply = client.get(path)
    assert reply.status_code == 200
    return unescape(reply.content.decode())


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("who", ["maya", "bea", "okafor"])
def test_the_page_about_the_keys_says_what_is_caught_only_by_comparing_and_what_the_server_reads(
    cast, client_for, who, language
):
    with acting(cast[who]):
        cast[who].choose_language(language)
    page = read(client_for(cast[who]), "/room/keys")

    assert f'lang="{language}"' in page
    assert ONLY_IF_COMPARED[language] in page and BOARDS_ARE_READ[language] in page


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_of_a_groups_boards_says_that_the_server_can_read_them(cast, client_for, language):
    session = tonight(cast["bea"])
    with acting(cast["bea"]):
        cast["bea"].choose_language(language)

    said = read(client_for(cast["bea"]), f"/sessions/{session.pk}/boards")

    assert KEPT_AND_READ[language].rstrip(".") in said


def test_nobody_reads_it_who_is_not_signed_in(client):
    reply = client.get("/room/keys", headers={"host": "localhost"})

    assert reply.status_code == 302 and reply.headers["Location"].startswith("/account/login/")
