"""
Regularization: L2, dropout, both or none
=========================================

A network that is far too large for its 60 points memorizes them. What do a penalty on its weights
and dropout change?

**What you see.** Without regularization the boundary runs around single points: all 60 are right,
and 0.82 of 1,000 new ones. With L2 or dropout it becomes smooth, some training points are given up,
and more of the new ones are right. The curves show the range: too much of either spoils both.

.. image:: /recorded/regularization/boundaries.png
   :alt: Decision boundaries on 60 noisy points of two moons: jagged without regularization, smooth
         with L2, dropout or both

.. literalinclude:: /recorded/regularization/output.txt
   :language: text
   :class: recorded
   :caption: The full run

The course's own points and its figures are on :doc:`their page </course/regularization>`. The cats
are those of the course.

.. image:: /recorded/regularization/plane.png
   :alt: Accuracy on training and test points, and the norm of the weights, against lambda and
         keep_prob
"""

# %%
# Try it
# ------
# ``--quick`` has fewer epochs and fewer values of lambda and keep_prob.

from experiments.regularization import main

main(["--quick"])
# sphinx_gallery_thumbnail_path = "recorded/regularization/boundaries.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/regularization.py
#    :language: python
