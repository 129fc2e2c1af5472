"""`manage.py serve` that says, at each SIGUSR1, what it holds of connections. It has no collector of cycles: what is gone
here is gone without one.
"""

import gc
import json
import signal
import sys
from collections import Counter
from typing import Any

from django.core.management import execute_from_command_line

KINDS = {"LeanProtocol": "websockets", "HTTPChannel": "channels", "Request": "requests"}


def kind_of(one: object) -> str | None:
    return next((KINDS[base.__name__] for base in type(one).__mro__ if base.__name__ in KINDS), None)


def inventory() -> dict[str, Any]:
    from tradedash import lean

    held = [(kind, one) for one in gc.get_objects() if (kind := kind_of(one))]
    websockets = [one for kind, one in held if kind == "websockets"]
    return {
        **dict.fromkeys(KINDS.values(), 0),
        **Counter(kind for kind, _ in held),
        "in_dicts": sorted({name for one in websockets for name in vars(one)}),
        "of_handshakes": sorted({name for one in websockets for name in lean.HANDSHAKE if hasattr(one, name)}),
    }


def say(*_: object) -> None:
    sys.stdout.write(json.dumps(inventory()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    gc.disable()
    signal.signal(signal.SIGUSR1, say)
    execute_from_command_line(["manage.py", "serve", *sys.argv[1:]])
