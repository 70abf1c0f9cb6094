# SPDX-License-Identifier: MIT
"""Verbs that change something: what they say has happened is what BIND serves then."""

from cases import same
from ctl.fixture import rows
from push import HOSTNAME, PASSWORD, USERNAME, Master, zone_text


def push_by_hand(ctl, _):
    said = ctl.data("push", "hand.example", "-", stdin=zone_text("hand.example", 7))
    same(said["outcome"], "saved", "outcome")
    ctl.node.wait_served("hand.example", 7)
    out = ctl.run("push", "hand.example", "-", stdin=zone_text("hand.example", 7)).out
    same(out, f"hand.example: unchanged, generation {said['generation']}.\n", "the same again")
    ctl.run("push", "--urgent", "hand.example", "-", stdin=zone_text("hand.example", 8))
    ctl.node.wait_served("hand.example", 8)
    ctl.fails("push", "hand.example", "-", stdin="nonsense\n", says="refused: line 1")


def delete_and_restore(ctl, _):
    generation = ctl.data("show", "hand.example")["generation"]
    (gone,) = ctl.data("delete", "hand.example")
    same((gone["outcome"], gone["generation"] > generation), ("deleted", True), "delete")
    ctl.node.wait_served("hand.example", None)
    (back,) = ctl.data("restore", "hand.example")
    same((back["outcome"], back["serial"]), ("restored", 8), "restore")
    ctl.node.wait_served("hand.example", 8)
    ctl.run("delete", "hand.example")
    ctl.node.wait_served("hand.example", None)
    same(ctl.run("restore", "hand.example").out.startswith("hand.example: restored with serial 8"), True, "what it says")
    ctl.fails("restore", "hand.example", says="is not deleted")
    ctl.fails("delete", "nothing.example", says="unknown zone")


def rollback(ctl, _):
    first = ctl.data("show", "hand.example")["generation"]
    ctl.run("push", "hand.example", "-", stdin=zone_text("hand.example", 9))
    ctl.node.wait_served("hand.example", 9)
    said = ctl.data("rollback", "hand.example", str(first))
    same((said["outcome"], said["serial"]), ("saved", 8), "rollback")
    ctl.node.wait_served("hand.example", 8)
    again = ctl.run("rollback", "hand.example", str(first))
    same("unchanged" in again.out, True, "the same again")
    ctl.run("delete", "hand.example")


def reconcile(ctl, server):
    zones = [row["zone"] for row in ctl.data("zones")]
    server.zones = [*zones[1:], "lacked.example"]
    dry = ctl.data("reconcile", "--dry-run")
    same({(d["zone"], d["decision"]) for d in dry["decisions"]}, {(zones[0], "wait"), ("lacked.example", "lacked")}, "decisions")
    shown = ctl.run("reconcile", "--dry-run").out
    same({(r["ZONE"], r["DECISION"]) for r in rows(shown, "DECISION")},
         {(d["zone"], d["decision"]) for d in dry["decisions"]}, "JSON and table")
    same(rows(shown, "SERVERNAME")[0]["ZONES"], str(len(server.zones)), "zones of the master")
    same("Nothing was changed" in shown, True, "that nothing was changed")
    ctl.run("reconcile")
    ctl.run("reconcile")
    ctl.node.wait_served(zones[0], None)
    ctl.run("restore", zones[0])
    server.zones = zones
    server.password = "another"
    ctl.run("reconcile", status=1)
    same(ctl.data("masters")["asked"][0]["state"], "refused", "the master that refuses the login")
    server.password = "secret"
    ctl.run("reconcile")


def login_test(address, entry):
    """As DirectAdmin does it when a connection is saved."""
    master = Master((address, int(entry["port"])), entry["user"], entry["passwd"])
    return master.exchange(master.request("GET", "/CMD_API_LOGIN_TEST"))


