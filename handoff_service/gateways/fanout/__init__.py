"""Fan-out of hints to browsers: within one process, and across processes by Redis.

It may import store.engine, lib and log.
"""
