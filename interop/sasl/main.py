"""Clients in Python that log in by SASL. Arguments: the connect string, the kind of server."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "kazoo"))

from cases import Cases, Skip, equal, raises  # noqa: E402
from kazoo.client import KazooClient  # noqa: E402
from kazoo.exceptions import AuthFailedError, NoAuthError  # noqa: E402
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
    try:
        kazoo.start(10)
        raises(AuthFailedError, kazoo.get, "/")
    finally:
        kazoo.stop()
        kazoo.close()


def scram_logs_in():
    connection = only_ours()
    equal(connection.log_in("bob", "bobsecret"), 0)
    assert ("sasl", "bob") in connection.who_am_i(), connection.who_am_i()


def scram_letters():
    connection = only_ours()
    equal(connection.log_in("Юра", "密码"), 0)
    assert ("sasl", "Юра") in connection.who_am_i(), connection.who_am_i()


def scram_wrong_password():
    equal(only_ours().log_in("bob", "wrong"), -115)


def scram_unknown_user():
    equal(only_ours().log_in("eve", "bobsecret"), -115)


def only_ours():
    if KIND != "zoonode":
        raise Skip("Apache ZooKeeper has no SCRAM")
    return ScramConnection(HOSTS)


cases.run("kazoo logs in by DIGEST-MD5", logs_in)
cases.run("kazoo: others do not see what is bob's", others_do_not_see)
cases.run("kazoo: a super user does", super_sees)
cases.run("kazoo: a wrong password", wrong_password)
cases.run("scramp logs in by SCRAM-SHA-256", scram_logs_in)
cases.run("scramp: letters beyond ISO 8859-1", scram_letters)
cases.run("scramp: a wrong password", scram_wrong_password)
cases.run("scramp: an unknown user", scram_unknown_user)
cases.end()
