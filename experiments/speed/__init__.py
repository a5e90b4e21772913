"""The benchmark of the project: how fast minidl trains, checks, predicts, is imported and reads, beside others, and how costs grow."""
