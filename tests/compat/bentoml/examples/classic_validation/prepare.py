"""Any Python function as a model."""

import bentoml


def area(frame):
    return (frame["sepal_len"] * frame["sepal_width"]).to_numpy()


bentoml.picklable_model.save_model("area", area, signatures={"__call__": {"batchable": True}})
