#!/usr/bin/env python
"""The one command line of TradeDash: `manage.py help` lists what it can do."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradedash.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        # A wrong variable is the operator's to mend: one sentence, no traceback.
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
