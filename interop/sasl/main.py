"""Clients in Python that log in by SASL. Arguments: the connect string, the kind of server."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kazoo"))

import scramp.core  # noqa: E402
from cases import Cases, equal, eventually, raises  # noqa: E402
from kazoo.client import KazooClient  # noqa: E402
from kazoo.exceptions import NoAuthError  # noqa: E402
from kazoo.protocol.states import KeeperState  # noqa: E402
from kazoo.security import make_acl  # noqa: E402
from scram_client import ScramConnection  # noqa: E402

HOSTS, KIND = sys.argv[1], sys.argv[2]
cases = Cases()


def client(user=None, password=None):
    options = {} if user is None else {"sasl_options": {"mechanism": "DIGEST-MD5", "username": user, "password": password}}
    return KazooClient(hosts=HOSTS, timeout=10, **options)


def with_client(body, **who):
    kazoo = client(**who)
    kazoo.start()
    try:
        return body(kazoo)
    finally:
        kazoo.stop()
        kazoo.close()


def logs_in():
    def protect(kazoo):
        kazoo.create("/kazoo-sasl", b"mine", acl=[make_acl("sasl", "bob", all=True)])
        equal(kazoo.get("/kazoo-sasl")[0], b"mine")

    with_client(protect, user="bob", password="bobsecret")
    with_client(lambda kazoo: equal(kazoo.get("/kazoo-sasl")[0], b"mine"), user="bob", password="bobsecret")


def others_do_not_see():
    with_client(lambda kazoo: raises(NoAuthError, kazoo.get, "/kazoo-sasl"))
    with_client(lambda kazoo: raises(NoAuthError, kazoo.get, "/kazoo-sasl"), user="alice", password="alicesecret")


def super_sees():
    with_client(lambda kazoo: equal(kazoo.get("/kazoo-sasl")[0], b"mine"), user="root", password="rootsecret")


def wrong_password():
    kazoo = client(user="bob", password="wrong")
    # Whether start() still sees the connection, which is refused a moment after it was made, is chance: the states tell.
    states = []
    kazoo.add_listener(lambda state: states.append(kazoo.client_state))
    try:
        kazoo.start_async()
        eventually("the refusal", lambda: KeeperState.AUTH_FAILED in states)
        equal(states, [KeeperState.CONNECTED, KeeperState.AUTH_FAILED], "states")
    finally:
        kazoo.stop()
        kazoo.close()


def scram(user, password, expected):
    """What a login comes to on a server that has SCRAM; Apache's does not understand the first word of it."""
    connection = ScramConnection(HOSTS)
    if KIND == "apache":
        raises(scramp.core.ScramException, connection.log_in, user, password)
        return
    equal(connection.log_in(user, password), expected)
    if expected == 0:
        assert ("sasl", user) in connection.who_am_i(), connection.who_am_i()


cases.run("kazoo logs in by DIGEST-MD5", logs_in)
cases.run("kazoo: others do not see what is bob's", others_do_not_see)
cases.run("kazoo: a super user does", super_sees)
cases.run("kazoo: a wrong password", wrong_password)
cases.run("scramp logs in by SCRAM-SHA-256", lambda: scram("bob", "bobsecret", 0))
cases.run("scramp: letters beyond ISO 8859-1", lambda: scram("Юра", "密码", 0))
cases.run("scramp: a wrong password", lambda: scram("bob", "wrong", -115))
cases.run("scramp: an unknown user", lambda: scram("eve", "bobsecret", -115))
cases.end()
