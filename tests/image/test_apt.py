"""docker/build/apt-install against a package archive of the test's own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from tests.image.build import docker_build
from tests.image.engine import REPOSITORY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.image.engine import Image

ADDRESS = "https://127.0.0.1:8443/"
CERTIFICATE = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-nodes", "-days", "2")
SERVER = """
import http.server, ssl
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8443), http.server.SimpleHTTPRequestHandler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("server.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""
# curl is there already: only the archive's empty list is fetched
STEP = """
FROM IMAGE
USER root
RUN --mount=type=bind,target=/run/build --mount=type=secret,id=ca --mount=type=secret,id=apt_sources \\
    cd /run/build && { workbench-python server.py & } && \\
    curl --silent --retry 50 --retry-delay 1 --retry-connrefused --cacert /run/secrets/ca ADDRESS && \\
    ./apt-install curl
"""


def test_an_https_mirror_is_trusted_by_the_bundle_of_the_host(image: Image, tag: str, tmp_path: Path) -> None:
    files = {"server.pem": certificate(image), "server.py": SERVER, "Packages": ""}
    files["Dockerfile"] = STEP.replace("IMAGE", image.reference).replace("ADDRESS", ADDRESS)
    files["sources"] = f"deb [trusted=yes] {ADDRESS} ./\n"
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    shutil.copy(REPOSITORY / "docker" / "build" / "apt-install", tmp_path)
    given = {"ca": tmp_path / "server.pem", "apt_sources": tmp_path / "sources"}
    done = docker_build(tmp_path, f"--tag={tag}", given=given)
    assert done.returncode == 0, done.stderr


def certificate(image: Image) -> str:
    """A server's key and the certificate that it signed for itself."""
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", *CERTIFICATE)
    return image.run(*request, "-keyout", "/dev/stdout", "-out", "/dev/stdout")
