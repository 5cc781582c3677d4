"""A queueing model that finds the limit of a desk on many hosts. Each *station* serves one text
after another, or several at once: the processor of a host, that of the database, the flush of the
WAL, a row that transactions lock in turn. A text visits them with measured *demands*: seconds of
the station for each text.

A station's demand bounds the rate of texts (the utilization law): ``servers / demand``. The desk's
bound is the lowest one. Below the bound, the mean wait at a station is that of M/M/c: texts arrive
at random and independently.

The model leaves out stations that were not measured, such as the network or the disk of another
machine, and demands that grow with the number of hosts.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A resource that texts use one after the other."""

    name: str
    demand: float  #: seconds of the station for each text
    #: the number of texts that the station serves at once; with ``per_host``, on each host
    servers: int = 1
    per_host: bool = False  #: each host has its own station

    def count(self, hosts: int) -> int:
        """The number of texts that the station serves at once with this number of hosts."""
        return self.servers * (hosts if self.per_host else 1)

    def most(self, hosts: int) -> float:
        """The most texts a second that the station can serve."""
        return self.count(hosts) / self.demand if self.demand else math.inf

    def utilization(self, hosts: int, rate: float) -> float:
        """The share of time in which the station is busy, at this rate of texts a second."""
        return rate / self.most(hosts)

    def response(self, hosts: int, rate: float) -> float:
        """Mean seconds of a text at the station, with the wait. Infinite at or above its bound."""
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
    """The bound of the desk.

    Args:
        stations: At least one.
    """
    first = min(stations, key=lambda one: one.most(hosts))
    return Bound(hosts=hosts, rate=first.most(hosts), station=first)


def in_order(stations: Iterable[Station], hosts: int) -> list[Station]:
    """The stations, sorted so that the first one reaches its limit first."""
    return sorted(stations, key=lambda one: one.most(hosts))


def response(stations: Iterable[Station], hosts: int, rate: float) -> float:
    """The sum of the mean seconds of a text at all stations."""
    return sum(one.response(hosts, rate) for one in stations)


def erlang_c(servers: int, offered: float) -> float:
    """The share of arrivals that must wait at M/M/c.

    Args:
        servers: At least one.
        offered: Arrivals a second times seconds of service; less than ``servers``.
    """
    # Erlang B, from no server up to all of them, one more in each turn; this form never overflows
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked / (1 - offered / servers * (1 - blocked))


@dataclass(frozen=True, slots=True)
class Batched:
    """The demand of group commits: some seconds for each transaction, and some for each text."""

    transaction: float
    text: float

    def demand(self, batch: float) -> float:
        """Seconds for each text, when this number of texts shares a transaction."""
        return self.transaction / batch + self.text


def fit(points: Sequence[tuple[float, float]]) -> Batched:
    """Find both parts from measurements, by least squares; neither becomes negative.

    Args:
        points: Texts in each transaction, and seconds for each transaction. At least two, with
            different numbers of texts.
    """
    x, y = (sum(one[n] for one in points) / len(points) for n in (0, 1))
    slope = sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)
    slope = min(max(slope, 0.0), y / x)
    return Batched(y - slope * x, slope)
