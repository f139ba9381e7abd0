"""Small apps that do the same work as our app, each written as the library's documentation recommends. The apps run in
the peers' virtual environment."""
