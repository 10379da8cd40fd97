"""Drives the provisioning classes of PyPI's esp-rainmaker-cli: see README.md."""

import importlib.util
import json
import os
import sys
import time

import rmaker_tools.common

# The package keeps its generated messages in a folder that its own programs put on the path.
_root = os.path.dirname(importlib.util.find_spec("rmaker_tools").submodule_search_locations[0] + "/x")
sys.path.insert(0, os.path.join(_root, "rmaker_prov"))
from rmaker_tools.common import prov, security, transport  # noqa: E402

REFUSED = 3


def open_session(where, scheme, secret):
    """Returns (transport, security) of an established session with the device at HOST:PORT or on this port of loopback."""
    tp = transport.Transport_HTTP(where if ":" in where else f"127.0.0.1:{where}")
    info = json.loads(tp.send_data("proto-ver", "---"))["prov"]
    if scheme == 0:
        sec = security.Security0(False)
    elif scheme == 1:
        sec = security.Security1(secret, False)
    else:
        sec = security.Security2(info.get("sec_patch_ver", 0), "wifiprov", secret, False)
    response = None
    while (request := sec.security_session(response)) is not None:
        response = tp.send_data("prov-session", request)
    return tp, sec


def provision(port, scheme, secret, ssid, passphrase):
    try:
        tp, sec = open_session(port, scheme, secret)
    except Exception as error:
        print(f"session refused: {type(error).__name__}")
        return REFUSED
    print("session established")

    def call(endpoint, request, parse):
        return parse(sec, tp.send_data(endpoint, request))

    call("prov-scan", prov.scan_start_request(sec, blocking=True, group_channels=5), prov.scan_start_response)
    found = call("prov-scan", prov.scan_status_request(sec), prov.scan_status_response)["count"]
    for entry in call("prov-scan", prov.scan_result_request(sec, 0, found), prov.scan_result_response):
        print("found", entry["ssid"], entry["bssid"], entry["channel"], entry["rssi"], entry["auth"])
    set_request = prov.config_set_config_request(sec, ssid, passphrase)
    assert call("prov-config", set_request, prov.config_set_config_response) == 0
    assert call("prov-config", prov.config_apply_config_request(sec), prov.config_apply_config_response) == 0
    deadline = time.monotonic() + 30
    state = "connecting"
    while state == "connecting" and time.monotonic() < deadline:
        time.sleep(0.2)
        state = call("prov-config", prov.config_get_status_request(sec), prov.config_get_status_response)
    print("RESULT", state)
    return 0 if state == "connected" else 1


def handshakes(port, count, secret):
    refused = 0
    for _ in range(count):
        try:
            tp, _ = open_session(port, 2, secret)
            tp.conn.close()
        except Exception:
            refused += 1
    print(f"RESULT {count - refused} of {count} handshakes")
    return 1 if refused else 0


def client_cost(rounds=5):
    """CPU time of the client's own side, against a device that is played by prepared answers."""
    from rmaker_tools.common.security import security2

    costs = []
    for _ in range(rounds):
        sec = security.Security2(1, "wifiprov", "abcd1234", False)
        start = time.process_time()
        sec.security_session(None)
        context = sec.srp6a_ctx
        salt = bytes.fromhex("036ee0c7bcb9eda84c9eac97d93decf4")
        context.process_challenge(salt, b"\x5e" * 384)
        costs.append(time.process_time() - start)
    assert security2
    print(f"RESULT {min(costs) * 1e6:.0f} us")
    return 0


def main(arguments):
    port, command = arguments[0], arguments[1]
    if command == "handshakes":
        return handshakes(port, int(arguments[2]), arguments[3])
    if command == "client-cost":
        return client_cost()
    return provision(port, int(command), *arguments[2:5])


sys.exit(main(sys.argv[1:]))
