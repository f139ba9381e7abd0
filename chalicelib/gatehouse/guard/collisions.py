"""Paths that an app and Gatehouse both want: found while the app loads, not at the end of a deployment."""

from collections.abc import Iterable, Mapping

Routes = Mapping[str, Iterable[str]]


def refuse_collisions(theirs: Routes, ours: Routes) -> None:
    """Raise one ValueError for all routes (path -> methods) that both sides have, or that API Gateway cannot tell apart."""
    both = sorted(
        f"{method} {path}"
        for path, methods in theirs.items()
        for method in set(methods) & set(ours.get(path, ()))
    )
    siblings = {path: find_sibling(path, ours) for path in theirs if "{" in path}
    unclear = sorted(f"{path} beside {own}" for path, own in siblings.items() if own)
    problems = [f"{', '.join(both)}: this app and Gatehouse both have it"] if both else []
    if unclear:
        problems.append(f"{', '.join(unclear)}: API Gateway wants one name for a path parameter")
    if problems:
        raise ValueError(
            f"{'; '.join(problems)}. Mount Gatehouse below a prefix, "
            'Gatehouse(app, prefix="/account"), or rename yours'
        )


def find_sibling(path: str, ours: Iterable[str]) -> str | None:
    """Return a path of ours that names a parameter otherwise at the same place, or None."""
    for own in ours:
        for mine, other in zip(own.split("/"), path.split("/"), strict=False):
            if mine == other:
                continue
            if mine.startswith("{") and other.startswith("{"):
                return own
            break
    return None
