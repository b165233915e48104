"""Sends a mail over the mail server that the operator has named."""

import smtplib
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit

from keystead.governance.delivering import DeliveryFailed

_PATIENCE: Final = 15.0
_PORTS: Final = {"smtp": 587, "smtps": 465}


class Mailer:
    """Sends over ``smtp://user:password@host:587`` (with STARTTLS where the server offers it) or ``smtps://host``."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or _PORTS[parts.scheme]
        self._login = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
        self._sender = sender

    def __repr__(self) -> str:
        return f"Mailer({self._host}:{self._port})"

    def __call__(self, address: str, subject: str, text: str) -> None:
        """Send one mail. Raises DeliveryFailed."""
        message = EmailMessage()
        try:
            message["From"], message["To"], message["Subject"] = self._sender, address, subject
            message.set_content(text)
            with self._connected() as server:
                server.send_message(message)
        except (smtplib.SMTPException, OSError, ValueError) as failed:
            raise DeliveryFailed(f"the mail server refused ({type(failed).__name__})") from None

    def _connected(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(self._host, self._port, timeout=_PATIENCE, context=context)
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_PATIENCE)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self._login is not None:
                server.close()
                raise ValueError("a password is never sent in clear")
        if self._login is not None:
            server.login(*self._login)
        return server
