"""`ops doctor`: looks at a deployed stage and says in plain words what is wrong and how to mend it."""
