"""
The mistakes, seen
==================

Pictures that the network takes for others, the most confident mistakes first.
"""

from sklearn.datasets import load_digits

from minidl import Adam, CategoricalCrossEntropy, Linear, Sequential, Softmax, plots

images, labels = load_digits(return_X_y=True)
images = images / 16  # in [0, 1]
model = Sequential([Linear(64, 10), Softmax()], loss=CategoricalCrossEntropy(), seed=0)
model.fit(images[:300], labels[:300], optimizer=Adam(0.05), epochs=30, progress=False)
probability = model.predict(images[300:])
axes = plots.misclassified(
    images[300:].reshape(-1, 8, 8),
    labels[300:],
    probability.argmax(axis=1),
    list("0123456789"),
    probability=probability.max(axis=1),
    max_images=10,
)
