# SPDX-License-Identifier: MIT
"""A DirectAdmin server that lists its zones and has a Multi Server Setup, over real HTTP and TLS, and misbehaves as a test tells
it to (misbehaviours.py)."""

import base64
import http.server
import json
import re
import secrets
import socket
import ssl
import threading
import urllib.parse

LOGIN_PAGE = (b'<!DOCTYPE html><html><head><title>DirectAdmin Login</title></head><body>'
              b'<form action="/CMD_LOGIN" method="POST"><input name="username"><input type="password" name="password">'
              b'<input type="hidden" name="referer" value="/"></form></body></html>')

# How the legacy list names its fields, and what stands between them.
LEGACY_FORMS = {"plain": ("list[]=", "&"), "encoded": ("list%5B%5D=", "&"), "entities": ("list&#91&#93=", "&"),
                "lines": ("list[]=", "\n")}

# Of an entry of Multi Server Setup, what is switched on or off.
SWITCHES = ("dns", "domain_check", "user_check", "email", "show_all_users")


def fields(text):
    """The first value of each field of a query or form."""
    return {k: v[0] for k, v in urllib.parse.parse_qs(text, keep_blank_values=True).items()}


class Request:
    """One request, and the ways to answer it."""

    def __init__(self, handler):
        self._handler = handler
        self.method = handler.command
        path, _, query = handler.path.partition("?")
        self.path = path
        self.query = fields(query)
        size = int(handler.headers.get("Content-Length") or 0)
        self.form = fields(handler.rfile.read(size).decode()) if self.method == "POST" else {}
        self.authorization = handler.headers.get("Authorization", "")
        match = re.search(r"\bsession=(\w+)", handler.headers.get("Cookie", ""))
        self.session = match.group(1) if match else None

    @property
    def is_listing(self):
        return self.path == "/CMD_DNS_ADMIN"

    @property
    def page(self):
        """Which page of the listing is asked for; None: something else is."""
        return int(self.query["page"]) if self.is_listing else None

    def credentials(self):
        """(user name, password) of Basic authentication, or None."""
        scheme, _, value = self.authorization.partition(" ")
        if scheme != "Basic":
            return None
        user, _, password = base64.b64decode(value).decode().partition(":")
        return user, password

    def send(self, body, status=200, kind="text/plain", headers=None):
        self._handler.send_response(status)
        for key, value in {"Content-Type": kind, "Content-Length": len(body), **(headers or {})}.items():
            self._handler.send_header(key, str(value))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def redirect(self, location, status=302, headers=None):
        self.send(b"", status, headers={"Location": location, **(headers or {})})

    def raw(self, *parts):
        """Sends octets as they are, then closes."""
        self._handler.close_connection = True
        for part in parts:
            self._handler.wfile.write(part)
            self._handler.wfile.flush()

    def hold(self, ended):
        """Says nothing until the server ends."""
        self._handler.close_connection = True
        ended.wait(60)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # a header and a body in one packet, or they wait for each other
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self):
        self.server.owner.handle(Request(self))

    do_POST = do_GET

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def finish_request(self, request, client_address):
        """In the thread of the connection, so that a slow handshake holds up nobody."""
        try:
            request.settimeout(60)
            if self.owner.tls:
                request = self.owner.tls.wrap_socket(request, server_side=True)
            super().finish_request(request, client_address)
            if self.owner.tls:
                request.unwrap()
        except OSError:
            pass  # the client went, or would not have our certificate

    def handle_error(self, request, client_address):
        pass


