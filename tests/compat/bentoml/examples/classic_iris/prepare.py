"""Trains and saves the classifier, as the tutorial does."""

import bentoml
from sklearn import datasets, svm

iris = datasets.load_iris()
clf = svm.SVC(gamma="scale")
clf.fit(iris.data, iris.target)
bentoml.sklearn.save_model("iris_clf", clf, signatures={"predict": {"batchable": True, "batch_dim": 0}})
