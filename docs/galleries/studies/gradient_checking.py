"""
Gradient checking, with the course's numbers
============================================

The assignment compares backpropagation with difference quotients, by one number and a threshold. A
checker with error bars says which gradient is wrong, and why.

**What you see.** The relative errors are the assignment's, digit by digit: 0.285 for its planted
bugs, and 1.189e-07 for the network *without* a bug, which exceeds the assignment's own threshold.
That is rounding: the complex step leaves 1e-14. The picture shows which elements are wrong by more
than their error bar; what is wrong with them is in the report, *an extra factor of 2*.

.. image:: /recorded/gradient_checking/errors.png
   :alt: The wrong network's matrices, element by element: those of W2 that are wrong stand out

.. literalinclude:: /recorded/gradient_checking/output.txt
   :language: text
   :class: recorded
   :caption: The full run
   :end-before: A right network
"""

# %%
# Try it
# ------
# ``--quick`` checks the network on the cat image by directions instead of each of its 61,481
# elements.

from experiments.gradient_checking import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/gradient_checking/errors.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/gradient_checking.py
#    :language: python
