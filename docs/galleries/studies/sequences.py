"""
Sequences: what an RNN forgets
==============================

Two numbers are marked in a sequence of 50 or 200; the network is to tell their sum at the end. Then
an LSTM learns to write names.

**What you see.** To answer 1 always has the error 0.167, and there the RNN stays. LSTM and GRU have
gates that keep the state over 200 steps: a curve falls suddenly, when a network has found out what
to keep; one LSTM of six is not there yet. Last in the output: names that an LSTM has invented,
letter by letter.

.. image:: /recorded/sequences/adding.png
   :alt: Test error against epochs for RNN, LSTM and GRU at lengths 50 and 200: the RNN stays at
         0.167, LSTM and GRU fall to 0.001

.. literalinclude:: /recorded/sequences/output.txt
   :language: text
   :class: recorded
   :caption: The full run
"""

# %%
# Try it
# ------
# ``--quick`` has one short problem and few epochs.

from experiments.sequences import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/sequences/adding.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/sequences.py
#    :language: python
