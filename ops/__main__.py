"""`python -m ops`."""

import sys

from .cli import main

sys.exit(main())
