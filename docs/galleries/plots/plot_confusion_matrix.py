"""
Which classes are confused
==========================

A row for each digit that was shown, a column for each answer.
"""

from sklearn.datasets import load_digits

from minidl import Adam, CategoricalCrossEntropy, Linear, Sequential, Softmax, plots

images, labels = load_digits(return_X_y=True)
model = Sequential([Linear(64, 10), Softmax()], loss=CategoricalCrossEntropy(), seed=0)
model.fit(images[:300], labels[:300], optimizer=Adam(0.01), epochs=30, progress=False)
predicted = model.predict_classes(images[300:])
axes = plots.confusion_matrix(labels[300:], predicted, list("0123456789"))
