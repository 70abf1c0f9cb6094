# SPDX-License-Identifier: MIT
"""What a DirectAdmin server may do in place of listing its zones, by name: `DirectAdmin.misbehaves = MISBEHAVIOURS[NAME]`.

Each is a function of the server and a request that answers it and returns true, or leaves it to the server. Most answer to
every request for the listing; those of `page_two_…` do to all pages but the first."""

import gzip
import json
import time
import urllib.parse

from directadmin import LOGIN_PAGE

GOOD = {"0": {"domain": "a.test"}, "1": {"domain": "b.test"}, "info": {"total_pages": "1"}}
TOTALS = {"missing": {}, "zero": {"total_pages": 0}, "negative": {"total_pages": -1}, "text": {"total_pages": "two"},
          "empty": {"total_pages": ""}, "float": {"total_pages": 1.5}, "null": {"total_pages": None},
          "huge": {"total_pages": 10 ** 12}, "signed": {"total_pages": "+1"}}
NAMES = {"quote": 'a".test', "apostrophe": "a'.test", "dots": "../../etc/passwd", "slash": "a/b.test", "empty_label": "a..test",
         "wildcard": "*.test", "newline": "a.test\n", "space": "a .test", "blank": "", "root": ".", "label": "x" * 64 + ".test",
         "long": ".".join(["x" * 50] * 6), "idn": "b\u00fccher.test", "escape": "\x1b[2Ja.test"}
HTML = b"<html><head><title>Down for maintenance</title></head><body>Back soon</body></html>"


def _json(value):
    return "application/json", json.dumps(value).encode()


def _one(name):
    return _json({**GOOD, "2": {"domain": name}})


# What stands in place of a page, with status 200.
BODIES = {
    "html_login": ("text/html; charset=utf-8", LOGIN_PAGE),
    "html": ("text/html", HTML),
    "html_type_only": ("text/html", json.dumps(GOOD).encode()),
    "html_as_json": ("application/json", b"\n " + HTML),
    "use_https": ("text/html", b"<html>use https</html>"),
    "error_text": ("text/plain", b"error=1&text=You%20cannot%20execute%20that%20command&details=No+such%0Auser"),
    "error_without_text": ("text/plain", b"error=1"),
    "error_late": ("text/plain", b"list[]=a.test&error=1"),
    "error_zero_text": ("text/plain", b"error=0"),
    "error_json": _json({"error": "Cannot list zones", "result": "a login key\nwithout rights"}),
    "error_json_with_rows": _json({**GOOD, "error": "incomplete"}),
    "error_json_number": _json({**GOOD, "error": 1}),
    "empty": ("application/json", b""),
    "blank": ("application/json", b" \r\n\t "),
    "json_array": _json(["a.test", "b.test"]),
    "json_text": _json("a.test"),
    "json_null": ("application/json", b"null"),
    "json_truncated": ("application/json", json.dumps(GOOD).encode()[:-3]),
    "json_more": ("application/json", json.dumps(GOOD).encode() + b"{}"),
    "json_duplicate": ("application/json", b'{"0":{"domain":"a.test"},"0":{"domain":"b.test"},"info":{"total_pages":1}}'),
    "json_deep": ("application/json", b'{"0":' + b"[" * 100000),
    "json_heavy": ("application/json", b'{"0":[' + b"{}," * 3000000 + b"{}]}"),
    "json_escaped_nul": ("application/json", b'{"0":{"domain":"a.test\\u0000b"},"info":{"total_pages":1}}'),
    "json_lone_surrogate": ("application/json", b'{"0":{"domain":"\\ud800"},"info":{"total_pages":1}}'),
    "nul": ("application/json", b'{"0":{"domain":"a.test"},\0"info":{"total_pages":1}}'),
    "utf8_bad": ("application/json", b'{"0":{"domain":"a\xff.test"},"info":{"total_pages":1}}'),
    "utf8_bad_elsewhere": ("application/json", b'{"0":{"domain":"a.test","x":"\xc3"},"info":{"total_pages":1}}'),
    "utf16": ("application/json", json.dumps(GOOD).encode("utf-16")),
    "binary": ("application/octet-stream", bytes(range(1, 256)) * 100),
    "no_rows": _json({"info": {"total_pages": "1"}}),
    "no_rows_zero_pages": _json({"info": {"total_pages": "0"}}),
    "empty_object": _json({}),
    "rows_under_other_keys": _json({"zones": GOOD, "info": {"total_pages": 1}}),
    "row_without_domain": _json({**GOOD, "1": {"name": "b.test"}}),
    "row_no_object": _json({**GOOD, "1": "b.test"}),
    "row_null": _json({**GOOD, "1": None}),
    "domain_number": _json({**GOOD, "1": {"domain": 5}}),
    "domain_list": _json({**GOOD, "1": {"domain": ["b.test"]}}),
    "duplicate": _one("a.test"),
    "duplicate_in_upper_case": _one("A.Test."),
    "no_info": _json({"0": {"domain": "a.test"}}),
    "info_text": _json({**GOOD, "info": "1"}),
    **{f"total_{name}": _json({**GOOD, "info": info}) for name, info in TOTALS.items()},
    **{f"name_{name}": _one(value) for name, value in NAMES.items()},
}

