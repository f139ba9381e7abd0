"""Makes QR codes as rows of modules. The page itself draws the rows, so the page needs no image and no data: URL, and the
CSP can stay strict.

Source: ISO/IEC 18004; with error correction level M, a phone can read the code even if light reflects on part of the
screen. `segno` is imported on first use.
"""


def build_rows(text: str) -> list[str]:
    """Return the QR code of `text`, without the quiet zone. Each row is a text of `0` and `1`, and all rows have the same
    length."""
    import segno

    symbol = segno.make(text, error="m", micro=False, boost_error=False)
    return ["".join("1" if module else "0" for module in row) for row in symbol.matrix]
