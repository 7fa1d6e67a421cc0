"""A mail server and a receiver of HTTP posts on 127.0.0.1: what alerts are sent to."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from include.sandbox import process

LOGIN = ("alerts", "wh1spered-once")
"""What the mail server lets in."""


@dataclass(frozen=True)
class Mail:
    """A mail as it came over the wire."""

    sender: str
    recipients: list[str]
    raw: bytes
    was_encrypted: bool
    login: str | None

    @property
    def message(self) -> EmailMessage:
        """The mail, decoded."""
        found = message_from_bytes(self.raw, policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found

    @property
    def text(self) -> str:
        """The text of its only part."""
        (part,) = self.message.iter_parts()
        assert isinstance(part, EmailMessage)
        assert part.get_content_type() == "text/plain"
        return str(part.get_content()).replace("\r\n", "\n")


@dataclass
class MailServer:
    """A running mail server."""

    port: int
    mails: list[Mail] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        login = session.auth_data.login.decode() if session.authenticated else None
        encrypted = server.transport.get_extra_info("sslcontext") is not None
        self.mails.append(Mail(envelope.mail_from, envelope.rcpt_tos, envelope.content, encrypted, login))
        return "250 OK"


@contextmanager
def mail_server(
    *, implicit: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None, login: bool = False
) -> Iterator[MailServer]:
    """A mail server; with `implicit` it speaks TLS from the start, with `starttls` it insists on changing to it."""
    server = MailServer(process.free_port())
    controller = Controller(
        server, hostname="127.0.0.1", port=server.port, ssl_context=implicit,
        tls_context=starttls, require_starttls=starttls is not None,
        auth_required=login, auth_require_tls=starttls is not None, authenticator=_authenticate if login else None,
    )  # fmt: skip
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode()) == LOGIN
    return AuthResult(success=good, auth_data=data if good else None, handled=False)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A TLS context for 127.0.0.1, and the certificate that a client must trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file, key_file = folder / "mail.pem", folder / "mail.key"
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, key_file)
    return context, file


@dataclass(frozen=True)
class Post:
    """What was posted."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class Receiver:
    """A running receiver. It answers with `status`; None: with nothing, until it is stopped."""

    url: str
    posts: list[Post] = field(default_factory=list)
    status: int | None = 200
    stopped: threading.Event = field(default_factory=threading.Event)


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A receiver of posts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posts.append(Post(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(body)))
            if found.status is None:
                found.stopped.wait(60)
                return
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
