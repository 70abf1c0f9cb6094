# SPDX-License-Identifier: MIT
"""Suite mysql: what the tables hold is what was pushed, by the rules of the plugin that reads them."""

import coredns
import wire
from cases import Cases, same, wait_until
from mysql.fixture import (OK, Reader, backend, check_both, check_error, delivery, node, push, run_cases, stored,
                           stored_texts, text_records)
from push import zone_text


def play_wire(servers, where):
    cases = Cases(where)
    with cases.case("nobody crashed"), node(servers) as n:
        wire.play(cases, n.master)
        with cases.case("every change is delivered"):
            n.wait_delivered()
        with cases.case("exactly the zones that remain are held"):
            same({row["zone"] for row in n.ctl("zones")}, set(wire.remaining()), "zones")
        for server, name in zip(servers, ("dc1", "dc2")):
            with cases.case(f"{name} has every zone, row by row"):
                coredns.check(server, n)
        with cases.case("what CoreDNS can't serve is said"):
            for name in ("dc1", "dc2"):
                check_error(delivery(n, "signed.example", name)["warning"], "unsigned")
            same(delivery(n, "shop.example", "dc1")["state"], "written", "state of a zone without a name server to ask")
    return cases.failed


def _ids(server, zone):
    return {(cells[1], cells[2], cells[3]): cells[0] for cells in server.sql(
        "SELECT r.id, hostname, type, data FROM records r JOIN zones z ON z.id = r.zone_id "
        f"WHERE zone_name = '{zone}.'", coredns.DATABASE)}


def writes_differences(servers):
    """Ids stay: those of zones, and of records that did not change."""
    with node(servers[:1]) as n:
        server, hosts = servers[0], [f"h{i}\t60\tIN\tA\t192.0.2.{i}" for i in range(50)]
        push(n, "big.example", 1, *hosts)
        n.wait_delivered()
        zone_id, before = coredns.ids(server)["big.example."], _ids(server, "big.example")
        rows = server.written()
        push(n, "big.example", 2, *hosts[1:], "new\t60\tIN\tA\t192.0.2.200")
        n.wait_delivered()
        after = _ids(server, "big.example")
        same(coredns.ids(server)["big.example."], zone_id, "id of the zone")
        same({k for k in before if before[k] != after.get(k)} & set(after), set(), "records with another id")
        # A host that goes, one that comes, and the serial, written over the old one.
        same(len(set(after) ^ set(before)), 4, "records that differ")
        same(server.written() - rows, 4, "rows written")
        coredns.check(server, n)


def resync_writes_nothing(servers):
    with node(servers) as n:
        for i in range(50):
            push(n, f"z{i}.example", 1, *text_records("same", 5))
        n.wait_delivered()
        before = [server.written() for server in servers]
        same(n.ctl("resync", "dc1"), {"backend": "dc1", "zones": 50}, "what resync says")
        wait_until(lambda: backend(n, "dc1")["pending"] == 0, 30, "it is done")
        n.wait_delivered()
        same([server.written() for server in servers], before, "rows written so far")


def resync_heals(servers):
    """Somebody's hand in the tables is undone by a resync, wherever it is."""
    with node(servers[:1]) as n:
        server = servers[0]
        for i in range(4):
            push(n, f"z{i}.example", 1, *text_records("mine", 3))
        n.wait_delivered()
        server.sql("""UPDATE records r JOIN zones z ON z.id = r.zone_id SET online = 0 WHERE zone_name = 'z0.example.';
                      DELETE r FROM records r JOIN zones z ON z.id = r.zone_id WHERE zone_name = 'z1.example.' LIMIT 99;
                      INSERT INTO records (zone_id, hostname, type, data, ttl, online)
                        SELECT zone_id, hostname, type, data, ttl, online FROM records r JOIN zones z ON z.id = r.zone_id
                        WHERE zone_name = 'z2.example.';""".replace(" LIMIT 99", ""), coredns.DATABASE)
        n.ctl("resync", "dc1")
        wait_until(lambda: backend(n, "dc1")["pending"] == 0, 30, "it is done")
        check_both(n, [server])


def delete_leaves_others(servers):
    """Rows that are not ours: another's zone, and the operator's zone without a name."""
    others = {"foreign.example.", ""}
    with node(servers) as n:
        for server in servers:
            server.sql("INSERT INTO zones (zone_name) VALUES ('foreign.example.'), ('');"
                       "INSERT INTO records (zone_id, hostname, type, data, ttl, online) "
                       "SELECT id, 'x', 'A', '192.0.2.9', 60, 1 FROM zones", coredns.DATABASE)
        for zone in ("goes.example", "stays.example", "again.example"):
            push(n, zone, 1)
        n.wait_delivered()
        same(n.delete("goes.example", "again.example", "never.example"), OK, "delete")
        n.wait_delivered()
        push(n, "again.example", 1, *text_records("second life"))
        n.wait_delivered()
        for server in servers:
            coredns.check(server, n, others=others)
            same(server.sql("SELECT COUNT(*) FROM records WHERE data = '192.0.2.9'", coredns.DATABASE), [["2"]],
                 "rows of others")


