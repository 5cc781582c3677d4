"""A TCP connection to PostgreSQL that a test can unplug or silence."""

import asyncio


class Cable:
    """Forwards bytes between a free port of this machine and a server."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._open: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    @classmethod
    async def to(cls, url: str) -> "tuple[Cable, str]":
        """Start a cable to a database's server. Return the cable, and the database's address
        through the cable.
        """
        host, _, rest = url.removeprefix("postgresql://").partition(":")
        port, _, name = rest.partition("/")
        made = cls(host.rpartition("@")[2], int(port))
        return made, f"postgresql://{host}:{await made.plug_in()}/{name}"

    async def plug_in(self, port: int = 0) -> int:
        """Accept connections at the given port or a free one. Return the port."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self.port

    async def pull(self) -> None:
        """Break every connection and refuse new ones."""
        self._server.close()
        self._flows.set()
        for writer in list(self._open):
            writer.transport.abort()

    def hang(self) -> None:
        """Still accept connections and bytes, but forward nothing."""
        self._flows.clear()

    def flow(self) -> None:
        """Forward bytes again, beginning with those that ``hang`` held back."""
        self._flows.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._to)
        self._open |= {writer, back}
        await asyncio.gather(
            self._pump(reader, back), self._pump(there, writer), return_exceptions=True
        )
        self._open -= {writer, back}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
        finally:  # Whenever this end is lost, close the other end too.
            writer.close()
