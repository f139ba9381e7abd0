"""The benchmarks behind docs/BENCHMARKS.md. Each benchmark compares Gatehouse with other libraries ("peers") in one
run."""
