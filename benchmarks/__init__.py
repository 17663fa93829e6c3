"""Speed, each time as a ratio against a named peer measured in the same run: `nox -s benchmarks`."""
