"""The commands: each with its options, its help and its handler side by side.

A module here lists its commands in COMMANDS, and imports what is heavy inside the handlers.
"""
