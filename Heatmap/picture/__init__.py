"""One layer's picture, made in worker threads: reads, builds, scales, describes."""
