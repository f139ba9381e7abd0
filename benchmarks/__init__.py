"""The benchmarks whose figures are in docs/BENCHMARKS.md. Each benchmark measures Gatehouse and other libraries
("peers") in the same run, and compares the figures."""
