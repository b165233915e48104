"""A Django program that asks the judge in a middleware of its own: the same for every framework without ASGI.

Start it beside an installation whose database it may read::

    KEYSTEAD_DATABASE_URL=sqlite:///var/keystead.db DJANGO_SETTINGS_MODULE=embedding.django_app django-admin runserver
"""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from keystead.middleware import Judge, Refused

SECRET_KEY = "signs nothing: this program has no sessions"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "embedding.django_app"
MIDDLEWARE = ["embedding.django_app.judged"]
USE_TZ = True
BODY_TYPES = ("application/x-www-form-urlencoded", "application/json")


@cache
def the_judge() -> Judge:
    """Return the one judge of this process, opened with the settings of the environment."""
    return Judge.open()


def judged(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer calls below /api/ that may not pass; let the others through with who acts."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return get_response(request)
        headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in request.headers.items()]
        speaks = (request.content_type or "").lower() in BODY_TYPES
        target = request.META.get("RAW_URI") or request.get_full_path()
        said = the_judge().judge(
            request.method or "", target.encode("latin-1"), headers, body=request.body if speaks else b""
        )
        if isinstance(said, Refused):
            return HttpResponse(said.body, status=said.status, headers=dict(said.headers))
        request.META["QUERY_STRING"] = said.query.decode("latin-1")
        request.method = said.verb
        request.keystead = said  # type: ignore[attr-defined]  # how Django's middleware hands things on
        return get_response(request)

    return middleware


def course(request: HttpRequest, course_id: int) -> JsonResponse:
    """Say who asked for a course, and what is left of the query."""
    passed: Any = request.keystead  # type: ignore[attr-defined]
    query = {name: request.GET.getlist(name) for name in request.GET}
    return JsonResponse({"id": course_id, "asked_by": passed.identity["login"], "query": query})


urlpatterns = [path("api/v1/courses/<int:course_id>", course)]
