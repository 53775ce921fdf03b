"""The loop of a process that is driven by one JSON command a line on stdin, with one JSON answer a line."""

import json
import sys


def serve(answer):
    """`answer(command)` gives a dict or None; what it raises is told to whoever drives. Ends with stdin."""
    for line in sys.stdin:
        try:
            answered = answer(json.loads(line)) or {}
        except Exception as error:
            answered = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answered), flush=True)
