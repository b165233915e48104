"""django-oauth-toolkit's introspection endpoint over SQLite."""

import os
import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="bench", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, USE_TZ=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(sys.argv[1], "toolkit.db")}},
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    OAUTH2_PROVIDER={"SCOPES": {"read": "", "introspection": ""}},
)  # fmt: skip
django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]


def fill() -> None:
    """Make a client and a token."""
    from datetime import timedelta

    from django.contrib.auth.models import User
    from django.utils import timezone
    from oauth2_provider.models import AccessToken, Application

    call_command("migrate", verbosity=0)
    user = User.objects.create_user("bench")
    client = Application.objects.create(
        client_id="bench", client_secret="secret" * 8, hash_client_secret=False, user=user,
        client_type="confidential", authorization_grant_type="client-credentials", name="bench",
    )  # fmt: skip
    AccessToken.objects.create(
        user=user, application=client, token="b" * 64, scope="read", expires=timezone.now() + timedelta(days=9)
    )


if __name__ == "__main__":
    from waitress import serve

    fill()
    serve(get_wsgi_application(), host="127.0.0.1", port=int(sys.argv[2]), threads=4)
