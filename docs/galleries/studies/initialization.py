"""
Initial weights: random, and not too large
==========================================

Why a network cannot start from zeros, and what too large a start costs: five kinds of initial
weights for one network, 2-10-5-1, on two circles.

**What you see.** From zeros, no unit ever differs from another, and the network answers one half
everywhere. Large random weights start with a cost over 1,000 and end with a boundary that cuts
corners. Those of He and Xavier, scaled by the number of inputs, find the circle. The accuracies are
those of the course's assignment, to the last digit it gives.

.. image:: /recorded/initialization/boundaries.png
   :alt: Four decision boundaries between two circles of points: none from zero weights, a ragged
         one from large random weights, a clean circle from He's and from Xavier's

.. literalinclude:: /recorded/initialization/output.txt
   :language: text
   :class: recorded
   :caption: The full run

.. image:: /recorded/initialization/cost.png
   :alt: Cost against epochs from five kinds of initial weights; on a logarithmic axis for the
         first epochs, where large weights begin above 1,000
"""

# %%
# Try it
# ------
# ``--quick`` has a tenth of the epochs at ten times the learning rate.

from experiments.initialization import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/initialization/boundaries.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/initialization.py
#    :language: python
