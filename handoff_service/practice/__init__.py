"""The practice desk: an agent answers past conversations, and nothing real is touched.

A practice run is a second ``AppContext`` on a SQLite file of its own. That file has never held a
real number, so no page, worker or rule of the practice desk can reach one. Its gateways are the
simulator and gateways that send nothing.

Three other designs were weaker:

- A flag on conversations in the desk's own database: every query, report and timer would have to
  respect it, and one that forgets it touches real people.
- A second service process: it needs a port, an address and a proxy rule from the admin.
- A faster clock: offers, event streams and countdowns measure real time.

The clock is therefore the real one. The texts keep the gaps of the original, divided by the run's
speed.
"""
