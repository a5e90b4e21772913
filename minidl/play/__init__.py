"""A page on this computer to play with a network: `minidl play` (extra `play`)."""
