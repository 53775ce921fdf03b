"""Trains remaining life outside the plant, from the plant's own topics: Kafka, pandas, scikit-learn, skl2onnx.

    npx millrace client lab --format kcat          # once: a read-only client, and its settings
    python examples/train.py --client .../kcat.conf --asset-class pump --out model.json
    npx millrace models add model.json             # into the shadow, like any other model

How telemetry becomes features is taken from a model that the plant has trained (`millrace train`), so that the plant
can serve what is made here.
"""

import argparse
import base64
import json

import numpy as np
import plantdata
from skl2onnx import to_onnx
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LEVEL = 0.92
BINS = 10


def tables(lives: list, base: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, hours of operation that were left (clipped at the cap), and the life of each observation."""
    hours = base["features"]["everyMs"] / 3_600_000
    made = [plantdata.features(life, base["features"]) for life in lives]
    left = [(len(life) - 1 - of.index) * hours for life, of in zip(lives, made, strict=True)]
    groups = np.repeat(np.arange(len(lives)), [len(of) for of in made])
    return np.vstack(made).astype(np.float32), np.clip(np.hstack(left), 0, base["cap"]), groups


def interval(predicted: np.ndarray, truth: np.ndarray) -> dict:
    """Quantiles of the errors on lives left out, by size of the prediction."""
    order = np.argsort(predicted, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    errors = [(truth - predicted)[part] for part in parts]
    return {
        "level": LEVEL,
        "edges": [float(predicted[part[-1]]) for part in parts[:-1]],
        "low": [float(np.quantile(of, (1 - LEVEL) / 2)) for of in errors],
        "high": [float(np.quantile(of, (1 + LEVEL) / 2)) for of in errors],
    }


def train(client: str, asset_class: str) -> dict:
    of_class = [m for m in plantdata.models(client).values() if m["assetClass"] == asset_class]
    if not of_class:
        raise SystemExit(f"no model of class {asset_class} yet: npx millrace train {asset_class}")
    base = of_class[-1]
    labels = [value for _, value in plantdata.records(client, "labels")]
    telemetry = (value for _, value in plantdata.records(client, "telemetry"))
    lives = plantdata.lives(telemetry, labels, base["features"])
    rows, left, groups = tables(lives, base)
    learner = make_pipeline(StandardScaler(), GradientBoostingRegressor(random_state=1))
    folds = GroupKFold(min(4, len(lives)))
    unseen = np.clip(cross_val_predict(clone(learner), rows, left, groups=groups, cv=folds), 0, base["cap"])
    onnx = to_onnx(learner.fit(rows, left), rows[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    return {
        **{key: base[key] for key in ("v", "kind", "assetClass", "predicts", "unit", "cap", "features")},
        "parameters": {"kind": "onnx", "base64": base64.b64encode(onnx.SerializeToString()).decode()},
        "interval": interval(unseen, left),
        "training": {
            "from": int(min(life["t"].iloc[0] for life in lives)),
            "to": int(max(life["t"].iloc[-1] for life in lives)),
            "positions": [],
            "runs": len(lives),
            "observations": len(rows),
            "labels": {"failed": len(lives)},
        },
        "scores": {"rmse": float(np.sqrt(np.mean((unseen - left) ** 2)))},
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--client", required=True, help="settings from millrace client --format kcat")
    arguments.add_argument("--asset-class", required=True)
    arguments.add_argument("--out", required=True)
    given = arguments.parse_args()
    model = train(given.client, given.asset_class)
    with open(given.out, "w") as out:
        json.dump(model, out)
    print(f"{given.out}: {model['training']['runs']} lives, RMSE {model['scores']['rmse']:.1f} h on lives left out")


if __name__ == "__main__":
    main()
