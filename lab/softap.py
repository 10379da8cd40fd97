"""The machine's own access point with the real hostapd and wpa_supplicant, and phones in it: see README.md."""

import asyncio
import os
import re
import signal
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request

from computer import OWN, access_point_programs
from lab import Stage, Unexpected, expect, play_all
from wifi import COUNTRY, NETWORK, Wifi

SOFTAP = Path(os.environ["LAB_PROGRAMS"]) / "softap"
NAME, KEY = "PROV_LAB", "setup-secret"
ADDRESS = "192.168.4.1"
ANSWER = b"hello from the access point"
# NetworkManager's state of a device that it leaves alone.
UNMANAGED = 10


class Lab:
    """The device with one radio, a phone, and routers."""

    def __init__(self, wifi):
        self.wifi, self.device, self.phone = wifi, wifi.device, wifi.phone

    async def open(self, stage, *options, before=(), interface=None, said="^OPEN"):
        """Our access point, once it is on the air."""
        interface = interface or self.device.interface
        program = await self.device.start(stage, "softap", *before, SOFTAP, interface, NAME, *options)
        await program.line(said)
        return program

    async def enter(self, control, key=None):
        """The phone joins the access point, and has an address."""
        await self.choose(control, key)
        await control.event("CTRL-EVENT-CONNECTED")
        await self.phone.lease()

    async def choose(self, control, key=None, name=NAME):
        """wpa_supplicant is told to join."""
        await control.choose(name, key)

    async def fetch(self):
        """The phone asks our HTTP service, and gets its answer."""
        request = Request(f"http://{ADDRESS}/proto-ver", data=b"---")
        said = await asyncio.to_thread(self.phone.get, request)
        expect(said == ANSWER, f"the access point says {said!r}")

    async def closed_to_others(self):
        """Nobody gets our HTTP service but through the access point; here it is the device itself that tries."""
        try:
            await asyncio.to_thread(self.device.get, f"http://{ADDRESS}/proto-ver")
        except URLError:
            return
        raise Unexpected("it serves other interfaces as well")

    async def frequency(self):
        """Where the phone is with its access point, in MHz."""
        said = await self.phone.run("iw", "dev", self.phone.interface, "link")
        match = re.search(r"freq: (\d+)", said)
        return match and int(match[1])

    async def tidy(self):
        await self.wifi.tidy()


def write(program, line):
    program.process.stdin.write(f"{line}\n".encode())


async def close(program):
    """Nothing is left of it."""
    write(program, "close")
    await program.line("^CLOSED")
    expect(await program.ended() == 0, "it did not end well")
    expect(not (NETWORK / OWN).exists(), "its interface is still there")
    expect(not access_point_programs("hostapd") and not access_point_programs("wpa_supplicant"), "its program still runs")


def a_phone_joins(lab, *key):
    async def step(stage):
        program = await lab.open(stage, *key)
        for process in access_point_programs("hostapd"):
            words = Path(f"/proc/{process}/cmdline").read_text() + Path(f"/proc/{process}/environ").read_text()
            expect(KEY not in words, "everybody can see the key")
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control, *key)
        (address,) = await lab.phone.addresses()
        expect(address.startswith("192.168.4."), f"the phone has {address}")
        said = await lab.phone.run("busybox", "nslookup", "-type=a", "connectivitycheck.gstatic.com", ADDRESS)
        expect(said.count(ADDRESS) >= 2, f"names are not answered: {said}")
        await lab.fetch()
        await lab.closed_to_others()
        await close(program)

    return step


def a_wrong_key(lab):
    async def step(stage):
        await lab.open(stage, KEY)
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.choose(control, "another-secret")
            await control.event("reason=WRONG_KEY")

    return step


def moves_with_its_guest(lab):
    async def step(stage):
        program = await lab.open(stage, KEY)
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control, KEY)
            expect(await lab.frequency() == 2437, "it does not begin on channel 6")
            write(program, "move 2462")
            await program.line("^MOVED 2462")
            await control.event("CTRL-EVENT-CHANNEL-SWITCH.* freq=2462")
            await lab.fetch()
            expect(await lab.frequency() == 2462, "the phone is elsewhere")
            heard = await control.ask("STATUS")
            expect(not any("DISCONNECTED" in event for event in control.events), f"the phone was thrown out: {heard}")

    return step


