"""The commands of `ops`. Each command's options, help and handler are in one place.

Each module of this package lists its commands in `COMMANDS`, and imports heavy modules inside the handlers.
"""
