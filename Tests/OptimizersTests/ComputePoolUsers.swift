import Testing

/// Tests that change the number of threads: the pool is one for the process, so they run one after the other.
@Suite(.serialized) enum ComputePoolUsers {}
