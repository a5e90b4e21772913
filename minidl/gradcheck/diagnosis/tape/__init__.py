"""The operations of a function, recorded, and what mistakes in the backward of one of them give."""
