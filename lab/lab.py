"""What the scenarios share: programs that run beside, steps, and how they went: see README.md."""

import asyncio
import contextlib
import json
import os
import re
import sys
import time
import traceback
from pathlib import Path

LOGS = Path("/run/lab")
REPOSITORY = Path(__file__).resolve().parent.parent
LANDFALL = Path(os.environ["LAB_PROGRAMS"]) / "landfall"
# Seconds. Everything is ten to twenty times slower in here than on the host, and has been eight times slower still on a busy
# one. Whoever waits here waits for what must come: nothing is won by giving up early.
PATIENCE = 120
STEP = 600
STOP = 30
# How many of a program's last lines are shown when a step failed.
TAIL = 12
# The line that a scenario says before its first step. A machine that does not come that far is booted once more.
READY = "SURROUNDINGS ARE THERE"


class Unexpected(Exception):
    """Something did not happen as it should."""


def expect(is_so, otherwise):
    if not is_so:
        raise Unexpected(otherwise)


def uptime():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def say(text):
    print(f"[{uptime():6.1f}] {text}", flush=True)


class Program:
    """A program that runs beside; what it prints is kept in a log and can be waited for."""

    def __init__(self, name, process):
        self.name, self.process = name, process
        self.lines, self.news, self.seen = [], asyncio.Event(), 0
        self.reader = asyncio.create_task(self.read())

    @classmethod
    async def start(cls, name, *command, **variables):
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **variables},
        )
        return cls(name, process)

    async def read(self):
        with (LOGS / f"{self.name}.log").open("a") as log:
            async for line in self.process.stdout:
                line = line.decode(errors="replace").rstrip()
                print(f"{uptime():8.2f} {line}", file=log, flush=True)
                self.lines.append(line)
                self.news.set()
        self.news.set()

    async def line(self, pattern, seconds=PATIENCE):
        """Waits for a line with this regular expression, after the last one that was waited for. Gives the match."""
        until = uptime() + seconds
        while True:
            self.news.clear()
            while self.seen < len(self.lines):
                self.seen += 1
                if match := re.search(pattern, self.lines[self.seen - 1]):
                    return match
            expect(not self.reader.done(), f"{self.name} ended and did not say: {pattern}")
            try:
                await asyncio.wait_for(self.news.wait(), until - uptime())
            except asyncio.TimeoutError:
                raise Unexpected(f"{self.name} did not say in {seconds} s: {pattern}") from None

    async def event(self, name, seconds=PATIENCE):
        """Waits for an event of `landfall --json`, after the last one that was waited for."""
        match = await self.line(rf'^\{{"event":"{name}".*', seconds)
        return json.loads(match[0])

    def said(self, text):
        """Whether this was in any line so far."""
        return any(text in line for line in self.lines)

    async def ended(self, seconds=PATIENCE):
        """Waits for the end and gives the exit code."""
        try:
            code = await asyncio.wait_for(self.process.wait(), seconds)
        except asyncio.TimeoutError:
            raise Unexpected(f"{self.name} was not done in {seconds} s") from None
        await self.reader
        return code

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def stop(self):
        """Ends it as a person would, and if that does not help by force."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), STOP)
            except asyncio.TimeoutError:
                self.kill()
        # Something that it has started may hold the other end.
        await asyncio.wait([self.reader], timeout=5)


class Stage(contextlib.AsyncExitStack):
    """Where programs are started that end with it."""

    def __init__(self):
        super().__init__()
        self.programs = []

    async def __aexit__(self, kind, error, trace):
        """What went wrong is told before anything is taken down, which may take its time."""
        if error and not getattr(error, "is_told", False):
            error.is_told = True
            print(f"    {error}" if isinstance(error, Unexpected) else "".join(traceback.format_exception(error)))
            self.show()
            sys.stdout.flush()
        return await super().__aexit__(kind, error, trace)

    async def start(self, name, *command, **variables):
        program = await Program.start(name, *command, **variables)
        self.programs.append(program)
        self.push_async_callback(program.stop)
        return program

    def show(self):
        """What the programs said last, for whoever has to find a fault."""
        for program in self.programs:
            print(f"    {program.name}:")
            for line in program.lines[-TAIL:]:
                print(f"      {line}")


def ready():
    """Everything that the steps need is there."""
    say(READY)


@contextlib.asynccontextmanager
async def within(seconds, what):
    """Nothing in here may take longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Unexpected(f"not in {seconds} s: {what}") from None


async def eventually(is_so, otherwise, seconds=PATIENCE):
    """Waits until the async function `is_so` gives something true, and gives that: for what nobody signals."""
    until = uptime() + seconds
    while not (found := await is_so()):
        expect(uptime() < until, f"not in {seconds} s: {otherwise}")
        await asyncio.sleep(1)
    return found


async def play(name, step, surroundings):
    """Runs one step, an async function of a stage of its own. Whether it went well."""
    begin = uptime()
    async with Stage() as stage:
        try:
            async with asyncio.timeout(STEP):
                await step(stage)
            say(f"ok    {name} ({uptime() - begin:.1f} s)")
            return True
        except Exception as error:
            say(f"FAIL  {name} ({uptime() - begin:.1f} s)")
            print(f"    {error}" if isinstance(error, Unexpected) else traceback.format_exc())
            for shown in (stage, surroundings.stage):
                shown.show()
            sys.stdout.flush()
            return False


async def play_all(steps, surroundings):
    """Runs the steps, pairs of a name and what `play` takes; only those whose names have one of the words that the
    script was called with, if there are any. After each the surroundings, what all steps share, are put in order. Gives
    the exit code."""
    ready()
    words = sys.argv[1:]
    wanted = [step for step in steps if not words or any(word in step[0] for word in words)]
    failed = 0
    for name, step in wanted:
        failed += not await play(name, step, surroundings)
        async with within(STEP, "the surroundings are in order again"):
            await surroundings.tidy()
    say(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed or not wanted else 0
