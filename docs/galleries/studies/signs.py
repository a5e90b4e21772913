"""
Hand signs: six classes
=======================

A softmax over six classes, Adam and mini-batches: the assignment "TensorFlow tutorial", without
TensorFlow.

**What you see.** The rows are the signs that were shown, the columns what the network says. It has
memorized all training pictures, and confuses neighbouring numbers of fingers in new ones.
The course has 0.999 and 0.717 with its 1,080 training pictures; the recorded run has only the 120
of its test set, of which 96 are trained on.

.. image:: /recorded/signs/confusion.png
   :alt: Confusion matrix of the signs for the numbers 0 to 5: most of the test pictures are on the
         diagonal

.. literalinclude:: /recorded/signs/output.txt
   :language: text
   :class: recorded
   :caption: The full run

Recorded with ``test_signs.h5`` of the course, which may not be distributed; :doc:`where to put
yours </datasets>`.

.. image:: /recorded/signs/cost.png
   :alt: Cost against epochs: it falls from 1.8 to nearly zero
"""

# %%
# Try it
# ------
# ``--quick`` halves the height and width of the pictures and trains a smaller network; here the
# pictures are hands that minidl draws.

from experiments.signs import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/signs/confusion.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/signs.py
#    :language: python