def register(ctl, server):
    address, port = ctl.node.master.address
    words = ("register", "da1", f"--address={address}", f"--port={port}")
    answers = []
    server.saved = lambda a: answers.append(login_test(a, server.servers[a]).status)

    said = ctl.data(*words, stdin=PASSWORD + "\n")
    same((said["outcome"], said["login"], said["client"], said["clustering"]), ("added", "arrived", "127.0.0.1", True), "said")
    want = {"port": str(port), "user": USERNAME, "passwd": PASSWORD, "ssl": "no", "dns": "yes", "domain_check": "yes",
            "user_check": "no", "email": "no", "show_all_users": "no"}
    same(server.servers, {address: want}, "the entry")
    same(set(answers), {200}, "login tests")

    # A second time, from a file, with an entry that was changed meanwhile.
    ctl.node.write_credential("push-password", PASSWORD + "\n")
    server.servers[address].update(dns="no", port="1", passwd="old")
    server.clustering = False
    done = ctl.run(*words, f"--password-file={ctl.node.path('credentials', 'push-password')}")
    same("was there already and is saved anew" in done.out and "its login has arrived" in done.out, True, done.out)
    same("DNS clustering is off" in done.err, True, done.err)
    same(server.servers, {address: want}, "the entry, put right")
    server.clustering = True

    # It pushes with it.
    entry = server.servers[address]
    pushing = Master((address, int(entry["port"])), entry["user"], entry["passwd"], HOSTNAME)
    same(pushing.push("registered.example", zone_text("registered.example", 3)), (200, "error=0"), "push")
    ctl.node.wait_served("registered.example", 3)


def register_fails(ctl, server):
    address, port = ctl.node.master.address
    words = ("register", "da1", f"--address={address}", f"--port={port}")
    before = {a: dict(entry) for a, entry in server.servers.items()}
    asked = len(server.requests)
    ctl.fails("register", "nobody", "--address=192.0.2.1", says="no master 'nobody' in reconcile.masters")
    ctl.fails("register", "da1", says="--address is missing")
    ctl.fails("register", "da1", "--address=ns1.example", says="no IP address")
    ctl.fails(*words, "--user=stranger", says="no entry of receiver.masters has the user name 'stranger'")
    ctl.fails(*words, stdin="wrong\n", says="the password is not the one of 'ddns'")
    ctl.fails(*words, stdin="\n", says="the password is empty")
    same((server.servers, len(server.requests)), (before, asked), "nobody was asked")

    server.saved = lambda _: None
    done = ctl.fails(*words, "--timeout=1", stdin=PASSWORD + "\n", status=75, says="its login did not arrive within 1 seconds")
    same(PASSWORD in done.out + done.err, False, "the password is shown")
    same(ctl.data(*words, "--timeout=0", stdin=PASSWORD + "\n", status=75)["login"], "timeout", "JSON")

    answers = (
        (lambda s, r: r.send(b"", 403) or True, "it forbids this (HTTP 403)"),
        (lambda s, r: r.send(b"<html><body>no</body></html>", kind="text/html") or True, "HTML"),
        (lambda s, r: r.send(b"[]", kind="application/json") or True, "is not understood"),
        (lambda s, r: r.send(b'{"CLUSTER_ON":"yes","servers":7}') or True, None),
        (lambda s, r: r.method == "POST" and (r.send(b'{"result":"License limit","success":""}') or True),
         "it refuses the entry: License limit"),
        (lambda s, r: r.method == "POST" and (r.send(b'{"result":"' + PASSWORD.encode() + b'","success":""}') or True),
         "it has a password in it"),
        (lambda s, r: r.method == "POST" and (r.send(b'{"result":"","success":"Saved"}') or True), "shows it otherwise"),
    )
    for misbehaves, says in answers:
        server.servers[address]["dns"] = "no"
        server.misbehaves = misbehaves
        done = ctl.run(*words, stdin=PASSWORD + "\n", status=1) if says is None else \
            ctl.fails(*words, stdin=PASSWORD + "\n", says=says)
        same(PASSWORD in done.out + done.err, False, "the password is shown")
    server.misbehaves = None


def register_evolution(ctl, server):
    """A skin that wants its own login, and an entry with an IPv6 address over TLS."""
    server.evolution = True
    done = ctl.fails("register", "da1", "--address=2001:DB8:0::53", "--tls", "--timeout=0", stdin=PASSWORD + "\n", status=75,
                     says="ddns-tls.socket")
    same("2001:db8::53 port 2224 was entered" in done.out, True, done.out)
    same(server.servers["2001:db8::53"]["ssl"], "yes", "TLS")
    server.evolution = False
    del server.servers["2001:db8::53"]


CASES = (
    ("push stores and delivers what it is given, or says why not", push_by_hand),
    ("delete and restore are seen by BIND", delete_and_restore),
    ("rollback brings an older version back", rollback),
    ("reconcile does what its dry run said", reconcile),
    ("register enters the node, and again puts it right", register),
    ("register says what is wrong, and shows no password", register_fails),
    ("register logs in where a skin wants that, and takes IPv6 and TLS", register_evolution),
)
