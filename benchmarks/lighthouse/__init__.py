"""What the pages weigh and how Lighthouse sees them: `python -m benchmarks.lighthouse`."""
