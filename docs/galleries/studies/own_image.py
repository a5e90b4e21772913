"""
Your own picture
================

The end of the same assignment: a picture of yours, scaled to 64 x 64 pixels and classified by the
network of :doc:`cats`.

**What you see.** The picture is drawn, as everything is that this page shows. The network has seen
209 photos and no drawing; it says that this is no cat, and gives it a probability of 8 %. Do not
trust it, however sure it is: it is right on 40 of 50 new photos. With a photo of yours the page
would look the same.

.. image:: /recorded/own_image/answers.png
   :alt: A drawn cat, as the network sees it, with what it says and how sure it is

.. literalinclude:: /recorded/own_image/output.txt
   :language: text
   :class: recorded
   :caption: The full run

The network of the full run was trained on the course's own pictures, which may not be distributed;
:doc:`where to put yours </datasets>`.
"""

# %%
# Try it
# ------
# ``--quick`` trains 30 epochs, here on stand-ins that minidl draws; the name of any JPEG or PNG
# picture goes in the place of this one.

from experiments.own_image import main

main(["../../recorded/own_image/drawn.png", "--quick"])
# sphinx_gallery_thumbnail_path = "recorded/own_image/answers.png"

# %%
# The code
# --------
# The whole study, as it runs:
#
# .. literalinclude:: ../../experiments/own_image.py
#    :language: python
