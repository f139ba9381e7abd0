"""Lambda's environment without AWS: its runtime client, and a stand-in for the Runtime API."""
