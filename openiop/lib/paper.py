"""A page on paper: a PDF for everybody (PDF/UA), made here, with nothing fetched from anywhere."""

import base64
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.template.loader import render_to_string


def pdf(template: str, context: dict[str, Any]) -> bytes:
    """Return `template` as a PDF. It finds its letters in `font`, as base64, and may name no other file."""
    import weasyprint

    html = render_to_string(template, {**context, "font": _font()})
    fetcher = weasyprint.urls.URLFetcher(allowed_protocols={"data"}, allow_redirects=False)
    return bytes(weasyprint.HTML(string=html, url_fetcher=fetcher).write_pdf(pdf_variant="pdf/ua-1"))


def answer(template: str, context: dict[str, Any]) -> HttpResponse:
    """Answer a request with a PDF that no browser keeps."""
    return HttpResponse(pdf(template, context), content_type="application/pdf", headers={"Cache-Control": "no-store"})


@lru_cache(maxsize=1)
def _font() -> str:
    font = settings.BASE / "frontend" / "built" / "fonts" / "source-sans-3-latin-wght-normal.woff2"
    return base64.b64encode(font.read_bytes()).decode()
