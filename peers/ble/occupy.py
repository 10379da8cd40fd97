"""Has a device for some seconds: see README.md.

occupy.py PORT NAME SECONDS
"""

import asyncio
import sys

import radio
from bumble.device import Peer


async def main(port, name, seconds):
    async with radio.central(port) as host:
        heard = await radio.find(host, name)
        connection = await asyncio.wait_for(host.connect(heard.address), radio.PATIENCE)
        # Then the device has taken it too.
        await Peer(connection).request_mtu(185)
        print("READY", flush=True)
        await asyncio.sleep(float(seconds))
        await radio.disconnect(connection)


asyncio.run(main(*sys.argv[1:4]))
