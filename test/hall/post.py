"""A machine's own program: posts numbered samples through Python's urllib, a key a request, each until it is taken.

  post.py URL ASSET MICROS PERIOD    ten samples a request of the tag `number`: 0, 1, 2, ..., one every PERIOD microseconds
                                     of its own time from MICROS on, until a line comes on stdin; then one more, an hour
                                     later. Prints how many numbers there were.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request

url, asset, micros, period = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
deadline = time.monotonic() + 400


def post(numbers, times, key):
    record = {"asset": asset, "tags": ["number"], "tag": [0] * len(numbers), "t": times, "value": numbers}
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    while time.monotonic() < deadline:
        request = urllib.request.Request(url + "telemetry", json.dumps(record).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.read()
        except urllib.error.HTTPError as error:
            if error.code not in (429, 503):
                raise
        except Exception as error:  # refused, reset, timed out, or closed in the middle of the answer
            if not isinstance(error, OSError) and type(error).__name__ not in ("RemoteDisconnected", "IncompleteRead", "BadStatusLine"):
                raise
        time.sleep(0.05)
    raise SystemExit(f"{asset}: request {key} was never taken")


count = 0
while not stop.is_set():
    numbers = list(range(count, count + 10))
    post(numbers, [micros + n * period for n in numbers], f"{asset}-{count}")
    count += 10
    time.sleep(0.02)
post([count], [micros + count * period + 3_600_000_000], f"{asset}-last")
print(count)
