"""
Attention: where it looks
=========================

A layer of attention learns to turn a sequence round, and two of them to sort it, from examples
alone.

**What you see.** Each row is a position of the answer, each column a letter of the question; dark
is where it looks. Position 1 looks at the last letter, position 8 at the first: the network has
drawn the solution. Without positional encoding it cannot tell where a letter stands, and fails.

.. image:: /recorded/attention/reverse.png
   :alt: Attention of each position to each letter of a sequence: a dark diagonal from one corner
         to the other

.. literalinclude:: /recorded/attention/output.txt
   :language: text
   :class: recorded
   :caption: The full run

.. image:: /recorded/attention/accuracy.png
   :alt: Share of letters that are right against epochs, with and without positions, for turning
         round and for sorting
"""

# %%
# Try it
# ------
# ``--quick`` turns sequences round, from one seed.

from experiments.attention import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/attention/reverse.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/attention.py
#    :language: python
