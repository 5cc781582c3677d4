"""One worker process, started by the supervisor process: ``python -m
handoff_service.server.worker_process SOCKET LIFELINE FOLDER PLACE``.

The first two arguments are file descriptors: the listening socket that all workers share, and the
lifeline. Through the lifeline, the worker reports that it is ready, and notices that the supervisor
has ended. The other two arguments say where the worker keeps its metrics (``metrics.share``).
"""

import socket
import sys
from collections.abc import Sequence

from handoff_service import log, metrics, settings
from handoff_service.app.http_app import create_app
from handoff_service.server import serving


def main(arguments: Sequence[str]) -> int:
    """Serve until a signal stops the process."""
    *sockets, folder, place = arguments
    listening, lifeline = (socket.socket(fileno=int(number)) for number in sockets)
    metrics.share(folder, int(place))
    config = settings.read()
    log.start(config.log)
    serving.run(lambda: create_app(config), listening, lifeline=lifeline)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
