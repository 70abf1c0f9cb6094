# SPDX-License-Identifier: MIT
"""Verbs that look: what they show is what is there, as a table and as JSON."""

import os

from cases import same, wait_until
from ctl.fixture import Ctl, push, record, rows
from dns import records
from push import HOSTNAME, zone_text

ZONES = ["alpha.example", "beta.example", "gamma.example"]


def status(ctl, _):
    shown, data = ctl.run("status").out, ctl.data("status")
    same(record(shown)["Zones"], str(len(ZONES)), "zones in the text")
    same((data["zones"], data["tombstones"]), (len(ZONES), 0), "zones in JSON")
    (backend,) = rows(shown, "BACKEND")
    same((backend["BACKEND"], backend["STATE"].split()[0], backend["PENDING"]), ("bind", "up", "0"), "backend")
    same([(b["backend"], b["state"], b["pending"]) for b in data["backends"]], [("bind", "up", 0)], "backends in JSON")
    same([(m["master"], m["hostname"], m["accepted"]) for m in data["masters"]], [("da1", HOSTNAME, len(ZONES))], "masters")


def zones(ctl, _):
    shown = rows(ctl.run("zones").out.rsplit("\n\n", 1)[0], "ZONE")
    same([row["ZONE"] for row in shown], ZONES, "zones in the table")
    data = ctl.data("zones")
    same([(z["zone"], str(z["serial"])) for z in data], [(row["ZONE"], row["SERIAL"]) for row in shown], "JSON and table")
    same({z["zone"] for z in data}, ctl.node.nameserver.zones() & set(ZONES), "what BIND has")
    for pattern in ("b*", "BETA.*", "beta.example."):
        same([z["zone"] for z in ctl.data("zones", pattern)], ["beta.example"], f"by pattern {pattern}")
    same(ctl.run("zones", "b*", "--no-legend").out.split()[0], "beta.example", "without legend")


def show(ctl, _):
    shown, data = ctl.run("show", "Beta.Example.").out, ctl.data("show", "beta.example")
    same(str(data["serial"]), record(shown)["Serial"], "serial")
    same(data["serial"], ctl.node.nameserver.serial("beta.example"), "what is served")
    same(data["backends"][0]["state"], rows(shown, "BACKEND")[0]["STATE"], "state")
    same(data["backends"][0]["state"], "served", "state")
    ctl.fails("show", "nothing.example", says="unknown zone")


def cat(ctl, _):
    text = ctl.run("cat", "alpha.example").out
    same(ctl.data("cat", "alpha.example")["text"], text, "JSON and text")
    same(records("alpha.example", text), ctl.node.axfr("alpha.example"), "what is served")
    with open(ctl.node.path("zones", "alpha.example.db"), encoding="utf-8") as f:
        same(f.read(), text, "the zone file")


def past(ctl, _):
    push(ctl.node, "alpha.example", serial=2, records=("alpha.example.\t3600\tIN\tA\t192.0.2.77",))
    ctl.node.wait_served("alpha.example", 2)
    data = ctl.data("history", "alpha.example")
    same([v["serial"] for v in data], [2, 1], "serials")
    shown = rows(ctl.run("history", "alpha.example").out, "GENERATION")
    same([row["GENERATION"] for row in shown], [str(v["generation"]) for v in data], "JSON and table")
    diff = ctl.data("diff", "alpha.example")
    same((diff["from"], diff["to"]), (data[1]["generation"], data[0]["generation"]), "generations")
    changed = [line.split("\t")[4] for line in diff["added"] if "\tA\t" in line]
    same(changed, ["192.0.2.77"], "what came")
    lines = ctl.run("diff", "alpha.example").out.splitlines()
    same([line[1:] for line in lines if line[0] == "+" and not line.startswith("+++")], diff["added"], "JSON and text")


def rejected(ctl, _):
    told = ctl.node.push("beta.example", "nonsense\n")[1]
    (data,) = [row for row in ctl.data("rejected") if row["zone"] == "beta.example"]
    if data["reason"].split(":")[0] not in told.replace("%20", " "):
        raise AssertionError(f"{data['reason']!r} is not what the master was told: {told!r}")
    shown = ctl.run("rejected").out
    same(rows(shown, "ZONE")[0]["ZONE"], "beta.example", "zone")
    same(data["reason"] in shown, True, "reason in the text")
    same(ctl.node.nameserver.serial("beta.example"), 1, "what is served on")
    ctl.node.push("no name", "nonsense\n")
    same("(no name): no name: the zone name has a ' '" in ctl.run("rejected").out, True, "a push without a zone's name")


def masters(ctl, server):
    data = ctl.data("masters")
    (master,) = data["masters"]
    same((master["refused"], master["accepted"]), (len(ctl.data("rejected")), len(ZONES) + 1), "counts")
    same(rows(ctl.run("masters").out, "ACCEPTED")[0]["ACCEPTED"], str(master["accepted"]), "JSON and table")
    same([m["master"] for m in data["asked"]], ["da1"], "asked")


