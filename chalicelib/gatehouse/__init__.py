"""Gatehouse: the sign-in. It knows nothing of where it stands; docs/architecture.md shows how the parts hang together."""

__version__ = "0.1.0"
