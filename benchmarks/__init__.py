"""The benchmarks behind docs/BENCHMARKS.md. Each compares with a peer in the same run and prints ratios."""