class DirectAdmin:
    """A context manager. What it has and how it is can be changed at any time:

    `zones`: names in the order in which they are listed; `misbehaves`: a function of this and a request that answers it
    and returns true, or leaves it to us; `evolution`: Basic authentication is redirected to the login page;
    `administrator`: whether the account is one; `legacy`: it does not know CMD_DNS_ADMIN in JSON, and lists in that of
    LEGACY_FORMS; `after_page`: a function that is called with the number of each page that was sent; `page_size`: so many zones at most are
    on a page, whatever is asked for; `servers`: Multi Server Setup, address to what is set of it; `clustering`: whether it is on;
    `saved`: a function that is called with the address of an entry that was added or saved; `requests`: (method, path, query, Authorization or "", session or None) of each that came."""

    def __init__(self, zones, username="admin", password="secret", address="127.0.0.1", tls=None, port=0):
        """`tls`: a certificate's path without .crt and .key, or an ssl.SSLContext."""
        self.zones = list(zones)
        self.username, self.password = username, password
        self.misbehaves = None
        self.evolution = False
        self.administrator = True
        self.legacy = None
        self.total_type = str
        self.after_page = lambda page: None
        self.page_size = None
        self.servers = {}
        self.clustering = True
        self.saved = lambda address: None
        self.requests = []
        self.ended = threading.Event()
        self._sessions = set()
        self.tls = tls if tls is None or isinstance(tls, ssl.SSLContext) else self._context(tls)
        self._server = _Server((address, port), _Handler)
        self._server.owner = self
        self.address, self.port = self._server.server_address[:2]

    @staticmethod
    def _context(path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{path}.crt", f"{path}.key")
        return context

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://{self.address}:{self.port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()

    def handle(self, request):
        self.requests.append((request.method, request.path, request.query, request.authorization, request.session))
        if self.page_size and "ipp" in request.query:
            request.query["ipp"] = str(self.page_size)
        if not (self.misbehaves and self.misbehaves(self, request)):
            self.answer(request)
        if request.page:
            self.after_page(request.page)

    def answer(self, request):
        """As DirectAdmin does."""
        if request.path == "/CMD_LOGIN":
            return self._log_in(request)
        if self.evolution and (request.session not in self._sessions or not self.administrator):
            return request.redirect("/evo/login")
        if not self.evolution and request.credentials() != (self.username, self.password):
            return request.send(LOGIN_PAGE, 401, "text/html", {"WWW-Authenticate": 'Basic realm="DirectAdmin Login"'})
        if not self.administrator:
            return request.send(LOGIN_PAGE, kind="text/html")
        if request.is_listing and not self.legacy:
            return request.send(json.dumps(self.listing(request.page, int(request.query["ipp"]))).encode(),
                                kind="application/json")
        if request.path == "/CMD_MULTI_SERVER":
            return self._multi_server(request)
        if request.path == "/CMD_API_SHOW_ALL_DOMAINS":
            return request.send(self.legacy_list().encode())
        return request.send(b"error=1&text=Unknown command", 404)

    def _multi_server(self, request):
        form, address = request.form, None
        if request.method == "GET":
            shown = ("dns", "domain_check", "port", "ssl")
            answer = {"CLUSTER_ON": "yes" if self.clustering else "no",
                      "servers": {address: {key: entry[key] for key in shown} for address, entry in self.servers.items()}}
        elif form.get("action") == "add" and form["ip"] not in self.servers:
            address = form["ip"]
            self.servers[address] = {**{key: form[key] for key in ("port", "user", "passwd", "ssl")}, **dict.fromkeys(SWITCHES, "no")}
            answer = {"result": "", "success": "Connection Added"}
        elif form.get("action") == "multiple" and form.get("save") == "yes" and form["select0"] in self.servers:
            address = form["select0"]
            self.servers[address].update({key: form[f"{key}-{address}"] for key in ("port", "user", "ssl", *SWITCHES)})
            self.servers[address]["passwd"] = form["passwd"]
            answer = {"result": "", "success": "Connections Saved"}
        else:
            answer = {"result": "Cannot do that", "success": ""}
        request.send(json.dumps(answer).encode(), kind="application/json")
        if address:
            self.saved(address)

    def _log_in(self, request):
        if (request.form.get("username"), request.form.get("password")) != (self.username, self.password):
            return request.send(LOGIN_PAGE, kind="text/html")
        session = secrets.token_hex(16)
        self._sessions.add(session)
        return request.redirect(request.form.get("referer", "/"), headers={"Set-Cookie": f"session={session}; path=/; HttpOnly"})

    def listing(self, page, ipp):
        """A page, as the dictionary that its JSON is made of."""
        rows = {str(i): {"domain": zone} for i, zone in enumerate(self.zones[(page - 1) * ipp:page * ipp])}
        return {**rows, "info": {"total_pages": self.total_type(max(1, -(-len(self.zones) // ipp)))}}

    def legacy_list(self):
        key, between = LEGACY_FORMS[self.legacy or "plain"]
        return between.join(key + zone for zone in self.zones)


def free_port(address="127.0.0.1"):
    """One at which nobody listens."""
    with socket.socket() as s:
        s.bind((address, 0))
        return s.getsockname()[1]
