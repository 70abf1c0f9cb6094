# SPDX-License-Identifier: MIT
"""What a running ddns is to a test, wherever it runs: a master that pushes, a name server that answers, ddnsctl."""

import json

from cases import wait_until


def dump(value, indent=""):
    """`value` (dicts, lists of dicts, lists of scalars, scalars) as block YAML."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines += [f"{indent}{key}:", dump(item, indent + "  ")]
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            lines.append(f"{indent}{key}:")
            for entry in item:
                lines.append(f"{indent}  - " + dump(entry, indent + "    ").lstrip())
        elif isinstance(item, list):
            lines.append(f"{indent}{key}: [{', '.join(map(str, item))}]")
        else:
            lines.append(f"{indent}{key}: {item}")
    return "\n".join(lines)


class Running:
    """Base of Node and Machine, which fill in `master` (push.Master), `nameserver` (dns.NameServer) and ctl_text()."""

    master = None
    nameserver = None

    def ctl_text(self, *arguments, stdin="", check=True):
        """Standard output of ddnsctl; CalledProcessError if it fails and `check`."""
        raise NotImplementedError

    def ctl(self, *arguments):
        """What `ddnsctl --json ARGUMENTS` prints, parsed."""
        return json.loads(self.ctl_text("--json", *arguments))

    def push(self, zone, text, **options):
        return self.master.push(zone, text, **options)

    def delete(self, *zones, **options):
        return self.master.delete(*zones, **options)

    def exists(self, zone):
        return self.master.exists(zone)

    def dig(self, *arguments):
        return self.nameserver.dig(*arguments)

    def axfr(self, zone):
        return self.nameserver.axfr(zone)

    def cat(self, zone):
        """The canonical text that ddns holds."""
        return self.ctl_text("cat", zone)

    def undelivered(self):
        """How many deliveries are not done, over all backends."""
        return sum(b["pending"] + b["deferred"] + b["dead"] for b in self.ctl("status")["backends"])

    def wait_served(self, zone, serial, timeout=30):
        """Until the name server answers with `serial`; None: until it has no authority for the zone."""
        def reached():
            soa = self.nameserver.soa(zone)
            if soa is None:
                return False
            return (soa.serial if soa.authoritative and soa.rcode == 0 else None) == serial
        wait_until(reached, timeout, f"{zone} served with serial {serial}")

    def wait_delivered(self, timeout=60):
        """Until every backend has everything."""
        wait_until(lambda: self.undelivered() == 0 and not self.ctl("queue"), timeout, "everything delivered", interval=0.1)
