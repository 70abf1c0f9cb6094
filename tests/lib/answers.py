# SPDX-License-Identifier: MIT
"""Answers of the receiver out of the bytes of a connection, strictly."""

import re

from push import Answer

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d) [ -~]*")
FIELD = re.compile(rb"([A-Za-z-]+): ([ -~]*)")
PAIRS = re.compile(r"error=[01](&[a-z_]+=([A-Za-z0-9._~-]|%[0-9A-F]{2})*)*")


def _one(raw):
    """(answer, what is behind it) of the first answer; None if its end is missing."""
    head, end, rest = raw.partition(b"\r\n\r\n")
    if not end:
        return None
    lines = head.split(b"\r\n")
    status, fields = STATUS.fullmatch(lines[0]), [FIELD.fullmatch(line) for line in lines[1:]]
    if not status or not all(fields):
        raise ValueError(f"no head of an answer: {head[:300]!r}")
    status, headers = int(status.group(1)), {f.group(1).decode().lower(): f.group(2).decode() for f in fields}
    if status == 100:
        return Answer(status, "", headers), rest
    size = int(headers["content-length"])
    if status >= 400 and headers.get("content-type") != "text/plain" and headers.get("connection", "").lower() == "close":
        size = len(rest)  # libmicrohttpd 0.9.75 miscounts some of its own
    if len(rest) < size:
        return None
    return Answer(status, rest[:size].decode(), headers), rest[size:]


def _check(answer):
    """What is ours is pairs as ddns-protocol(7) has them; libmicrohttpd has words of its own for what is no request."""
    if answer.headers.get("content-type") == "text/plain":
        if not PAIRS.fullmatch(answer.body):
            raise ValueError(f"no pairs: {answer.body[:300]!r}")
        if answer.body.startswith("error=0") != (answer.status == 200 and "error=1" not in answer.body):
            raise ValueError(f"status {answer.status} with {answer.body[:300]!r}")
    elif answer.status < 400 and answer.headers.get("content-type") != "application/json":
        raise ValueError(f"status {answer.status} with {answer.headers} and {answer.body[:300]!r}")


def answers(raw):
    """All complete answers in `raw`, without 100 Continue; ValueError: that is not how answers look. The last may be cut short,
    as the connection is if somebody ends it."""
    found = []
    while raw:
        if not raw.startswith(b"HTTP/1."[:len(raw)]):
            raise ValueError(f"no answer: {raw[:300]!r}")
        one = _one(raw)
        if one is None:
            break
        answer, raw = one
        if answer.status != 100:
            _check(answer)
            found.append(answer)
    return found
