"""Fan-out of hints to browsers: within one process, or across processes by Redis.

It may import store.engine, lib and log.
"""
