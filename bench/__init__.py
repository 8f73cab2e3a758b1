"""Benchmarks of nacre beside other frameworks. bench/README.md tells how to run and read them."""
