"""
Convolutions beside full connections
====================================

The hand signs and the cats again, with the same time for both networks, from ten seeds and ten
splits.

**What you see.** Each point is a training with other test pictures. On both sets the convolutions
are better, with a fortieth of the weights or less: what is part of a cat in one corner is part of
one in any other. The points also show how little a single split tells, with test sets this small.

.. image:: /recorded/convolution/accuracy.png
   :alt: Accuracy on test pictures for a fully connected network and convolutions, ten seeds each
         with mean and deviation, on signs and on cats

.. literalinclude:: /recorded/convolution/output.txt
   :language: text
   :class: recorded
   :caption: The full run

Recorded with the course's own pictures, which may not be distributed; :doc:`where to put yours
</datasets>`.
"""

# %%
# Try it
# ------
# ``--quick`` has the cats alone, stand-ins of half the size, and two seeds.

from experiments.convolution import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/convolution/accuracy.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/convolution.py
#    :language: python
