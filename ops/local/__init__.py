"""The local AWS: MiniStack with mends, an Okta stand-in, a front proxy, and what starts them."""
