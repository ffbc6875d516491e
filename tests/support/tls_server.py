"""Modbus over TLS as others make it: pymodbus's server, and one that says why it hangs up."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

from pymodbus.server import ModbusTlsServer
from pymodbus.simulator import DataType, SimData, SimDevice

from support.certificates import CertificateFiles

WORDS = [11, 22, 33, 44]


def server_context(files: CertificateFiles, clients: str = "", *, newest: bool = True) -> ssl.SSLContext:
    """Return what a server is made with; ``clients``: the authority of those it lets in, "": everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    if not newest:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


@asynccontextmanager
async def pymodbus_tls(context: ssl.SSLContext) -> AsyncIterator[int]:
    """Serve device 1, whose first holding registers are WORDS, and yield the port."""
    device = SimDevice(1, simdata=[SimData(0, values=WORDS, datatype=DataType.REGISTERS)])
    server = ModbusTlsServer(device, address=("127.0.0.1", 0), sslctx=context)
    await server.listen()
    try:
        yield server.transport.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


@dataclass
class TalkingServer:
    """Shakes hands as OpenSSL does, telling why where it refuses; it serves nothing."""

    context: ssl.SSLContext
    refused: list[str] = field(default_factory=list)
    port: int = 0

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with contextlib.suppress(OSError), peer:
                try:
                    wrapped = self.context.wrap_socket(peer, server_side=True)
                except ssl.SSLError as error:
                    self.refused.append(error.reason or "")
                    peer.shutdown(socket.SHUT_WR)
                    # What is left unread would reset the line before its alert is read.
                    while peer.recv(1000):
                        pass
                else:
                    with wrapped:
                        wrapped.recv(1000)


@contextmanager
def talking_server(context: ssl.SSLContext) -> Iterator[TalkingServer]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = TalkingServer(context, port=listening.getsockname()[1])
    thread = threading.Thread(target=server.serve, args=(listening,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()
