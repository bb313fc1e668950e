"""How the models of each ML library are saved and loaded. Each library is touched by its own module and by no other.

    sklearn            scikit-learn estimators and pipelines, by joblib
    picklable_model    any Python object, by cloudpickle
    └── saved          what they share: finding a model that a module saved, versions then and now

The public names are `ekiben.sklearn` and `ekiben.picklable_model`. No library is imported before it is used.
"""
