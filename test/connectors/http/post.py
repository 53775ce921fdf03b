"""Posts as a plant's own script would: Python's urllib, a key a request, the same again until it is taken.

  post.py URL COUNT MICROS    posts COUNT records of the tag speed, values 0 to COUNT - 1, times from MICROS on;
                              prints {"answers": [...], "tries": n}
"""

import json
import sys
import time
import urllib.error
import urllib.request

url, count, micros = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
tries = 0


def post(body, key):
    global tries
    request = urllib.request.Request(url + "telemetry", data=body, method="POST")
    request.add_header("Content-Type", "application/json")
    request.add_header("Idempotency-Key", key)
    for _ in range(2000):
        tries += 1
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise
        except OSError:  # refused, reset, timed out, or closed in the middle of the answer
            pass
        except Exception as error:
            if type(error).__name__ not in ("RemoteDisconnected", "IncompleteRead", "BadStatusLine"):
                raise
        time.sleep(0.02)
    raise SystemExit(f"request {key} was never taken")


answers = []
for i in range(count):
    record = {
        "asset": "test/area/line/bench",
        "tags": ["speed"],
        "tag": [0],
        "t": [micros + i],
        "value": [i],
    }
    answers.append(post(json.dumps(record).encode(), f"value-{i}"))
print(json.dumps({"answers": answers, "tries": tries}))