def recreates(servers):
    with node(servers) as n:
        for i in range(5):
            push(n, "again.example", 7, *text_records(f"life {i}", 3))
            same(n.delete("again.example"), OK, "delete")
        push(n, "again.example", 7, *text_records("the last", 3))
        n.wait_delivered()
        same([stored_texts(server, "again.example") for server in servers], [{"the last"}] * 2, "TXT")
        check_both(n, servers)


def newest_wins(servers):
    """Order of acceptance, whatever the serials say, while one database can't be reached."""
    with node(servers) as n:
        push(n, "order.example", 9)
        n.wait_delivered()
        servers[1].kill()
        for serial in (10, 12, 11, 8):
            push(n, "order.example", serial, *text_records(f"push {serial}", 4))
        servers[1].start()
        n.wait_delivered()
        same([stored_texts(server, "order.example") for server in servers], [{"push 8"}] * 2, "TXT")
        check_both(n, servers)


def pushes_while_read(servers):
    """Nobody ever sees half of a change."""
    with node(servers) as n, Reader(servers[0], ["seen.example"]) as reader:
        for i in range(150):
            push(n, "seen.example", i + 1, *text_records(f"version {i} " + "x" * (i % 60), 1 + 40 - i % 37))
        n.wait_delivered()
        wait_until(lambda: reader.reads > 20, 20, "some reads")
        same(reader.mixed[:2], [], "mixed versions")
        check_both(n, servers)


# Text of a zone file: what is in it, and nothing else.
HOSTILE = {
    "quotes": r'''@ 60 IN TXT "a \" b ' c ` d"''',
    "SQL": r"""@ 60 IN TXT "'; DROP TABLE records; -- " "\\'; DELETE FROM zones WHERE ''='" """,
    "backslashes": r'@ 60 IN TXT "\\" "\\\\n\\0\\\"%s%n" "\\x27"',
    "control characters": r'@ 60 IN TXT "\000\001\009\010\013\026\127 end"',
    "every octet": "@ 60 IN TXT " + " ".join('"' + "".join(f"\\{i:03d}" for i in range(start, start + 64)) + '"'
                                              for start in (0, 64, 128, 192)),
    "UTF-8": '@ 60 IN TXT "grüße ☃ 𝄞"',
    "not UTF-8": r'@ 60 IN TXT "\195\040\255\254 \192\128 \237\160\128"',
    "comments": '@ 60 IN TXT "; # -- /* */ ( )"',
    "names with dots and quotes": r'''a\.b.c\"d'e 60 IN A 192.0.2.1''',
    "names with octets": r'\000\255\;x 60 IN A 192.0.2.1',
    "a question mark": r'q 60 IN TXT "?" "??" ":1" "%s"',
    "CAA": r'''@ 60 IN CAA 0 issue "ca.example; account=\"1'2\"" ''',
    "long TXT": "l 60 IN TXT " + " ".join('"' + chr(97 + i % 26) * 255 + '"' for i in range(252)),
    "64 KiB TXT": "m 60 IN TXT " + " ".join('"' + r"\"" * 255 + '"' for i in range(255)),
    "splits beside escapes": "s 60 IN TXT " + " ".join('"' + "x" * k + r"\200\"\\" * 30 + '"' for k in range(120, 130)),
    "unknown types": r"u 60 IN TYPE65400 \# 4 00ff2722",
    "empty strings": 'e 60 IN TXT "" "" "x" ""',
}


