"""Changes the identity template for a test. The change is in a temporary copy of the file."""

import atexit
import tempfile
from pathlib import Path

from tests.soak.defence import Off, Stale


def template_with(old: str, new: str) -> Off:
    """Replace the template's path by the path of a copy. In the copy, `new` replaces every `old`."""

    def off(original: Path) -> Path:
        text = original.read_text(encoding="utf-8")
        if old not in text:
            raise Stale(f"the template has no `{old}`")
        with tempfile.NamedTemporaryFile(
            "w", suffix=".yaml", prefix="gatehouse-soak-", delete=False, encoding="utf-8"
        ) as copy:
            copy.write(text.replace(old, new))
        made = Path(copy.name)
        atexit.register(made.unlink, missing_ok=True)
        return made

    return off
