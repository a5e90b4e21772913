"""
Optimizers: gradient descent, momentum, Adam
============================================

Three optimizers from the same weights on the same batches, then through a narrow valley, then
beside LBFGS and conjugate gradients.

**What you see.** In the valley gradient descent jumps from wall to wall; momentum swings, which
allows a larger learning rate; Adam takes steps of the same size in both directions and turns in at
once. On the moons momentum hardly differs from plain descent at this small learning rate, and Adam
is as far after a thirtieth of the epochs: 79.7, 79.7 and 94.0 %, as in the course's assignment.

.. image:: /recorded/optimization/valley.png
   :alt: Paths through a long narrow valley: gradient descent jumps from wall to wall, momentum
         swings, Adam turns into the valley at once

.. literalinclude:: /recorded/optimization/output.txt
   :language: text
   :class: recorded
   :caption: The full run

.. image:: /recorded/optimization/cost.png
   :alt: Cost against epochs: gradient descent and momentum on one line, Adam far below
"""

# %%
# Try it
# ------
# ``--quick`` trains 100 epochs, before gradient descent has learned much.

from experiments.optimization import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/optimization/valley.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/optimization.py
#    :language: python
