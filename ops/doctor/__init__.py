"""The package of `ops doctor`, which checks a deployed stage. It says in plain words what is wrong, and how to fix each
fault.
"""
