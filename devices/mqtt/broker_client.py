"""paho's client as aiomqtt drives it, with what neither has a setting for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiomqtt
import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

from devices.mqtt.decode import MAX_PAYLOAD
from devices.mqtt.publish_parser import PublishParser

LONGEST_PACKET = 2 * MAX_PAYLOAD
"""Bytes kept of a packet; MQTT allows 256 MiB, and a broker hands on whatever anybody publishes."""
PORTION = 64 * 1024
"""Bytes asked of the socket at once."""
PACKETS = 200
"""Packets handled in one turn of the loop."""


class ReadAhead:
    """Takes from a socket what is there and hands it out in the pieces that it is asked for.

    ``receive`` returns up to so many bytes, none at the end; it raises BlockingIOError where none is there.
    """

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._bytes, self._at = b"", 0
        self._over: OSError | None = None
        self._ended = False

    @property
    def held(self) -> bool:
        """Whether something waits here, of which the socket says nothing any more: bytes, or its end."""
        return self._at < len(self._bytes) or self._ended or self._over is not None

    def parse(self, parse: Callable[[bytes, int], int]) -> None:
        """Let ``parse`` take what it can; it is given bytes and a place, and returns where it stopped."""
        with contextlib.suppress(BlockingIOError):
            self._fetch()
        self._at = parse(self._bytes, self._at)

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none at the end. Raises what ``receive`` raises."""
        self._fetch()
        if self._over is not None:
            raise self._over
        begin, self._at = self._at, min(self._at + size, len(self._bytes))
        return self._bytes[begin : self._at]

    def _fetch(self) -> None:
        if self.held:
            return
        try:
            self._bytes, self._at = self._receive(PORTION), 0
            self._ended = not self._bytes
        except BlockingIOError:
            raise
        except OSError as error:
            self._over = error


class _BeginningOfPacket(bytearray):
    """What paho gathers a packet in; the rest of one that is too long is read and let go.

    Its payload is then longer than any that is decoded, so that it counts as malformed.
    """

    def __iadd__(self, more: Any) -> Self:  # type: ignore[misc]
        super().__iadd__(more[: max(0, LONGEST_PACKET - len(self))])
        return self


class BrokerClient(aiomqtt.Client):
    """aiomqtt's client, except that it reads ahead, bounds a packet, and watches no closed socket.

    paho asks the socket three times for each packet, a byte or two at first, and hands one packet to each
    turn of the loop: of small messages that was two thirds of what one costs.

    One message of 200 MB took 600 MB and held the loop for 28 s: paho asks the socket for all of it at each
    read, and so gets room for all of it each time.
    After a pause of this process a connection ends and begins in one breath: the loop was then asked to watch
    a number that is no socket, and said so with a traceback, or one that is by now somebody else's.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        paho: Any = self._client
        self._parser = PublishParser(self._queue.put_nowait, five=paho.protocol == mqtt.MQTTv5)
        ahead = self._ahead = ReadAhead(paho._sock_recv)  # noqa: SLF001 - paho has no setting for any of these
        read, self._read_some = paho._packet_read, paho.loop_read  # noqa: SLF001

        def read_bounded() -> MQTTErrorCode:
            packet = paho._in_packet  # noqa: SLF001
            if not packet["packet"]:
                packet["packet"] = _BeginningOfPacket()
            code: MQTTErrorCode = read()
            return code

        paho._sock_recv, paho._packet_read = ahead.read, read_bounded  # noqa: SLF001
        paho.loop_read = self._read_all

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect; after a packet that cannot be understood aiomqtt would leave the socket open."""
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            paho: Any = self._client
            paho._sock_close()  # noqa: SLF001

    def _read_all(self, max_packets: int = 1) -> MQTTErrorCode:
        """Read one portion, so that others get a turn: messages are parsed here, all else is by paho."""
        for _ in range(PACKETS):
            if self._between_packets:
                self._ahead.parse(self._parser.parse)
                if not self._ahead.held:
                    return MQTTErrorCode.MQTT_ERR_SUCCESS
            code: MQTTErrorCode = self._read_some(max_packets)
            if code or not self._ahead.held:
                return code
        self._loop.call_soon(self._go_on)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    @property
    def _between_packets(self) -> bool:
        """Whether paho has not begun a packet."""
        paho: Any = self._client
        return bool(paho._in_packet["command"] == 0)  # noqa: SLF001

    def _go_on(self) -> None:
        """Go on where the last turn ended: the loop sees nothing of what waits here."""
        if self._disconnected.done():
            return
        try:
            self._read_all()
        except Exception as error:  # noqa: BLE001 - passed to the subscriber, as aiomqtt does
            if not self._disconnected.done():
                self._disconnected.set_exception(error)

    def _on_socket_register_write(self, client: mqtt.Client, userdata: Any, sock: Any) -> None:  # noqa: ARG002
        number = sock.fileno()

        def do(work: Callable[..., object], *args: object) -> None:
            try:
                work(*args)
            except Exception as error:  # noqa: BLE001 - passed to the subscriber
                if not self._disconnected.done():
                    outage = error if isinstance(error, OSError) else aiomqtt.MqttError(str(error))
                    self._disconnected.set_exception(outage)

        def watch() -> None:
            if number >= 0 and sock.fileno() == number:
                # uvloop refuses where it saw the line end before us.
                do(self._loop.add_writer, number, do, client.loop_write)

        # paho may call this from the thread that connects.
        self._loop.call_soon_threadsafe(watch)
