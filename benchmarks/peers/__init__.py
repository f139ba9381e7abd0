"""Small apps that do the same work as our app. Each app is written as the documentation of its library recommends. The
apps run in the peers' virtual environment."""
