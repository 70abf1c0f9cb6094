# SPDX-License-Identifier: MIT
"""A way to a MariaDB server on which connections are cut about the moment of COMMIT: nobody knows what came of it."""

import socket
import threading

BEFORE, AFTER = "before it reached the server", "after the server did it"
COMMIT = b"\x03COMMIT"  # COM_QUERY


class Cutter:
    """A context manager. `port`: where it listens on loopback; `cut`: the next commits that are cut, as BEFORE or AFTER;
    `seen`: how many COMMITs passed or were cut."""

    def __init__(self, server_address):
        self._server_address = server_address
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cut = []
        self.seen = 0

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        """Command by command: a packet goes there, what comes back goes here until the next one."""
        server = socket.create_connection(self._server_address, timeout=30)
        for s in (client, server):
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        state = {"hold": False}
        back = threading.Thread(target=self._answers, args=(server, client, state), daemon=True)
        back.start()
        try:
            with client.makefile("rb") as requests:
                while len(head := requests.read(4)) == 4:
                    packet = requests.read(int.from_bytes(head[:3], "little"))
                    if head[3] == 0 and packet[:7].upper() == COMMIT:
                        self.seen += 1
                        if self.cut:
                            state["hold"] = True
                            if self.cut.pop(0) == AFTER:
                                server.sendall(head + packet)
                                back.join(30)
                            return
                    server.sendall(head + packet)
        except OSError:
            pass
        finally:
            for s in (client, server):
                self._end(s)

    @staticmethod
    def _answers(server, client, state):
        try:
            while data := server.recv(65536):
                if state["hold"]:
                    return  # it answered, and nobody hears it
                client.sendall(data)
        except OSError:
            pass
        Cutter._end(client)

    @staticmethod
    def _end(s):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()
