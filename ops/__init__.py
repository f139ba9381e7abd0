"""The package of the command line: provisioning, deploying and the local AWS. The Lambda zip does not contain this
package.
"""
