"""What runs in Lambda: `gatehouse/`, and what a team puts beside it."""
