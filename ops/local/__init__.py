"""The package of the local AWS: MiniStack with patches, an Okta stand-in, a front proxy, and the code that starts these
programs.
"""
