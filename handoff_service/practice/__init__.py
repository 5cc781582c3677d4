"""The practice desk: an agent answers past conversations, and no real person gets a text.

A practice run is a second ``AppContext`` with its own SQLite file. That file never contains a real
number, so no page, worker or rule of the practice desk can text one. Its gateways are the simulator
and gateways that send nothing.

We rejected three other designs:

- A flag on conversations in the desk's own database. Every query, report and timer would have to
  respect the flag. One that ignored it could text real people.
- A second service process. The admin would have to set up a port, an address and a proxy rule.
- A faster clock. Offers, event streams and countdowns measure real time.

The practice desk therefore uses the real clock. Between two texts it waits as long as in the
original conversation, but at most ten minutes, divided by the run's speed.
"""
