"""General helpers: validation, random numbers, files, work arrays, lazy imports, parts."""
