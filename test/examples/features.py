"""The features of examples/plantdata.py, for features.real.test.ts."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import plantdata  # noqa: E402

given = json.load(sys.stdin)
lives = plantdata.lives(given["records"], given["labels"], given["spec"])
made = [plantdata.features(life, given["spec"]) for life in lives]
print(json.dumps([{"index": of.index.tolist(), "rows": of.to_numpy().tolist()} for of in made]))
