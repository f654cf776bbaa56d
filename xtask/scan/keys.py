"""Shows schemathesis's calls to the API with keys in turn: each key has calls of its own, so none is told to wait."""

import itertools
import os

import schemathesis

with open(os.environ["LOJISTA_SCAN_KEYS"], encoding="utf-8") as lines:
    KEYS = itertools.cycle(lines.read().split())


@schemathesis.auth(refresh_interval=None)
class Keys:
    def get(self, case, context):
        return next(KEYS)

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"
