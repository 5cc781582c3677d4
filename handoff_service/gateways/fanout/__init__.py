"""Fan-out within one process, or across processes by Redis: hints to browsers, nudges to workers.

It may import store.engine, worker, lib and log.
"""
