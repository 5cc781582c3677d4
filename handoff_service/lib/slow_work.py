"""Threads for work that uses a processor core for a while, such as parsing a desk file or hashing
identity facts.

At most two such threads run at a time, so that cores and threads remain for other work."""

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

AT_ONCE = 2


async def run_slow[**P, R](function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in one of these threads. If the caller is canceled, the function still
    finishes."""
    call = functools.partial(function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_threads(), call)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="slow-work")
