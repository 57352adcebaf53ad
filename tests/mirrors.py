"""A server on loopback in the place of the public ones."""

import functools
import http.server
import threading

import pytest


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """Serve a folder on loopback as EDGELAB_MIRROR, under a fresh home: (serve(folder), what was asked for)."""
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    asked, servers = [], []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_request(self, code="-", size="-"):
            asked.append((self.path, int(code)))

        def log_message(self, *args):
            pass

    def serve(folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("EDGELAB_MIRROR", f"http://127.0.0.1:{server.server_port}/")
        return server

    yield serve, asked
    for server in servers:
        server.shutdown()
        server.server_close()
