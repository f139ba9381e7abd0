"""Makes QR codes as rows of modules (small black or white squares). The page itself draws the rows. The CSP can stay
strict, because the page needs no image and no `data:` URL.

Source: ISO/IEC 18004. With error correction level M, a phone can read the code even if part of the screen reflects
light. `segno` is imported on first use.
"""


def build_rows(text: str) -> list[str]:
    """Return the QR code of `text`, without the quiet zone. Each row is a string of `0` and `1`. All rows have the same
    length."""
    import segno

    symbol = segno.make(text, error="m", micro=False, boost_error=False)
    return ["".join("1" if module else "0" for module in row) for row in symbol.matrix]
