"""Changes the identity template for a test: in a temporary copy, never in the real file."""

import atexit
import tempfile
from pathlib import Path

from tests.soak.defence import Off, Stale


def template_with(old: str, new: str) -> Off:
    """Replace the template's path by that of a copy in which `new` replaces every `old`."""

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
