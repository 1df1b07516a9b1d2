"""TLS on loopback: the checked address is connected to, the name stays in SNI, Host and the certificate
check."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from fedi_community.network import FetchError, Network, Reason
from fedi_community.network.transport import process_ssl_context

from .conftest import answer


def certificate(folder: Path, *names: str) -> Path:
    """A self-signed certificate with its key in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    alternatives = [
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
    ]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_context(path: Path, names_asked: list[str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    context.sni_callback = lambda _socket, name, _context: names_asked.append(name)
    return context


async def test_the_connection_goes_to_the_resolved_address_with_the_original_name(
    peer_at, tmp_path: Path
) -> None:
    pem, names_asked, looked_up = certificate(tmp_path, "peer.example"), [], []
    peer = await peer_at({"/": answer("200 OK", b"secret")}, tls=server_context(pem, names_asked))

    async def resolve(host: str, port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    network = Network(
        allow_private=True,
        own_host="clinic.example",
        user_agent="t",
        resolver=resolve,
        ssl_context=ssl.create_default_context(cafile=pem),
    )
    for _ in range(3):
        response = await network.get(f"https://peer.example:{peer.port}/")
        assert response.body == b"secret"
    assert names_asked == ["peer.example"]
    assert looked_up == ["peer.example"]  # once, and not again while the connection is kept
    assert peer.requests[0][2]["host"] == f"peer.example:{peer.port}"
    with pytest.raises(FetchError) as caught:
        await network.get(f"https://other.example:{peer.port}/")
    assert (caught.value.reason, caught.value.retryable) == (Reason.TLS, True)
    assert len(peer.requests) == 3
    await network.aclose()


async def test_a_certificate_that_nobody_vouches_for_is_refused_before_a_byte_is_sent(
    peer_at, tmp_path: Path
) -> None:
    peer = await peer_at({"/": answer()}, tls=server_context(certificate(tmp_path, "127.0.0.1"), []))
    network = Network(allow_private=True, own_host="clinic.example", user_agent="t")
    with pytest.raises(FetchError) as caught:
        await network.post(f"https://127.0.0.1:{peer.port}/", b"{}", {"Signature": "s"})
    assert caught.value.reason is Reason.TLS
    assert peer.requests == []
    await network.aclose()


async def test_plain_text_on_the_tls_port_is_a_tls_failure() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer("400 Bad Request"))
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    network = Network(allow_private=True, own_host="clinic.example", user_agent="t")
    with pytest.raises(FetchError) as caught:
        await network.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    assert caught.value.reason is Reason.TLS
    await network.aclose()
    server.close()
    await server.wait_closed()


def test_there_is_one_tls_context_a_process_and_it_checks() -> None:
    context = process_ssl_context()
    assert context is process_ssl_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
