"""Finds paths that both an app and Gatehouse define. The check runs when the app is loaded. Without this check, such a
conflict would appear only at the end of a deployment."""

from collections.abc import Iterable, Mapping

Routes = Mapping[str, Iterable[str]]


def refuse_collisions(theirs: Routes, ours: Routes) -> None:
    """Raise one ValueError that lists all conflicts between the app's routes and ours (path -> methods). Two routes
    conflict if method and path are the same, or if API Gateway cannot distinguish the paths."""
    both = sorted(
        f"{method} {path}"
        for path, methods in theirs.items()
        for method in set(methods) & set(ours.get(path, ()))
    )
    siblings = {path: find_sibling(path, ours) for path in theirs if "{" in path}
    unclear = sorted(f"{path} beside {own}" for path, own in siblings.items() if own)
    problems = [f"this app and Gatehouse both define {', '.join(both)}"] if both else []
    if unclear:
        problems.append(
            f"{', '.join(unclear)}: API Gateway requires one name for the parameter at the same place of a path"
        )
    if problems:
        raise ValueError(
            f"{'; '.join(problems)}. Mount Gatehouse below a prefix, "
            'Gatehouse(app, prefix="/account"), or rename your own routes'
        )


def find_sibling(path: str, ours: Iterable[str]) -> str | None:
    """Return one of our paths that API Gateway cannot distinguish from `path`, or None. To check two paths, look at the
    first segment that differs. If this segment is a parameter in both paths, API Gateway cannot distinguish them."""
    for own in ours:
        for mine, other in zip(own.split("/"), path.split("/"), strict=False):
            if mine == other:
                continue
            if mine.startswith("{") and other.startswith("{"):
                return own
            break
    return None
