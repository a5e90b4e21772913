"""Search for the edit of a wrong backward function that makes its gradients right.

`source` finds the syntax tree of the function, `edits` lists small changes of it, each with the
mistake that it undoes, `interpreter` runs the tree with one of them, and `search` compares what it
gives with the numeric gradients.
"""
