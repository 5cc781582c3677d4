"""Shares compiled page templates between the processes of a test run. Only the first process that
needs a template compiles it.
"""

import os
from pathlib import Path

from jinja2 import FileSystemBytecodeCache

from handoff_service.web.shared.rendering import environment
from tests.support.run_folder import TEMPLATES


def share_compiled_templates() -> None:
    """Keep the templates of this process in the run's folder. Without a test run, change nothing:
    a benchmark has no such folder."""
    if folder := os.environ.get(TEMPLATES):
        Path(folder).mkdir(mode=0o700, exist_ok=True)
        environment().bytecode_cache = FileSystemBytecodeCache(folder)
