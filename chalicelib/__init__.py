"""The code that runs in Lambda: `gatehouse/`, and a team's own modules."""