def a_band_without_access_points(lab):
    async def step(stage):
        program = await lab.open(stage)
        # In this country it may not be used; so the radio is free, and the access point comes back where it was.
        write(program, "move 5180")
        await program.line("^NOT MOVED")
        await program.line("ServiceLost")
        await program.line("ServiceBack")

    return step


def its_program_is_killed(lab):
    async def step(stage):
        program = await lab.open(stage)
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control)
            (process,) = access_point_programs("hostapd")
            os.kill(process, signal.SIGKILL)
            await program.line("ServiceLost")
            await program.line("ServiceBack")
            await control.event("CTRL-EVENT-DISCONNECTED")
            await control.event("CTRL-EVENT-CONNECTED")
            await lab.phone.lease()
        await lab.fetch()
        await close(program)

    return step


def left_behind(lab):
    async def step(stage):
        first = await lab.open(stage)
        (old,) = access_point_programs("hostapd")
        first.kill()
        await first.ended()
        expect((NETWORK / OWN).exists() and access_point_programs("hostapd") == [old], "nothing was left behind")
        program = await lab.open(stage)
        (new,) = access_point_programs("hostapd")
        expect(new != old, "the old one still runs")
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control)
        await lab.fetch()
        await close(program)

    return step


def two_at_once(lab):
    async def step(stage):
        await lab.open(stage)
        before = access_point_programs("hostapd")
        await lab.open(stage, said="^NOT OPEN another program")
        expect(access_point_programs("hostapd") == before, "the first one was disturbed")

    return step


def beside_network_manager(lab):
    async def step(stage):
        await lab.device.start_supplicant([])
        await lab.device.start_manager()
        program = await lab.open(stage, KEY)
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control, KEY)
        state = await lab.device.manager_state(OWN)
        expect(state == UNMANAGED, f"NetworkManager has the access point in state {state}")
        expect(await lab.device.has_wifi([lab.device.interface]), "NetworkManager has lost the station")
        await lab.fetch()
        await close(program)

    return step


def without_hostapd(lab):
    async def step(stage):
        hide = "mount --bind /dev/null /usr/sbin/hostapd; exec \"$@\""
        program = await lab.open(stage, KEY, before=["unshare", "--mount", "sh", "-c", hide, "sh"])
        expect(access_point_programs("wpa_supplicant") and not access_point_programs("hostapd"), "another program has it")
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control, KEY)
            write(program, "move 2412")
            await program.line("^MOVED 2412")
            await control.event("CTRL-EVENT-CHANNEL-SWITCH.* freq=2412")
        await lab.fetch()
        await close(program)

    return step


def switched_off(lab):
    async def step(stage):
        await lab.wifi.block(lab.device.interface)
        await lab.open(stage, said="^NOT OPEN Wi-Fi is switched off")
        await lab.wifi.block(lab.device.interface, False)
        program = await lab.open(stage)
        await lab.wifi.block(lab.device.interface)
        await program.line("ServiceLost")
        await lab.wifi.block(lab.device.interface, False)
        await program.line("ServiceBack")

    return step


def the_station_joins_on_another_channel(lab, manager):
    async def step(stage):
        router = lab.wifi.routers[0]
        network = await router.start("Home", channel=11)
        if manager:
            await lab.device.start_supplicant([])
            await lab.device.start_manager()
        else:
            await lab.device.start_supplicant([lab.device.interface])
        program = await lab.open(stage, KEY)
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control, KEY)
            write(program, "station")
            await program.line("^STATION NetworkManager" if manager else "^STATION WpaSupplicant")
            write(program, f"connect {network.hex} {network.passphrase}")
            # NetworkManager may scan just then, and the phone miss some beacons: it then finds the access point again.
            follows = "CTRL-EVENT-CHANNEL-SWITCH.* freq=2462"
            await control.event(f"{follows}|CTRL-EVENT-CONNECTED" if manager else follows)
            await lab.fetch()
            await program.line("^CONNECTED .* 11")
            await lab.fetch()
            expect(await lab.frequency() == 2462, "the phone is elsewhere")
            is_gone = any("DISCONNECTED" in event for event in control.events)
            expect(manager or not is_gone, "the phone was thrown out")
        await lab.device.fetch(router)
        await close(program)

    return step


