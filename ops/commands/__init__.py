"""The package of the commands. Each command has its options, its help and its handler in one place.

Each module of this package lists its commands in `COMMANDS`, and imports heavy modules inside the handlers.
"""
