"""What runs on a person's machine: provisioning, deploying, the local AWS. Never packaged."""
