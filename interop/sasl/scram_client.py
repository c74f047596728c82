"""A connection to a server that logs in by scramp, an implementation of SCRAM by others."""

import socket
import struct

import scramp

SASL = 102
WHO_AM_I = 107


class ScramConnection:
    def __init__(self, hosts):
        host, port = hosts.split(":")
        self._socket = socket.create_connection((host, int(port)), 10)
        self._send(struct.pack(">iqiqi16sb", 0, 0, 10000, 0, 16, bytes(16), 0))
        self._receive()

    def log_in(self, user, password):
        """Returns the error of the last reply; the server's signature has been checked if it is 0."""
        client = scramp.ScramClient(["SCRAM-SHA-256"], user, password)
        err, token = self._token(client.get_client_first())
        if err != 0:
            return err
        client.set_server_first(token)
        err, token = self._token(client.get_client_final())
        if err == 0:
            client.set_server_final(token)
        return err

    def who_am_i(self):
        self._send(struct.pack(">ii", 9, WHO_AM_I))
        body = self._receive()[16:]
        (count,), at, found = struct.unpack(">i", body[:4]), 4, []
        for _ in range(count):
            scheme, at = self._text(body, at)
            user, at = self._text(body, at)
            found.append((scheme, user))
        return found

    def _token(self, text):
        token = text.encode()
        self._send(struct.pack(">iii", 1, SASL, len(token)) + token)
        reply = self._receive()
        err, length = struct.unpack(">ii", reply[12:20])
        return err, reply[20:].decode() if length >= 0 else None

    @staticmethod
    def _text(body, at):
        (length,) = struct.unpack(">i", body[at : at + 4])
        return body[at + 4 : at + 4 + length].decode(), at + 4 + length

    def _send(self, payload):
        self._socket.sendall(struct.pack(">i", len(payload)) + payload)

    def _receive(self):
        (length,) = struct.unpack(">i", self._exactly(4))
        return self._exactly(length)

    def _exactly(self, count):
        received = b""
        while len(received) < count:
            more = self._socket.recv(count - len(received))
            assert more, "closed"
            received += more
        return received
