import Testing

/// Everything that runs the `longtail` program, one test after the other: each fills the machine already.
@Suite(.serialized) struct ProcessTests {}
