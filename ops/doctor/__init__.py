"""`ops doctor`: checks a deployed stage and says in plain words what is wrong and how to fix it."""
