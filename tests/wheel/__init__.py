"""The wheel `chalice-gatehouse`, built here and used outside of the checkout."""
