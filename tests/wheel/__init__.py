"""Tests of the wheel `chalice-gatehouse`. The tests build the wheel, and use the wheel outside the checkout."""
