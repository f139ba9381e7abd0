"""Small apps that do the same work as ours, each as its own documentation would have it. They run in the peers' venv."""
