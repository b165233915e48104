"""Authlib's introspection endpoint over SQLite, as its documentation builds it, under gunicorn."""

import sys
import time

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_save_token_func,
)  # fmt: skip
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update(SQLALCHEMY_DATABASE_URI=f"sqlite:///{sys.argv[1] if len(sys.argv) > 1 else '/tmp/x'}/authlib.db")
db = SQLAlchemy(app)


class Client(db.Model, OAuth2ClientMixin):
    """A client."""

    id = db.Column(db.Integer, primary_key=True)


class Token(db.Model, OAuth2TokenMixin):
    """A token."""

    id = db.Column(db.Integer, primary_key=True)


class Introspection(IntrospectionEndpoint):
    """The endpoint."""

    CLIENT_AUTH_METHODS = ("client_secret_post",)

    def query_token(self, token_string, token_type_hint):  # type: ignore[no-untyped-def]
        """Find the token."""
        return Token.query.filter_by(access_token=token_string).first()

    def introspect_token(self, token):  # type: ignore[no-untyped-def]
        """Tell about it."""
        return {"active": True, "client_id": token.client_id, "scope": token.scope, "exp": token.issued_at + 864000}

    def check_permission(self, token, client, request):  # type: ignore[no-untyped-def]
        """Allow it."""
        return True


server = AuthorizationServer(
    app, query_client=create_query_client_func(db.session, Client), save_token=create_save_token_func(db.session, Token)
)
server.register_endpoint(Introspection)


@app.post("/introspect")
def introspect():  # type: ignore[no-untyped-def]
    """Answer one question."""
    return server.create_endpoint_response("introspection")


def fill() -> None:
    """Make a client and a token."""
    db.create_all()
    client = Client(client_id="bench", client_secret="secret" * 8)
    client.set_client_metadata({"token_endpoint_auth_method": "client_secret_post"})
    db.session.add(client)
    db.session.add(
        Token(client_id="bench", token_type="Bearer", access_token="b" * 64, scope="a b", issued_at=int(time.time()),
              expires_in=864000)
    )  # fmt: skip
    db.session.commit()


if __name__ == "__main__":
    from waitress import serve

    with app.app_context():
        fill()
    serve(app, host="127.0.0.1", port=int(sys.argv[2]), threads=4)