def queue_and_backends(ctl, _):
    same(ctl.data("queue"), [], "queue")
    ctl.node.stop_named()
    push(ctl.node, "gamma.example", serial=2)
    wait_until(lambda: ctl.data("backends")[0]["state"] == "down", 30, "the backend is down")
    (waits,) = ctl.data("queue")
    same((waits["zone"], waits["backend"], waits["change"]), ("gamma.example", "bind", "save"), "queue")
    same(rows(ctl.run("queue").out.rsplit("\n\n", 1)[0], "ZONE")[0]["ZONE"], "gamma.example", "queue as a table")
    same(ctl.data("queue", "--backend=bind")[0]["zone"], "gamma.example", "by backend")
    same(ctl.data("queue", "--dead"), [], "dead ones")
    shown, (data,) = ctl.run("backends").out, ctl.data("backends")
    same(rows(shown.rsplit("\n\n", 1)[0], "BACKEND")[0]["STATE"].split()[0], "down", "backend")
    same(data["last_error"].split()[0] in shown, True, "its error")
    ctl.fails("wait", "gamma.example", "--timeout=0", status=75, says="bind: ")
    same(ctl.data("wait", "gamma.example", "--timeout=0", status=75)["outcome"], "timeout", "outcome")
    same(ctl.data("check", "--warning=0", "--critical=0", status=2)["state"], "CRITICAL", "check")
    same("1 " in ctl.run("check", "--warning=0", "--critical=0", status=2).out, True, "check says how many")
    ctl.node.start_named()
    same("bind is down: its next try is due now" in ctl.run("retry").out or ctl.data("queue") == [], True, "retry")
    same(sorted(ctl.data("retry", "gamma.example", "--backend=bind")), ["retried", "tried"], "retry as JSON")
    same(ctl.run("wait", "gamma.example").out.startswith("gamma.example: generation "), True, "wait")
    same(ctl.node.nameserver.serial("gamma.example"), 2, "what is served when wait returns")
    same(ctl.data("check")["state"], "OK", "check")
    same(ctl.run("check").out.startswith("DDNS OK"), True, "check in a line")


def checks(ctl, _):
    good, bad = zone_text("new.example", 1), "@ IN A 192.0.2.1\n"
    same(ctl.data("check-zone", "new.example", "-", stdin=good)["ok"], True, "a good zone")
    ctl.run("check-zone", "new.example", "-", stdin=good)
    ctl.run("check-zone", "new.example", "-", stdin=bad, status=1)
    refused = ctl.data("check-zone", "new.example", "-", stdin=bad, status=1)
    same((refused["ok"], ctl.node.push("new.example", bad)[1].startswith("error=1")), (False, True), "as a push is")
    same(ctl.data("check-config")["ok"], True, "configuration")
    same(ctl.run("check-config").out.strip() != "", True, "it says so")
    data = ctl.data("check-backend", "bind")
    same((data["ok"], {f["finding"] for f in data["findings"]} <= {"good", "warning"}), (True, True), "backend")
    ctl.run("check-backend", "bind")
    ctl.fails("check-backend", "nothing", says="nothing")


def verify(ctl, _):
    ctl.node.wait_delivered()
    same(ctl.data("verify"), [], "nothing differs")
    ctl.run("verify")
    path = ctl.node.path("zones", "beta.example.db")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace("192.0.2.10", "192.0.2.66"))
    (found,) = ctl.data("verify", status=1)
    same((found["zone"], found["content"]), ("beta.example", "differs"), "what differs")
    shown = ctl.run("verify", "beta.example", status=1).out
    same("192.0.2.66" in shown and "192.0.2.10" in shown, True, "line by line")
    same(ctl.data("resync", "bind")["zones"], len(ctl.data("zones")), "zones to deliver again")
    ctl.node.wait_delivered()
    ctl.run("verify", "beta.example")
    with open(path, encoding="utf-8") as f:
        same(f.read(), text, "the file, put right")
    same(ctl.run("resync", "bind").out.count("bind"), 1, "resync in a line")
    ctl.node.wait_delivered()


def passwd(ctl, _):
    same(ctl.run("passwd", stdin="secret\n").out.startswith("$y$"), True, "hash")
    same(ctl.data("passwd", stdin="secret\n")["hash"].startswith("$y$"), True, "hash in JSON")
    ctl.fails("passwd", stdin="\n", says="the password is empty")


def wrong_command_lines(ctl, verbs):
    ctl.fails(status=2, says="Usage:")
    ctl.fails("nonsense", status=2, says="unknown verb 'nonsense'")
    for verb, operands in verbs.items():
        status_code = 3 if verb == "check" else 2
        if "..." in operands:  # as many as one likes, but no option that is not its own
            ctl.run(verb, "--print", status=status_code)
        else:
            ctl.run(verb, *["x"] * (len(operands.split()) + 1), status=status_code)
    ctl.fails("zones", "--dead", status=2, says="'zones' has no option --dead")


def wrong_configuration(ctl, verbs):
    broken = ctl.node.path("broken.yaml")
    with open(broken, "w", encoding="utf-8") as f:
        f.write("nonsense: 1\n")
    for verb, operands in verbs.items():
        if verb == "passwd":
            continue
        words = ["1" if word == "GENERATION" else "x" for word in operands.replace("...", "").split() if word[0] != "["]
        status_code = 3 if verb == "check" else 78
        done = ctl.run(verb, *words, f"--config={broken}", status=status_code)
        same("broken.yaml:1:1" in done.err + done.out, True, f"{verb} says where")
    os.unlink(broken)


def coverage(_, verbs):
    """To be the last: each verb was run with a table and with JSON."""
    same(len(verbs) > 28, True, "verbs")
    same(set(verbs) - Ctl.text, set(), "verbs not run")
    same(set(verbs) - Ctl.json, set(), "verbs not run with --json")


CASES = (
    ("status counts what is there", status),
    ("zones are those that BIND has", zones),
    ("show says what is served", show),
    ("cat is what is served and what is in the zone file", cat),
    ("history and diff tell a change", past),
    ("a refused push is listed with its reason", rejected),
    ("masters are counted", masters),
    ("while BIND is down, queue, backends, wait and check say so, and retry helps", queue_and_backends),
    ("check-zone, check-config and check-backend judge what is there", checks),
    ("verify finds a changed file, and resync puts it right", verify),
    ("passwd prints a hash", passwd),
)
