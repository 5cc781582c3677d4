"""Fan-out within one process, or across processes through Redis: hints to browsers, nudges to
workers.

These modules may import store.engine, worker, lib and log.
"""
