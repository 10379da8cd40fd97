"""Drives PyPI's esp-protocomm (security 1) over an HTTP transport of our own: see README.md."""

import asyncio
import http.client
import sys

from esp_protocomm import Security1, establish_session, provision_wifi

REFUSED = 3


class Http:
    """One kept connection and the cookie, as esp_prov has it."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
        self.cookie = None

    async def send(self, endpoint, data):
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.cookie:
            headers["Cookie"] = self.cookie
        self.connection.request("POST", f"/{endpoint}", data, headers)
        response = self.connection.getresponse()
        self.cookie = response.getheader("Set-Cookie") or self.cookie
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"status {response.status}")
        return body


async def main(port, pop, ssid, passphrase):
    transport = Http(int(port))
    try:
        session = await establish_session(transport, Security1(pop))
    except Exception as error:
        print(f"session refused: {type(error).__name__}")
        return REFUSED
    print("session established")
    status = await provision_wifi(transport, session, ssid, passphrase, poll_interval=0.2)
    print("RESULT", status.describe())
    return 0 if status.state == 0 else 1


sys.exit(asyncio.run(main(*sys.argv[1:5])))
