"""Fan-out of hints to browsers and nudges to workers, within one process or across processes
through Redis.

These modules may import store.engine, worker, lib and log.
"""
