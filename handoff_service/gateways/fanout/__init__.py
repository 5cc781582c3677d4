"""Fan-out of hints to browsers and nudges to workers, within one process or across processes
through Redis. Also the rate limits that processes share through Redis."""
