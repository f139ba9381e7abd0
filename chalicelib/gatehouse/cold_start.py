"""What makes a cold start shorter.

Imports and botocore's models make many objects that stay. To look for garbage among them every 700 new ones, as is
Python's default, takes a tenth of a cold start. Source: Python's `gc.set_threshold`.
"""

import gc

#: New objects until the youngest are looked through; older generations wait in proportion. A few MB at most.
NEW_OBJECTS = 50_000


def collect_less() -> None:
    """Let the garbage collector of this process look less often; `Gatehouse` does it as soon as it is made."""
    gc.set_threshold(NEW_OBJECTS)