STATUSES = {f"status_{status}": status for status in (202, 204, 206, 400, 401, 403, 405, 410, 418, 429, 500, 502, 503, 599)}

# What the legacy command says.
LEGACY = {"legacy_html": HTML, "legacy_error": b"error=1&text=no", "legacy_empty": b"", "legacy_blank": b"&\n&",
          "legacy_other_field": b"list[]=a.test&more=b.test", "legacy_no_field": b"a.test\nb.test",
          "legacy_percent": b"list[]=a%2", "legacy_name": b"list[]=a.test&list[]=..", "legacy_nul": b"list[]=a.test%00",
          "legacy_entity_nul": b"list[]=a.test&#00", "legacy_duplicate": b"list[]=a.test&list[]=A.test",
          "legacy_json": json.dumps(GOOD).encode(), "legacy_no_value": b"list[]"}

MISBEHAVIOURS = {}


def _answers(kind, body, status=200):
    def misbehave(_, request):
        if request.is_listing:
            request.send(body, status, kind)
        return request.is_listing
    return misbehave


def _answers_legacy(body):
    def misbehave(_, request):
        request.send(body if request.path == "/CMD_API_SHOW_ALL_DOMAINS" else b"", 404 if request.is_listing else 200)
        return True
    return misbehave


MISBEHAVIOURS.update({name: _answers(*body) for name, body in BODIES.items()})
MISBEHAVIOURS.update({name: _answers("text/plain", b"" if status == 204 else b"error=1&text=No", status)
                      for name, status in STATUSES.items()})
MISBEHAVIOURS.update({name: _answers_legacy(body) for name, body in LEGACY.items()})


def listing(function):
    """It misbehaves whenever the listing is asked for."""
    def misbehave(server, request):
        if request.is_listing:
            function(server, request)
        return request.is_listing
    MISBEHAVIOURS[function.__name__] = misbehave
    return function


def everything(function):
    """It decides by itself what it answers."""
    MISBEHAVIOURS[function.__name__] = function
    return function


def later_pages(function):
    def misbehave(server, request):
        later = request.is_listing and request.page > 1
        if later:
            function(server, request)
        return later
    MISBEHAVIOURS[function.__name__] = misbehave
    return function


def _page(server, request):
    return server.listing(request.page, int(request.query["ipp"]))


def _send_page(request, page):
    request.send(json.dumps(page).encode(), kind="application/json")


BOMB = gzip.compress(b" " * (20 << 20))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@listing
def silent(server, request):
    request.hold(server.ended)


@listing
def closes(_, request):
    request.raw()


@listing
def cut_off(_, request):
    request.raw(HEAD + b"Content-Length: 500\r\n\r\n", json.dumps(GOOD).encode())


@listing
def cut_off_in_chunks(_, request):
    body = json.dumps(GOOD).encode()
    request.raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n")


@listing
def cut_off_in_header(_, request):
    request.raw(HEAD + b"Content-Len")


@listing
def cut_off_without_length(_, request):
    request.raw(HEAD + b"\r\n", json.dumps(GOOD).encode()[:-3])


@listing
def silent_in_page(server, request):
    request.raw(HEAD + b"Content-Length: 500\r\n\r\n" + json.dumps(GOOD).encode())
    request.hold(server.ended)


def _until_it_ends(server, request, first, part, pause=0.0):
    request.raw(first)
    while not server.ended.is_set():
        request.raw(part)
        time.sleep(pause)


@listing
def trickling(server, request):
    _until_it_ends(server, request, HEAD + b"\r\n{", b" ", 0.1)


@listing
def trickling_header(server, request):
    _until_it_ends(server, request, HEAD, b"X-A: b\r\n", 0.1)


@listing
def endless(server, request):
    _until_it_ends(server, request, HEAD + b"\r\n{", b" " * 65536)


@listing
def endless_chunks(server, request):
    _until_it_ends(server, request, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65536 + b"\r\n")


@listing
def endless_header(server, request):
    _until_it_ends(server, request, HEAD, b"X-A: " + b"b" * 1000 + b"\r\n")


@listing
def hundred_megabytes(server, request):
    request.raw(HEAD + b"Content-Length: 104857600\r\n\r\n")
    for _ in range(1600):
        request.raw(b" " * 65536)


@listing
def not_http(_, request):
    request.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n" * 20)


