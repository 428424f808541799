"""Answers of the API."""

from __future__ import annotations

import msgspec
from flask import Response

from sync.signing import NONCE_HEADER


def json_answer(
    body: msgspec.Struct, status: int = 200, nonce: str | None = None
) -> Response:
    """A struct of the protocol as an answer that nobody on the way keeps."""
    answer = Response(
        msgspec.json.encode(body), status=status, mimetype="application/json"
    )
    answer.headers["Cache-Control"] = "no-store"
    if nonce is not None:
        answer.headers[NONCE_HEADER] = nonce
    return answer
