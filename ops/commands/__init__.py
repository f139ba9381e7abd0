"""The commands: each with its options, help and handler.

A module here lists its commands in COMMANDS, and imports heavy modules inside the handlers.
"""
