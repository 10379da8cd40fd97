"""The message buses of the lab, and questions to the services on them: see README.md."""

import asyncio
import contextlib
from pathlib import Path

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from lab import PATIENCE, expect, uptime, within

# What a bus would start by itself when somebody asks for it. In the lab a scenario says what runs.
ACTIVATED = Path("/usr/share/dbus-1/system-services")
# Seconds.
NOW_AND_THEN = 2
PROPERTIES = "org.freedesktop.DBus.Properties"


class Bus:
    """A computer's system bus."""

    def __init__(self, connection, address):
        self.connection, self.address = connection, address
        self.news = asyncio.Event()
        connection.add_message_handler(self.hear)

    @classmethod
    async def start(cls, stage, computer="device"):
        """The bus of this computer; the device's is where programs look for one by themselves."""
        for file in ACTIVATED.glob("*.service"):
            file.unlink()
        name = "dbus" if computer == "device" else f"dbus-{computer}"
        socket = "/run/dbus/system_bus_socket" if computer == "device" else f"/run/dbus/{computer}"
        options = ["--system", "--nofork", "--nopidfile", "--print-address", f"--address=unix:path={socket}"]
        daemon = await stage.start(name, "dbus-daemon", *options)
        await daemon.line("unix:")
        return await cls.at(stage, f"unix:path={socket}", name)

    @classmethod
    async def at(cls, stage, address, name):
        """The bus at this address, which runs already."""
        rule = "type='signal'"
        wish = Message("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", signature="s", body=[rule])
        async with within(PATIENCE, f"{name} takes a program"):
            connection = await MessageBus(bus_address=address).connect()
            stage.callback(connection.disconnect)
            reply = await connection.call(wish)
        expect(reply.message_type != MessageType.ERROR, f"no signals on {name}: {reply.body}")
        return cls(connection, address)

    def hear(self, message):
        if message.message_type == MessageType.SIGNAL:
            self.news.set()

    async def until(self, is_so, otherwise, seconds=PATIENCE):
        """Waits until the async function `is_so` gives something true, and gives that; asks it anew after each signal, and
        now and then for what comes without one."""
        until = uptime() + seconds
        while True:
            self.news.clear()
            if found := await is_so():
                return found
            expect(uptime() < until, f"not in {seconds} s: {otherwise}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), NOW_AND_THEN)

    async def has(self, service):
        """Whether it runs."""
        reply = await self.ask("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", "s", service)
        return reply.message_type == MessageType.METHOD_RETURN and reply.body[0]

    async def wait_for(self, service, seconds=PATIENCE):
        await self.until(lambda: self.has(service), f"{service} on the bus", seconds)

    async def ask(self, service, path, interface, member, signature="", *body):
        """The answer, which may be an error."""
        question = Message(service, path, interface, member, signature=signature, body=list(body))
        async with within(PATIENCE, f"{service} answers {member}"):
            return await self.connection.call(question)

    async def call(self, service, path, interface, member, signature="", *body):
        """The answer's values; an error is a failure."""
        reply = await self.ask(service, path, interface, member, signature, *body)
        expect(reply.message_type != MessageType.ERROR, f"{interface}.{member} of {path}: {reply.error_name} {reply.body}")
        return reply.body

    async def get(self, service, path, interface, name):
        """A property; None if it is not there."""
        reply = await self.ask(service, path, PROPERTIES, "Get", "ss", interface, name)
        return reply.body[0].value if reply.message_type == MessageType.METHOD_RETURN else None

    async def set(self, service, path, interface, name, kind, value):
        await self.call(service, path, PROPERTIES, "Set", "ssv", interface, name, Variant(kind, value))

    async def objects(self, service, path="/"):
        """All objects of a service that lists them, with interfaces and properties; none if it is not there."""
        reply = await self.ask(service, path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        return reply.body[0] if reply.message_type == MessageType.METHOD_RETURN else {}
