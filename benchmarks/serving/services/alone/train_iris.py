"""Saves the iris model that every server loads: `train_iris.py FILE`."""

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.svm import SVC

features, species = load_iris(return_X_y=True)
joblib.dump(SVC().fit(features, species), sys.argv[1])