def a_failed_try(lab):
    async def step(stage):
        old, new = lab.wifi.routers
        kept = await old.start("Old", channel=1)
        network = await new.start("New", channel=11)
        await lab.device.start_supplicant([lab.device.interface])
        async with lab.device.control() as control:
            await lab.choose(control, kept.passphrase, kept.ssid)
            await control.event("CTRL-EVENT-CONNECTED")
        await lab.device.lease()
        program = await lab.open(stage, KEY)
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control, KEY)
            expect(await lab.frequency() == 2412, "it does not begin where the station is")
            write(program, "station")
            write(program, f"connect {network.hex} wrong-password")
            await control.event("CTRL-EVENT-CHANNEL-SWITCH.* freq=2462")
            await program.line("^DISCONNECTED AuthError")
            write(program, "disconnect")
            # wpa_supplicant looks for its old network by itself, as soon as the new one has refused it: the phone may miss
            # some beacons meanwhile, and finds the access point again.
            await control.event("CTRL-EVENT-CHANNEL-SWITCH.* freq=2412|CTRL-EVENT-CONNECTED")
            await lab.fetch()
            expect(await lab.frequency() == 2412, "the phone is elsewhere")
        await lab.device.bus.until(lambda: is_on(lab.device, old), "the station is on its old network")
        await close(program)

    return step


async def is_on(computer, router):
    return await computer.joined() == router.bssid


def another_band(lab):
    async def step(stage):
        await lab.wifi.set_country("US")
        program = await lab.open(stage)
        await lab.phone.start_supplicant()
        try:
            async with lab.phone.control() as control:
                await lab.enter(control)
                write(program, "move 5180")
                await program.line("^MOVED 5180")
                await control.event("CTRL-EVENT-DISCONNECTED")
                await control.event("CTRL-EVENT-CONNECTED")
            expect(await lab.frequency() == 5180, "the phone is elsewhere")
            await lab.phone.lease()
            await lab.fetch()
        finally:
            await lab.wifi.set_country(COUNTRY)

    return step


def another_radio(lab):
    async def step(stage):
        station, other = lab.device.interfaces
        await lab.device.start_supplicant([station])
        program = await lab.open(stage, "--take", "--channel", "1", interface=other)
        expect(not (NETWORK / OWN).exists(), "it has made an interface")
        await lab.phone.start_supplicant()
        async with lab.phone.control() as control:
            await lab.enter(control)
        # There is room for the station's channel: nobody has to move.
        write(program, "move 2462")
        await program.line("^MOVED")
        expect(await lab.frequency() == 2412, "it has moved")
        await lab.fetch()
        await close(program)
        expect(not await lab.device.addresses(other), "its address is still there")

    return step


def steps(lab):
    return [
        ("a phone joins the open access point, by DHCP, DNS and HTTP", a_phone_joins(lab)),
        ("a phone joins with the key, which nobody sees", a_phone_joins(lab, KEY)),
        ("a wrong key is refused", a_wrong_key(lab)),
        ("it moves to another channel and its guest goes along", moves_with_its_guest(lab)),
        ("a band where it may not be costs it a while", a_band_without_access_points(lab)),
        ("another band: its guest finds it again", another_band(lab)),
        ("another radio is taken as it is", another_radio(lab)),
        ("hostapd is killed: it comes back, and so does the phone", its_program_is_killed(lab)),
        ("what a killed life has left behind is taken away", left_behind(lab)),
        ("a second one at once is refused", two_at_once(lab)),
        ("NetworkManager leaves it alone", beside_network_manager(lab)),
        ("wpa_supplicant does it without hostapd", without_hostapd(lab)),
        ("switched off before and in the middle", switched_off(lab)),
        ("the station joins elsewhere, wpa_supplicant: the guest goes along", the_station_joins_on_another_channel(lab, False)),
        ("the station joins elsewhere, NetworkManager: the guest goes along or comes back", the_station_joins_on_another_channel(lab, True)),
        ("a failed try: the station goes back, and the guest goes along or comes back", a_failed_try(lab)),
    ]


async def main():
    async with Stage() as surroundings:
        wifi = Wifi(surroundings)
        await wifi.begin(routers=2, device=2, phone=1)
        lab = Lab(wifi)
        lab.stage = surroundings
        return await play_all(steps(lab), lab)


sys.exit(asyncio.run(main()))
