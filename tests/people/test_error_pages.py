"""Error pages as the web server may draw them: after the transaction, where no row is seen."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from openiop.people.middleware import PersonMiddleware
from openiop.portal.context import page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("key", ["maya", "bea", "hal"])
def test_the_frame_of_an_error_page_asks_for_no_row(cast, key, django_assert_num_queries):
    request = RequestFactory().get("/nothing-here")
    request.user, request.session = cast[key].login, {}
    PersonMiddleware(lambda request: HttpResponse(status=404))(request)

    with django_assert_num_queries(0):
        assert page(request)["clinic"].name == "Harbor Street"
