"""The other side of foreign.real.test.ts: onnxruntime judges what Millrace exports, scikit-learn makes what it imports."""

import base64
import json
import sys

import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

KINDS = {
    "boosted trees": lambda: GradientBoostingRegressor(n_estimators=20, random_state=1),
    "forest": lambda: RandomForestRegressor(n_estimators=10, random_state=1),
    "ridge": lambda: make_pipeline(StandardScaler(), Ridge()),
    "network": lambda: make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(8, 4), solver="lbfgs", max_iter=300, random_state=1)
    ),
}


def run(model: bytes, rows: np.ndarray) -> list[float]:
    session = onnxruntime.InferenceSession(model)
    (result,) = session.run(None, {session.get_inputs()[0].name: rows})
    return np.ravel(result).astype(float).tolist()


def judged(given: dict) -> dict:
    rows = np.array(given["rows"], dtype=np.float32)
    return {name: run(base64.b64decode(text), rows) for name, text in given["models"].items()}


def made(given: dict) -> dict:
    rows = np.array(given["rows"], dtype=np.float32)
    targets = np.array(given["targets"])
    out = {}
    for name, kind in KINDS.items():
        fitted = kind().fit(rows, targets)
        opsets = {"": 17, "ai.onnx.ml": 3}
        model = to_onnx(fitted, rows[:1], target_opset=opsets).SerializeToString()
        out[name] = {"onnx": base64.b64encode(model).decode(), "says": run(model, rows)}
    return out


given = json.load(sys.stdin)
print(json.dumps({"judged": judged(given), "made": made(given)}))
