"""
Normalization at depth 20
=========================

Twenty layers, plain gradient descent: without normalization, with ``BatchNorm`` and with
``LayerNorm``, from Xavier's and from He's initial weights.

**What you see.** From Xavier's weights, whose variance is half of what a ReLU needs, the gradients
are as small as 1e-5 in every layer, and after 60 epochs the network has hardly left the level of
chance. Either normalization cures it. So do He's weights without any, though one of five seeds ends
much worse.

.. image:: /recorded/normalization/cost.png
   :alt: Cost against epochs: without normalization and from Xavier's weights it stays at the level
         of chance, with either normalization it falls

.. literalinclude:: /recorded/normalization/output.txt
   :language: text
   :class: recorded
   :caption: The full run
"""

# %%
# Try it
# ------
# ``--quick`` has Xavier's weights, two seeds and 10 epochs: enough to see it.

from experiments.normalization import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/normalization/cost.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/normalization.py
#    :language: python
