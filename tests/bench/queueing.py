"""A queueing model that finds the limit of a desk on many hosts. A *station* serves one text after
another, or several at once. Stations are a host's processor, the database's processor, the flush of
the WAL, and a row that transactions lock in turn. Each text has a measured *demand* at each
station: the seconds that the station needs for the text.

A station's demand limits the rate of texts to ``servers / demand`` (the utilization law). The
desk's bound is the lowest limit. Below the bound, the mean wait at a station is that of an M/M/c
queue, in which texts arrive at random and independently.

The model leaves out stations that were not measured, such as the network or the disk of another
machine, and demands that grow with the number of hosts.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A resource that texts use in turn."""

    name: str
    demand: float  #: seconds that the station needs for each text
    #: the number of texts that the station serves at once; with ``per_host``, the number on each
    #: host
    servers: int = 1
    per_host: bool = False  #: whether each host has its own station

    def count(self, hosts: int) -> int:
        """Return the number of texts that the station serves at once with this number of hosts."""
        return self.servers * (hosts if self.per_host else 1)

    def most(self, hosts: int) -> float:
        """Return the highest rate of texts a second that the station can serve."""
        return self.count(hosts) / self.demand if self.demand else math.inf

    def utilization(self, hosts: int, rate: float) -> float:
        """Return the share of time in which the station is busy, at this rate of texts a second."""
        return rate / self.most(hosts)

    def response(self, hosts: int, rate: float) -> float:
        """Return the mean seconds of a text at the station, including the wait. The result is
        infinite at or above the station's limit.
        """
        if not self.demand:
            return 0.0
        servers = self.count(hosts)
        offered = rate * self.demand
        if offered >= servers:
            return math.inf
        return self.demand + erlang_c(servers, offered) * self.demand / (servers - offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The highest rate of texts on this number of hosts, and the station that is always busy at
    this rate.
    """

    hosts: int
    rate: float  #: texts a second
    station: Station


def bound(stations: Iterable[Station], hosts: int) -> Bound:
    """Return the bound of the desk.

    Args:
        stations: At least one.
    """
    first = min(stations, key=lambda one: one.most(hosts))
    return Bound(hosts=hosts, rate=first.most(hosts), station=first)


def in_order(stations: Iterable[Station], hosts: int) -> list[Station]:
    """Return the stations, sorted so that the first one reaches its limit first."""
    return sorted(stations, key=lambda one: one.most(hosts))


def response(stations: Iterable[Station], hosts: int, rate: float) -> float:
    """Return the sum of a text's mean seconds at all stations."""
    return sum(one.response(hosts, rate) for one in stations)


def erlang_c(servers: int, offered: float) -> float:
    """Return the share of arrivals that must wait at an M/M/c queue.

    Args:
        servers: At least one.
        offered: Arrivals a second times seconds of service; less than ``servers``.
    """
    # Erlang B, computed for one more server in each turn. This form never overflows.
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


@dataclass(frozen=True, slots=True)
class Batched:
    """The demand of group commits: a part for each transaction and a part for each text."""

    transaction: float
    text: float

    def demand(self, batch: float) -> float:
        """Return the seconds for each text if this number of texts shares a transaction."""
        return self.transaction / batch + self.text


def fit(points: Sequence[tuple[float, float]]) -> Batched:
    """Find both parts from measurements by least squares. Neither part becomes negative.

    Args:
        points: Texts in each transaction, and seconds for each transaction. At least two, with
            different numbers of texts.
    """
    x, y = (sum(one[n] for one in points) / len(points) for n in (0, 1))
    slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
    slope = min(max(slope, 0.0), y / x)
    return Batched(y - slope * x, slope)
