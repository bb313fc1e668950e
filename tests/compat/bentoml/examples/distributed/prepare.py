"""Trains and saves the classifier."""

import bentoml
from sklearn import datasets, svm

iris = datasets.load_iris()
bentoml.sklearn.save_model("iris_sklearn", svm.SVC(gamma="scale").fit(iris.data, iris.target))
