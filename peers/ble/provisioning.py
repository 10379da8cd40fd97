"""A provisioning over any transport, with the cryptography of esp-rainmaker-cli: see README.md.

A transport is what has `async send(endpoint, data)`, both data and answer being text with a byte in each character.
"""

import asyncio
import importlib.util
import json
import os
import sys
import time

import rmaker_tools.common

# The package keeps its generated messages in a folder that its own programs put on the path.
_root = os.path.dirname(importlib.util.find_spec("rmaker_tools").submodule_search_locations[0] + "/x")
sys.path.insert(0, os.path.join(_root, "rmaker_prov"))
from rmaker_tools.common import prov, security  # noqa: E402

assert rmaker_tools.common

JOINED, NOT_JOINED, REFUSED = 0, 1, 3
ENTRIES_AT_ONCE = 4


class Left(Exception):
    """The client has gone by itself."""


async def provision(transport, greet, scheme, secret, ssid, passphrase, scans=True, poll=0.2):
    """The whole of it; says what it does and how it ends, and gives the exit code for that.

    `poll`: seconds before each question for the state."""
    try:
        session = await open_session(transport, greet, scheme, secret)
    except Left:
        raise
    except Exception as error:
        print(f"session refused: {type(error).__name__}")
        return REFUSED
    print("session established")

    async def call(endpoint, request, parse, *arguments):
        return parse(session, await transport.send(endpoint, request(session, *arguments)))

    if scans:
        await scan(call)
    state = await join(call, ssid, passphrase, poll)
    print("RESULT", state)
    return JOINED if state == "connected" else NOT_JOINED


async def esp_prov_greets(transport):
    """It asks for the version again for each capability that it wants to know of."""
    for _ in range(6):
        answer = await transport.send("proto-ver", "---")
    return answer


async def android_greets(transport):
    return await transport.send("proto-ver", "ESP")


async def open_session(transport, greet, scheme, secret):
    info = json.loads(await greet(transport))["prov"]
    if scheme == 0:
        session = security.Security0(False)
    elif scheme == 1:
        session = security.Security1(secret, False)
    else:
        session = security.Security2(info.get("sec_patch_ver", 0), "wifiprov", secret, False)
    response = None
    while (request := session.security_session(response)) is not None:
        response = await transport.send("prov-session", request)
    return session


async def scan(call):
    await call("prov-scan", prov.scan_start_request, prov.scan_start_response, True, False, 0)
    count = (await call("prov-scan", prov.scan_status_request, prov.scan_status_response))["count"]
    for start in range(0, count, ENTRIES_AT_ONCE):
        size = min(ENTRIES_AT_ONCE, count - start)
        for entry in await call("prov-scan", prov.scan_result_request, prov.scan_result_response, start, size):
            print("found", entry["ssid"], entry["bssid"], entry["channel"], entry["rssi"], entry["auth"])


async def join(call, ssid, passphrase, poll):
    assert await call("prov-config", prov.config_set_config_request, prov.config_set_config_response, ssid, passphrase) == 0
    assert await call("prov-config", prov.config_apply_config_request, prov.config_apply_config_response) == 0
    deadline = time.monotonic() + 30
    state = "connecting"
    while state == "connecting" and time.monotonic() < deadline:
        await asyncio.sleep(poll)
        state = await call("prov-config", prov.config_get_status_request, prov.config_get_status_response)
    return state
