"""The benchmarks behind docs/BENCHMARKS.md. Each benchmark compares Gatehouse with other libraries ("peers"), measured
in the same run."""
