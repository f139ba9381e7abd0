"""Small apps that do the same work as ours, each as its own documentation recommends. They run in the peers' virtual
environment."""
