"""A way for clients that trust only the machine's own certificate authorities to an embedded
store: plain TCP on loopback in front, TLS behind. Every byte passes unchanged, signatures too."""

import asyncio
import ssl
import threading
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def tunnel(endpoint: str, ca_bundle: str) -> Iterator[str]:
    """The address of a tunnel to `endpoint`, open until the block ends."""
    at = urlsplit(endpoint)
    trust = ssl.create_default_context(cafile=ca_bundle)
    open_ends: set[StreamWriter] = set()

    async def connect(reader: StreamReader, writer: StreamWriter) -> None:
        open_ends.add(writer)
        with suppress(OSError):
            # Clients open connections that they may never use; the store need not see those.
            if first := await reader.read(_AT_ONCE):
                far_reader, far_writer = await asyncio.open_connection(
                    at.hostname, at.port, ssl=trust
                )
                open_ends.add(far_writer)
                far_writer.write(first)
                await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        writer.close()

    async def end() -> None:
        server.close()
        for each in open_ends:
            each.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # until the transports have heard of it

    # A loop of its own, since one TLS connection must not be read and written by two threads.
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(connect, "127.0.0.1"))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


_AT_ONCE = 65_536  # bytes


async def _pump(source: StreamReader, sink: StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(_AT_ONCE):
            sink.write(data)
            await sink.drain()
    sink.close()
