import numpy as np
import onnx
import onnxruntime
import pandas as pd
import pytest
from onnx import TensorProto, helper

from ekiben.errors import BadInput, DamagedItem, FrameworkError, UsageError
from ekiben.frameworks import onnx as ekiben_onnx
from ekiben.store.local import Store
from ekiben.store.model_manifest import Signature

ROWS = np.array([[1.0, 2.0], [3.0, 4.0]], dtype=np.float32)
BATCHABLE = {"run": {"batchable": True, "batch_dim": 0}}


def graph(outputs: int = 1) -> onnx.ModelProto:
    """`sum = rows + bias`, and with a second output `rows` negated."""
    shape: list[str | int | None] = ["n", 2]
    nodes = [helper.make_node("Add", ["rows", "bias"], ["sum"]), helper.make_node("Neg", ["rows"], ["negated"])]
    made = helper.make_graph(
        nodes[:outputs],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("rows", "bias")],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("sum", "negated")[:outputs]],
    )
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def test_a_saved_graph_is_loaded_as_a_session(store: Store) -> None:
    model = ekiben_onnx.save_model("sum", graph())
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = ekiben_onnx.load_model("sum", providers=["CPUExecutionProvider"], session_options=options)
    assert session.get_session_options().intra_op_num_threads == 1
    assert session.run(None, {"rows": ROWS, "bias": ROWS})[0].tolist() == (2 * ROWS).tolist()
    assert (model.manifest.module, model.manifest.signatures) == ("ekiben.onnx", {"run": Signature()})
    assert model.manifest.context.framework_versions.keys() == {"onnxruntime"}


def test_a_runner_casts_inputs_in_their_order_or_by_name(store: Store) -> None:
    runner = ekiben_onnx.save_model("sum", graph(), signatures=BATCHABLE).to_runner(name="Sum")
    runner.init_local(quiet=True)
    for rows in (ROWS, ROWS.astype("float64"), ROWS.astype(int), ROWS.tolist(), pd.DataFrame(ROWS)):
        assert runner.methods["run"].run(rows, ROWS).tolist() == (2 * ROWS).tolist()
    assert runner.methods["run"].run(bias=ROWS, rows=-ROWS).tolist() == (0 * ROWS).tolist()


def test_several_outputs_are_a_tuple(store: Store) -> None:
    runner = ekiben_onnx.save_model("sum", graph(outputs=2)).to_runner()
    runner.init_local(quiet=True)
    total, negated = runner.methods["run"].run(ROWS, ROWS)
    assert (total.tolist(), negated.tolist()) == ((2 * ROWS).tolist(), (-ROWS).tolist())


def test_inputs_that_the_graph_does_not_take_are_refused(store: Store) -> None:
    runner = ekiben_onnx.save_model("sum", graph()).to_runner()
    runner.init_local(quiet=True)
    for args, kwargs in [((ROWS,), {}), ((ROWS, ROWS, ROWS), {}), ((ROWS, ROWS), {"scale": 1})]:
        with pytest.raises(BadInput, match="the model takes `rows`, `bias`"):
            runner.methods["run"].run(*args, **kwargs)
    with pytest.raises(BadInput, match="an input is not what the model takes: could not convert"):
        runner.methods["run"].run(["a"], ROWS)


def test_another_method_than_run_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="no method `predict` for services"):
        ekiben_onnx.save_model("sum", graph(), signatures={"predict": {"batchable": True}})
    with pytest.raises(FrameworkError, match="`bytes` is no ModelProto"):
        ekiben_onnx.save_model("sum", b"")  # type: ignore[arg-type]


def test_a_provider_that_is_not_there_is_told(store: Store) -> None:
    ekiben_onnx.save_model("sum", graph())
    with pytest.raises(FrameworkError, match="this ONNX Runtime has no `NoExecutionProvider`") as caught:
        ekiben_onnx.load_model("sum", providers=["NoExecutionProvider"])
    assert "CPUExecutionProvider" in str(caught.value.hint)


def test_a_damaged_file_is_told(store: Store) -> None:
    path = ekiben_onnx.save_model("sum", graph()).path_of("saved_model.onnx")
    path.chmod(0o644)
    path.write_bytes(b"no graph")
    with pytest.raises(DamagedItem, match="is not what was saved"):
        ekiben_onnx.load_model("sum")
