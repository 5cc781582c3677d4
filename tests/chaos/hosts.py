"""``make chaos-hosts``: two hosts with a service and a bot each, PostgreSQL with a standby, Redis,
an S3 store and HAProxy, all in network namespaces of their own. Hosts, networks and servers fail
under load.

Requesters text and send pictures, and agents have pages open, accept, answer and close. After each
fault, every text must be stored and sent once, every picture must be in the S3 store, and no agent
may be set to Away. Prints one line for each drill; ends with 1 if anything was lost, sent twice,
set to Away, or reconnected too slowly.

    python -m tests.chaos.hosts [DRILL...]
"""

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos import hosts_bots
from tests.chaos.hosts_bots import HostBot
from tests.chaos.hosts_cluster import ROOT, Cluster, ServiceHost, older_release
from tests.chaos.hosts_load import Load
from tests.support import hosts_network

SETTLED_WITHIN = 75.0  # seconds
RECONNECTED_WITHIN = 5.0  # seconds
LONGEST = 1500.0  # seconds for everything


class Drills:
    """The faults. ``failed`` records the moment of the failure, from which the reconnection of
    pages is measured.
    """

    def __init__(self, cluster: Cluster, failed: Callable[[], None]) -> None:
        self._cluster, self._failed = cluster, failed
        self._longer_than_a_lease = cluster.bot.longer_than_a_lease

    async def rolling_upgrade(self) -> None:
        """Both hosts run an older release. One host is upgraded, which migrates the database. The
        other host then starts the older release, which must refuse to serve, and then the new
        release.
        """
        a, b = self._cluster.services
        await self._drain_and_stop(a)
        a.start()
        await self._cluster.proxy_sees(2)
        await asyncio.sleep(3)
        await self._drain_and_stop(b)
        b.start(release=self._cluster.older)
        assert await asyncio.to_thread(b.ended) != 0, "the older release must refuse to start"
        b.start()
        await self._cluster.proxy_sees(2)

    async def _drain_and_stop(self, service: ServiceHost) -> None:
        self._cluster.ask_proxy(f"set server patchboard/{service.host.name} state drain")
        await asyncio.sleep(1)
        self._failed()
        await asyncio.to_thread(service.stop)
        # a draining host counts as neither up nor down
        self._cluster.ask_proxy(f"set server patchboard/{service.host.name} state ready")
        await self._cluster.proxy_sees(1)

    async def cable(self) -> None:
        """A host loses its cable for longer than a lease."""
        host = self._cluster.services[0].host
        self._failed()
        host.pull_cable()
        await asyncio.sleep(self._longer_than_a_lease)
        host.plug_in()
        await self._cluster.proxy_sees(2)

    async def split(self) -> None:
        """A host reaches its clients and the provider, but not the database, Redis and the S3
        store."""
        host, data = self._cluster.services[1].host, self._cluster.data
        self._failed()
        host.split_from(data)
        await asyncio.sleep(self._longer_than_a_lease)
        host.join(data)
        await self._cluster.proxy_sees(2)

    async def redis(self) -> None:
        """Redis stops, and starts again without data."""
        self._failed()
        self._cluster.stop_redis()
        await asyncio.sleep(6)
        self._cluster.start_redis()
        await asyncio.sleep(5)

    async def media_store(self) -> None:
        """The S3 store hangs. Pictures wait, and texts go on."""
        self._cluster.hang_s3()
        await asyncio.sleep(10)
        self._cluster.resume_s3()

    async def failover(self) -> None:
        """The primary loses its power, and three seconds later the standby becomes the primary."""
        await asyncio.to_thread(self._cluster.primary.kill)
        await asyncio.sleep(3)
        await asyncio.to_thread(self._cluster.standby.promote)
        self._failed()
        await self._cluster.proxy_sees(2)


NAMES = ("rolling_upgrade", "cable", "split", "redis", "media_store", "failover")


async def drill(cluster: Cluster, load: Load, name: str) -> int:
    """Run one drill, print its line, and return how much went wrong."""
    before = load.duplicated(), load.set_away()
    load.slowest_page()  # drops the measurements of the previous drill
    turns = load.turns()
    closed, failed, pictures = load.closed, load.failed_webhooks, load.pictures
    load.text(on=True)
    await asyncio.sleep(2)
    await getattr(Drills(cluster, load.note_failure), name)()
    await asyncio.sleep(3)
    load.text(on=False)
    while not load.all_connected():
        await asyncio.sleep(0.1)
    slowest = load.slowest_page()
    settled, lost, lost_pictures = await load.settled(SETTLED_WITHIN)
    after = load.duplicated(), load.set_away()
    twice, away = (now - then for now, then in zip(after, before, strict=True))
    print(
        f"{name}: lost={lost} duplicated={twice} away_by_mistake={away} "
        f"reconnect_max={slowest:.1f}s closed={load.closed - closed} "
        f"bot_turns={load.turns() - turns} "
        f"pictures={load.pictures - pictures} lost_pictures={lost_pictures} "
        f"fetched_by_sweep={load.failed_webhooks - failed} settled={settled:.0f}s",
        flush=True,
    )
    late = slowest > RECONNECTED_WITHIN
    return lost + lost_pictures + twice + away + late + (settled >= SETTLED_WITHIN)


async def run(folder: Path, names: list[str], bot: HostBot) -> int:
    async with asyncio.timeout(LONGEST):
        first = older_release(folder) if "rolling_upgrade" in names else ROOT
        async with Cluster(folder, first, bot) as cluster:
            load = Load(cluster.url, cluster.database_url, cluster.twilio, cluster.media(), bot)
            await load.begin()
            try:
                return sum([await drill(cluster, load, name) for name in names])
            finally:
                await load.end()


def main() -> int:
    hosts_network.enter()
    bot = hosts_bots.chosen()
    folder = Path(tempfile.mkdtemp(prefix="hosts-"))
    folder.chmod(0o755)
    began = time.monotonic()
    try:
        wrong = asyncio.run(run(folder, sys.argv[1:] or list(NAMES), bot))
        print(f"took {time.monotonic() - began:.0f} s", flush=True)
    finally:
        if os.environ.get("PATCHBOARD_CHAOS_KEEP") != "1":
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
