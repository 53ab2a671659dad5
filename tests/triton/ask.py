"""Runs beside the server: asks it over HTTP and gRPC, many clients at once; prints the answers as JSON."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import tritonclient.grpc
import tritonclient.http

MODEL = "tag"


def ask(kind: Any, client: Any, texts: list[bytes]) -> list[Any]:  # noqa: ANN401 - two alike clients
    given = kind.InferInput("TEXT", [len(texts), 1], "BYTES")
    given.set_data_from_numpy(np.array([[one] for one in texts], dtype=np.object_))
    answer = client.infer(MODEL, [given]).as_numpy("ANSWER")
    return [json.loads(one) for one in answer.reshape(-1)]


def refusal(client: tritonclient.grpc.InferenceServerClient) -> str:
    try:
        ask(tritonclient.grpc, client, [b"\xff\xfe"])
    except tritonclient.grpc.InferenceServerException as error:
        return str(error.message())
    return "not refused"


def main(http_port: str, grpc_port: str, texts: list[bytes]) -> None:
    http = tritonclient.http.InferenceServerClient(f"127.0.0.1:{http_port}")
    grpc = tritonclient.grpc.InferenceServerClient(f"127.0.0.1:{grpc_port}")
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(partial(ask, tritonclient.grpc, grpc), [[one] for one in texts])
        found = {
            "http": ask(tritonclient.http, http, texts),
            "grpc": ask(tritonclient.grpc, grpc, texts),
            "together": [one for (one,) in together],
            "refused": refusal(grpc),
        }
    json.dump(found, sys.stdout)


main(sys.argv[1], sys.argv[2], [one.encode() for one in json.load(sys.stdin)])
