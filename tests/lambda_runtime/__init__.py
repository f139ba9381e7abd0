"""The environment of AWS Lambda without AWS: Lambda's runtime client, and a stand-in for the Runtime API."""
