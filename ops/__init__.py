"""The commands of `ops`: provisioning, deploying, the local AWS. They are never part of the Lambda zip."""
