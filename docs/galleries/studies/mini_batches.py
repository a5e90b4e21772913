"""
Batches: all, 64 or one example per step
========================================

The same network and the same learning rate, with the whole set as one batch, in mini-batches of 64,
and one example at a time.

**What you see.** Counted in epochs, single examples learn fastest: they make 3,000 steps where the
whole set makes one. Counted in seconds, mini-batches win, since a step over 64 rows costs hardly
more than over one. The course describes the three in words; these are the numbers.

.. image:: /recorded/mini_batches/cost.png
   :alt: Cost against epochs and against seconds for three sizes of batches; by seconds, mini-
         batches of 64 are the fastest

.. literalinclude:: /recorded/mini_batches/output.txt
   :language: text
   :class: recorded
   :caption: The full run
"""

# %%
# Try it
# ------
# ``--quick`` stops after a tenth of the epochs.

from experiments.mini_batches import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/mini_batches/cost.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/mini_batches.py
#    :language: python