@listing
def without_header(_, request):
    request.raw(json.dumps(GOOD).encode())


@listing
def compressed(_, request):
    request.send(gzip.compress(json.dumps(GOOD).encode()), kind="application/json", headers={"Content-Encoding": "gzip"})


@listing
def compressed_on_the_way(_, request):
    request.raw(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n%x\r\n" % len(BOMB) + BOMB + b"\r\n0\r\n\r\n")


@everything
def redirects(_, request):
    """To itself, whatever comes; it sets a cookie each time."""
    request.redirect(request.path, headers={"Set-Cookie": "session=0; path=/"})
    return True


@everything
def redirects_with_the_password(server, request):
    """In the query, as a form that was sent by GET."""
    query = urllib.parse.urlencode({"username": server.username, "password": server.password}, quote_via=urllib.parse.quote)
    request.redirect(f"/CMD_LOGIN?{query}", headers={"Set-Cookie": "session=0; path=/"})
    return True


@everything
def redirects_without_location(_, request):
    request.send(b"", 302)
    return True


@listing
def redirects_to_https(_, request):
    request.redirect("https://127.0.0.1:2222/")


@everything
def forgets_the_session(_, request):
    """From the second page on."""
    if later := request.is_listing and request.page > 1:
        request.redirect("/evo/login")
    return later


@everything
def login_forbidden(_, request):
    request.send(b"", 403) if request.path == "/CMD_LOGIN" else request.redirect("/evo/login")
    return True


@everything
def login_fails(_, request):
    request.send(b"", 500) if request.path == "/CMD_LOGIN" else request.redirect("/evo/login")
    return True


@everything
def login_unknown(_, request):
    request.send(b"", 404) if request.path == "/CMD_LOGIN" else request.redirect("/evo/login")
    return True


@everything
def knows_nothing(_, request):
    request.send(b"error=1&text=Unknown command", 404)
    return True


@listing
def echoes_the_password(server, request):
    request.send(json.dumps({"error": f"bad login {server.username}:{server.password}"}).encode(), kind="application/json")


@listing
def echoes_the_password_at_length(server, request):
    """So that a text that is cut ends in the middle of it."""
    request.send(json.dumps({"error": "x" * 145 + server.password}).encode(), kind="application/json")


@listing
def pages_grow(server, request):
    page = _page(server, request)
    page["info"]["total_pages"] = str(int(page["info"]["total_pages"]) + request.page - 1)
    _send_page(request, page)


@listing
def pages_shrink(server, request):
    page = _page(server, request)
    page["info"]["total_pages"] = str(int(page["info"]["total_pages"]) - (request.page > 1))
    _send_page(request, page)


@listing
def page_is_ignored(server, request):
    """Each page is the first."""
    request.query["page"] = "1"
    _send_page(request, _page(server, request))


@listing
def million_pages(server, request):
    page = _page(server, request)
    page["info"]["total_pages"] = 1000000
    _send_page(request, page)


@listing
def another_row_per_page(server, request):
    """The last row of a page is the first of the next one."""
    ipp = int(request.query["ipp"])
    page = server.listing(request.page, ipp)
    begin = max(0, (request.page - 1) * ipp - 1)
    rows = {str(i): {"domain": zone} for i, zone in enumerate(server.zones[begin:request.page * ipp][:ipp])}
    _send_page(request, {**rows, "info": page["info"]})


@later_pages
def page_two_fails(_, request):
    request.send(b"", 500)


@later_pages
def page_two_is_unknown(_, request):
    request.send(b"error=1&text=Unknown command", 404)


@later_pages
def page_two_is_refused(_, request):
    request.send(b"", 401)


@later_pages
def page_two_is_html(_, request):
    request.send(HTML, kind="text/html")


@later_pages
def page_two_is_an_error(_, request):
    request.send(b"error=1&text=Busy")


@later_pages
def page_two_is_cut_off(_, request):
    request.raw(HEAD + b"Content-Length: 500\r\n\r\n", json.dumps(GOOD).encode())


@later_pages
def page_two_is_silent(server, request):
    request.hold(server.ended)


@later_pages
def page_two_is_empty(server, request):
    _send_page(request, {"info": _page(server, request)["info"]})


@later_pages
def page_two_is_an_empty_object(_, request):
    _send_page(request, {})


@later_pages
def page_two_lacks_a_row(server, request):
    page = _page(server, request)
    del page["0"]
    _send_page(request, page)


@later_pages
def page_two_has_more_rows(server, request):
    page = _page(server, request)
    _send_page(request, {**page, "1000": {"domain": f"more{request.page}.test"}})


@later_pages
def page_two_has_a_bad_name(server, request):
    page = _page(server, request)
    page["0"] = {"domain": "a;b.test"}
    _send_page(request, page)
