"""
Cat or not: four layers
=======================

The last assignment of the first course: 12288-20-7-5-1 on 209 pictures of 64 x 64 pixels.

**What you see.** A network of 245,973 weights nearly memorizes 209 pictures, and is right on 40 of
50 new ones: 0.986 and 0.80, the course's figures. To guess "cat" every time would be right on 33.
The cost of the test pictures rises from epoch 800 on: the network grows surer of its mistakes. The
spikes are steps that were too long, of the assignment's learning rate.

.. image:: /recorded/cats/cost.png
   :alt: Cost against epochs: that of the training pictures falls from 0.69 to below 0.1, that of
         the test pictures falls to 0.5 and rises again to 0.8

.. literalinclude:: /recorded/cats/output.txt
   :language: text
   :class: recorded
   :caption: The full run

Recorded with the course's own pictures, which may not be distributed; :doc:`where to put yours
</datasets>`.
"""

# %%
# Try it
# ------
# ``--quick`` halves the height and width of the pictures and trains a smaller network; here the
# pictures are stand-ins that minidl draws, which are easier than cats.

from experiments.cats import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/cats/cost.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/cats.py
#    :language: python
