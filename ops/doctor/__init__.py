"""The package of `ops doctor`, which checks a deployed stage. Doctor describes each fault in plain words, and says how
to fix the fault.
"""
