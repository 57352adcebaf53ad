"""A page of this machine that has the browser's files and some bundles, under the strict rules that `edgelab fleet` sets."""

import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

RULES = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
KINDS = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css"}
EMPTY = b"<!doctype html><html lang=en><title>test</title></html>"


@contextlib.contextmanager
def serving(folders: dict[str, Path]) -> Iterator[str]:
    """The address of a server: `/` is an empty page, `/NAME/FILE` a file of the folder of that name."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            _, name, *rest = [*self.path.split("/"), "", ""]
            file = folders[name] / rest[0] if name in folders else None
            missing = file is not None and not file.is_file()
            content = EMPTY if file is None else b"" if missing else file.read_bytes()
            self.send_response(404 if missing else 200)
            self.send_header(
                "Content-Type", "text/html" if file is None else KINDS.get(file.suffix, "application/octet-stream")
            )
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", RULES)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
