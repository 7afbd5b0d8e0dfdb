"""The other end of the ingest benchmark: a websocket server that sends prepared book tickers.

It frames them once at its start, so that the client is what is measured.
"""

import asyncio
import base64
import hashlib
import struct
import sys

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455, section 1.3."""
PER_WRITE = 50
SETTLE_SECONDS = 0.3
"""Between handshake and first message: the client gets its loop going."""
EVENT = (
    '{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":%d,"s":"BTCUSDT","ps":"BTCUSDT",'
    '"b":"769%02d.40","B":"0.%04d","a":"76999.50","A":"18%d.3812","T":1789467546365,'
    '"E":1789467546365,"st":1}}'
)


def frame(number: int) -> bytes:
    """Return one event as an unmasked text frame."""
    payload = (EVENT % (number, number % 97, number % 9_973 + 1, number % 7)).encode()
    return b"\x81\x7e" + struct.pack(">H", len(payload)) + payload


class Firehose:
    """Sends the same events to everyone who connects, as fast as taken, or at a pace.

    Args:
        count: Events per connection.
        rate: Events per second, 0 for as fast as they are taken.
    """

    def __init__(self, count: int, rate: float) -> None:
        """Prepare the frames."""
        self._frames = [frame(number + 1) for number in range(count)]
        self._rate = rate

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Shake hands, send, wait for the client to leave."""
        head = await reader.readuntil(b"\r\n\r\n")
        fields = (line.partition(b":") for line in head.split(b"\r\n"))
        keys = [value.strip() for name, _, value in fields if name.lower() == b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(keys[0] + MAGIC, usedforsecurity=False).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        await asyncio.sleep(SETTLE_SECONDS)
        try:
            await (self._paced(writer) if self._rate else self._flood(writer))
            await reader.read()
        except OSError:
            pass
        finally:
            writer.close()

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        for start in range(0, len(self._frames), PER_WRITE):
            writer.write(b"".join(self._frames[start : start + PER_WRITE]))
            await writer.drain()

    async def _paced(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, one in enumerate(self._frames):
            wait = began + number / self._rate - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            writer.write(one)


async def main(count: int, rate: float) -> None:
    """Print the port, then serve until killed."""
    server = await asyncio.start_server(Firehose(count, rate).serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
