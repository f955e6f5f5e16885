"""The one way a view answers: a whole page, or the part of it that htmx asked for."""

from collections.abc import Callable
from typing import Any

from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def wants_part(request: HttpRequest) -> bool:
    """Is this an htmx request for a fragment (and not a boosted or restored whole page)?"""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    part: str | None = None,
    status: int = 200,
) -> HttpResponse:
    """Render `template`, or, when htmx asks, only `part`: the fragment `_name.html` that lies beside it."""
    if part and wants_part(request):
        template = f"{template.rsplit('/', 1)[0]}/{part}"
    response = render(request, template, context, status=status)
    response["Vary"] = "HX-Request, Cookie, Accept-Language"
    return response


def content_policy(**directives: list[str]) -> Callable[[Any], Any]:
    """Give one page other directives of the Content-Security-Policy: `content_policy(frame_src=["'self'"])`."""
    return csp_replace({name.replace("_", "-"): sources for name, sources in directives.items()})