def hostile_data(servers, database_schema, where):
    """As it was pushed, or refused with a reason: by us, for this name server, or by the receiver."""
    cases = Cases(where)
    with cases.case("nobody crashed"), node(servers) as n:
        for server in servers:
            server.create(coredns.DATABASE, database_schema)
        for i, (name, line) in enumerate(HOSTILE.items()):
            with cases.case(f"hostile data: {name}"):
                zone = f"hostile{i}.example"
                status, body = n.push(zone, zone_text(zone, 1, line))
                if (status, body) != OK:
                    same((status, body[:13]), (400, "error=1&text="), "answer")
                    print(f"# {where}: {name} is refused: {body}", flush=True)
                    continue
                wait_until(lambda: delivery(n, zone, "dc1")["state"] != "pending", 20, "it is tried")  # noqa: B023
                row = delivery(n, zone, "dc1")
                same((row["state"], row["last_error"]), ("written", None), "state")
                rows, canonical = stored(servers[0], zone), n.cat(zone)
                if row["warning"]:
                    print(f"# {where}: {name}: {row['warning']}", flush=True)
                try:
                    coredns.check_zone(zone, rows, canonical)
                except AssertionError:
                    # Left out, then all of the RRset, and it is said.
                    check_error(row["warning"], "left out")
                    rrsets = {(record.split()[0], record.split()[3]) for record in canonical.splitlines()}
                    coredns.check_zone(zone, rows, canonical, {rrset for rrset in rrsets if rrset[1] not in ("SOA", "NS")})
        with cases.case("tables are as they were after hostile data"):
            same(coredns.ids(servers[0]).keys(), coredns.ids(servers[1]).keys(), "zones")
    return cases.failed


def too_long(servers):
    """The plugin's own tables on a server that is not strict: what is too long is left out, never cut."""
    with node(servers[:1]) as n:
        server = servers[0]
        server.create(coredns.DATABASE, coredns.PLUGIN_SCHEMA)
        server.set(sql_mode="")
        zone, long_text = "long.example", " ".join(f'"{c * 250}"' for c in "abcdefgh")
        push(n, zone, 1, f"long 60 IN TXT {long_text}", "www 60 IN A 192.0.2.1")
        n.wait_delivered()
        coredns.check_zone(zone, stored(server, zone), n.cat(zone), {(f"long.{zone}.", "TXT")})
        check_error(delivery(n, zone, "dc1")["warning"], "left out", "longer than the column", f"long.{zone}. TXT")
        # A narrower column behind our back is an error, not a loss.
        server.sql("ALTER TABLE records MODIFY data VARCHAR(50) NOT NULL", coredns.DATABASE)
        push(n, "narrow.example", 1, *text_records("x" * 200))
        wait_until(lambda: delivery(n, "narrow.example", "dc1")["state"] != "pending", 20, "it is tried")
        state = delivery(n, "narrow.example", "dc1")
        if state["state"] == "deferred":
            check_error(state["last_error"], "too long")
        else:
            check_error(state["warning"], "left out")
        same(server.sql("SELECT * FROM records WHERE data LIKE '%xxx%'", coredns.DATABASE), [], "rows that were cut")


def latin1_tables(servers):
    """Tables and a server that know nothing of UTF-8, and take upper and lower case for the same."""
    with node(servers[:1]) as n:
        server = servers[0]
        server.create(coredns.DATABASE,
                      "ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci;" + coredns.PLUGIN_SCHEMA)
        same(server.sql("SELECT DISTINCT character_set_name FROM information_schema.columns "
                        "WHERE table_schema = 'coredns' AND character_set_name IS NOT NULL"), [["latin1"]], "character sets")
        for serial, texts in ((1, ("grüße ☃ 𝄞", "GRÜSSE", "Case", "case")), (2, ("Grüße ☃ 𝄞", "grüsse", "cASE", "case"))):
            push(n, "latin.example", serial, *(f'@ 60 IN TXT "{text}"' for text in texts))
        check_both(n, [server])


def mixed_case_owner(servers):
    """A zone that somebody wrote by hand with capitals is the zone that is pushed, not a second one."""
    with node(servers[:1]) as n:
        server = servers[0]
        server.create(coredns.DATABASE, coredns.PLUGIN_SCHEMA)
        server.sql("INSERT INTO zones (zone_name) VALUES ('Hand.Example.')", coredns.DATABASE)
        push(n, "hand.example", 1)
        check_both(n, [server])


CASES = [
    ("only differences are written, and ids stay", writes_differences),
    ("a resync of what is there writes no row", resync_writes_nothing),
    ("a resync heals what somebody changed", resync_heals),
    ("a delete goes to every database, and rows that are not ours stay", delete_leaves_others),
    ("a zone deleted and made again has its new content", recreates),
    ("the push accepted last is stored, whatever the serials say", newest_wins),
    ("a reader never sees half of a change", pushes_while_read),
    ("what is too long for the plugin's tables is left out and said, never cut", too_long),
    ("tables in latin1 with a collation for Swedes hold what was pushed", latin1_tables),
    ("a zone written by hand with capitals becomes the one that is pushed", mixed_case_owner),
]


def run(servers, wanted):
    failed = 0
    if not wanted:
        failed += play_wire(servers, "wire")
        failed += hostile_data(servers, coredns.schema(), "our schema")
        failed += hostile_data(servers, coredns.PLUGIN_SCHEMA, "the plugin's schema")
    return failed + run_cases(CASES, servers, wanted)
