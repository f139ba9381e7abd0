"""The package of the commands. The options, the help and the handler of a command are in one place.

Each module of this package lists its commands in `COMMANDS`, and imports heavy modules inside the handlers.
"""
