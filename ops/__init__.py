"""The operators' commands: provisioning, deploying, the local AWS. Never packaged."""
