"""Which process this is, and whether it is leaving; told by the server, read by health checks and the live room."""

import os
import time

name = f"pid-{os.getpid()}"
draining = False  # once True no new work is taken, and it never turns back
started_monotonic = time.monotonic()
