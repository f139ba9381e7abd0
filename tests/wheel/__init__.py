"""Tests of the wheel `chalice-gatehouse`, which is built here and used outside the checkout."""
