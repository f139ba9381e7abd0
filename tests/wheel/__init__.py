"""Tests of the wheel `chalice-gatehouse`. The tests build the wheel and use it outside the checkout."""
