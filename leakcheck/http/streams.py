"""Streams of bytes to a server: TCP, and TLS over it or over another stream.

Every call ends by a time that is given, as time.monotonic tells it, with
TimeoutError.
"""

import contextlib
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Protocol

from leakcheck.language import said

if TYPE_CHECKING:
    import ssl

_CONNECT = 10.0  # seconds for one address of a host
_AT_ONCE = 64 << 10


class UnknownHost(OSError):
    """No address is known for a host's name."""


class Refused(OSError):
    """No connection could be made."""


class NotSecure(OSError):
    """TLS could not be agreed upon."""


class CertificateRefused(NotSecure):
    """The certificate does not prove the host; the message says why."""


class Stream(Protocol):
    """Bytes to a server and from it."""

    def send(self, data: bytes, until: float) -> None:
        """Send all of `data`."""
        ...

    def receive(self, most: int, until: float) -> bytes:
        """Some bytes, at most so many; none where the server has ended the stream."""
        ...

    def fileno(self) -> int:
        """The socket below."""
        ...

    def close(self) -> None:
        """Hang up, also where another thread waits here."""
        ...


class Tcp:
    """A socket as a stream; it may be one that speaks TLS."""

    def __init__(self, link: socket.socket, *, secure: bool = False) -> None:
        self.link, self.secure = link, secure

    def send(self, data: bytes, until: float) -> None:
        self.link.settimeout(time_left(until))
        self.link.sendall(data)

    def receive(self, most: int, until: float) -> bytes:
        self.link.settimeout(time_left(until))
        return self.link.recv(most)

    def fileno(self) -> int:
        return self.link.fileno()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits
        self.link.close()


class Tls:
    """TLS inside another stream: to a server, through a proxy that is itself spoken to by TLS."""

    def __init__(self, inner: Stream, context: "ssl.SSLContext", host: str, until: float) -> None:
        import ssl

        self._inner = inner
        self._wants, self._ends = ssl.SSLWantReadError, (ssl.SSLZeroReturnError, ssl.SSLEOFError)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=host)
        self._run(until, self._tls.do_handshake)

    def send(self, data: bytes, until: float) -> None:
        self._run(until, self._tls.write, data)

    def receive(self, most: int, until: float) -> bytes:
        try:
            return bytes(self._run(until, self._tls.read, most))
        except self._ends:
            return b""

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()

    def _run(self, until: float, step: Any, *arguments: Any) -> Any:
        while True:
            try:
                result = step(*arguments)
            except self._wants:
                self._flush(until)
                piece = self._inner.receive(_AT_ONCE, until)
                if piece:
                    self._in.write(piece)
                else:
                    self._in.write_eof()
            else:
                self._flush(until)
                return result

    def _flush(self, until: float) -> None:
        data = self._out.read()
        if data:
            self._inner.send(data, until)


def dial(host: str, port: int, until: float) -> Stream:
    """A connection to `host`. Raises UnknownHost, Refused, TimeoutError."""
    last: OSError | None = None
    for family, kind, protocol, _, address in addresses(host, port, until):
        link = socket.socket(family, kind, protocol)
        try:
            link.settimeout(min(_CONNECT, time_left(until)))
            link.connect(address)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            link.close()
            last = error
        except BaseException:
            link.close()
            raise
        else:
            return Tcp(link)
    if isinstance(last, TimeoutError):
        raise last
    raise Refused from last


def trusted_certificates() -> "ssl.SSLContext":
    """TLS with the certificates that the system trusts, or those that SSL_CERT_FILE or
    SSL_CERT_DIR names. Raises OSError where these cannot be read.
    """
    import ssl

    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if folder:
        os.listdir(folder)  # noqa: PTH208 - only whether it is there
    context = ssl.create_default_context(cafile=file or None, capath=folder or None)
    usual = ssl.get_default_verify_paths()
    if not file and not folder and not (usual.cafile or usual.capath or context.get_ca_certs()):
        import certifi

        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def secured(stream: Stream, context: "ssl.SSLContext", host: str, until: float) -> Stream:
    """TLS over `stream`, to a server that proves to be `host`.

    Closes the stream and raises NotSecure where that fails.
    """
    import ssl

    try:
        if isinstance(stream, Tcp) and not stream.secure:
            stream.link.settimeout(time_left(until))
            return Tcp(context.wrap_socket(stream.link, server_hostname=host), secure=True)
        return Tls(stream, context, host, until)
    except ssl.SSLCertVerificationError as error:
        stream.close()
        raise CertificateRefused(error.verify_message or said("not valid")) from None
    except ssl.SSLError:
        stream.close()
        raise NotSecure from None
    except BaseException:
        stream.close()
        raise


def addresses(host: str, port: int, until: float) -> list[Any]:
    """The addresses of `host`, as socket.getaddrinfo has them. Raises UnknownHost, TimeoutError.

    A name is looked up in a thread, since the system sets no time for it.
    """
    kind = socket.SOCK_STREAM
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    with contextlib.suppress(OSError, UnicodeError):
        return socket.getaddrinfo(host, port, type=kind, flags=numeric)
    found: list[Any] = []

    def look() -> None:
        with contextlib.suppress(OSError, UnicodeError):
            found.extend(socket.getaddrinfo(host, port, type=kind))
        done.set()

    done = threading.Event()
    threading.Thread(target=look, name="leakcheck-name", daemon=True).start()
    if not done.wait(time_left(until)):
        raise TimeoutError
    if not found:
        raise UnknownHost
    return found


def time_left(until: float) -> float:
    """The seconds until then. Raises TimeoutError where there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
