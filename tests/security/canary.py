"""A listener on the loopback that counts who calls: whatever a hostile file makes the program do, nobody may."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Canary:
    """Counts connections; url is an address that leads to it."""

    def __init__(self, server: socket.socket):
        self._server = server
        self.calls = 0
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}"

    def listen(self) -> None:
        """Takes calls until the socket is closed, and answers each with nothing found."""
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            self.calls += 1
            with caller:
                caller.settimeout(1.0)
                try:
                    caller.recv(1024)
                    caller.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                except OSError:
                    pass


@contextmanager
def canary() -> Iterator[Canary]:
    """A listening canary, gone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        bird = Canary(server)
        thread = threading.Thread(target=bird.listen, daemon=True)
        thread.start()
        try:
            yield bird
        finally:
            server.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=5)
