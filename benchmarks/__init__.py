"""The benchmarks behind docs/BENCHMARKS.md. Each compares Gatehouse with other libraries ("peers") in one run."""
