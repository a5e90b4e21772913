"""Networks and augmentations in words, as the command line and the estimators take them."""
