"""Stress tests of what minidl reads and writes, and of trainings that are stopped."""
