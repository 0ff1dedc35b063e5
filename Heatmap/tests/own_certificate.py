"""A certificate that nobody vouches for, made with the openssl program."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest


def server_context(folder: Path) -> ssl.SSLContext:
    """Return what a server on 127.0.0.1 uses; skips the test where there is no openssl."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("no openssl program is installed to make a certificate with")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    words += ["-subj", "/CN=localhost", "-days", "2", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(  # noqa: S603 - openssl
        [program, *words, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
