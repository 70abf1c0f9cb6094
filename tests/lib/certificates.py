# SPDX-License-Identifier: MIT
"""Authorities and certificates for servers of tests, made by the openssl program."""

import base64
import datetime
import hashlib
import os
import subprocess

CONFIGURATION = """[req]
distinguished_name = name
prompt = no
[name]
CN = {name}
[leaf]
subjectAltName = {names}
[authority]
basicConstraints = critical, CA:TRUE
[signer]
database = {path}.db
new_certs_dir = {directory}
rand_serial = yes
default_md = sha256
unique_subject = no
policy = policy
[policy]
commonName = supplied
"""


def _openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE).stdout


def _request(path, name, names):
    with open(f"{path}.cnf", "w", encoding="utf-8") as f:
        f.write(CONFIGURATION.format(path=path, directory=os.path.dirname(path) or ".", name=name, names=names))
    _openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", f"{path}.cnf",
             "-keyout", f"{path}.key", "-out", f"{path}.csr")
    os.chmod(f"{path}.key", 0o600)


def make_authority(path, name="Authority of a test"):
    """PATH.crt and PATH.key."""
    _request(path, name, "DNS:authority.invalid")
    _openssl("x509", "-req", "-in", f"{path}.csr", "-signkey", f"{path}.key", "-days", "2", "-extfile", f"{path}.cnf",
             "-extensions", "authority", "-out", f"{path}.crt")


def make_certificate(path, names="IP:127.0.0.1,DNS:localhost", authority=None, expired=False, days=1):
    """PATH.crt and PATH.key for `names`, good for so many days, signed by the authority of that path, or by itself."""
    _request(path, "server.invalid", names)
    with open(f"{path}.db", "w", encoding="utf-8"):
        pass
    signer = ["-selfsign", "-keyfile", f"{path}.key"]
    if authority:
        signer = ["-cert", f"{authority}.crt", "-keyfile", f"{authority}.key"]
    # `openssl x509` can't make one that has expired
    now = datetime.datetime.now(datetime.timezone.utc)
    begin, end = (now + datetime.timedelta(days=day) for day in ((-3, -1) if expired else (-1, days)))
    _openssl("ca", "-batch", "-notext", "-config", f"{path}.cnf", "-name", "signer", "-in", f"{path}.csr", *signer,
             "-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}", "-extensions", "leaf",
             "-out", f"{path}.crt")


def pin(path):
    """Of the public key, as libcurl has it."""
    with open(f"{path}.pub", "wb") as f:
        f.write(_openssl("x509", "-in", f"{path}.crt", "-noout", "-pubkey"))
    der = _openssl("pkey", "-pubin", "-in", f"{path}.pub", "-outform", "DER")
    return "sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode()
