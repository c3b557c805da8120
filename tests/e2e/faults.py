"""The command under faults: disks that fill up, limits, interrupted and short calls, kills, inputs that change, odd names
and files, and input without end.

Environment: CTE; CTE_FAULTS, the library that faults.c makes; CTE_TEST_SEED to repeat a run; CTE_TEST_SCALE, how much (at
100 ten gigabytes go through each pipe).
"""

import base64
import contextlib
import errno
import os
import pwd
import quopri
import random
import re
import resource
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
import unittest

import command
from command import CTE, ENVIRONMENT, SEED, cte, read, run

FAULTS = os.path.abspath(os.environ["CTE_FAULTS"])
SCALE = float(os.environ.get("CTE_TEST_SCALE", 1))
MOST_MEMORY = 16384  # KiB
print(f"faults.py: CTE_TEST_SEED={SEED}", file=sys.stderr)


def preloaded(**settings):
    """An environment in which faults.c is loaded; a sanitizer's library, if there is one, comes first."""
    before = os.environ.get("LD_PRELOAD", "")
    found = {**ENVIRONMENT, "LD_PRELOAD": f"{before} {FAULTS}".strip(), "ASAN_OPTIONS": "detect_leaks=0"}
    return {**found, **{f"CTE_FAULTS_{name.upper()}": str(value) for name, value in settings.items()}}


def faulty(arguments, data=None, **settings):
    keywords = {"stdin": subprocess.DEVNULL} if data is None else {"input": data}
    done = subprocess.run([CTE, *arguments], capture_output=True, env=preloaded(**settings), timeout=120, **keywords)
    return done.returncode, done.stdout, done.stderr.decode()


def limited(**limits):
    """preexec_fn: fsize=1000 is `ulimit -f`, in octets."""

    def set_limits():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (value, value))

    return set_limits


def peak(process):
    """A process's most resident memory so far, in KiB."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


class Case(command.Case):
    def text(self, lines):
        """Lines of text with CRLF, dots and UTF-8."""
        words = ["one", "two.", ".three", "=", "grün", "系统", " "]
        return "".join(" ".join(self.random.choices(words, k=self.random.randrange(9))) + "\r\n" for _ in range(lines)).encode()

    def codings(self, text):
        """Each subcommand that has an output, both ways: (arguments, input, output). Lines of `text` end in CRLF."""
        found = [(["base64", "--text"], text.replace(b"\r\n", b"\n"), base64.encodebytes(text))]
        for name in "base64", "qp", "smtp":
            code, coded, error = cte(name, data=text)
            self.assertEqual((code, error), (0, ""))
            found += [([name], text, coded), ([name, "-d"], coded, text)]
        return found

    def same(self, got, expected, *about):
        """Without unittest's search for what differs, which takes minutes where much does."""
        shown = [repr(value)[:200] for value in (got, expected)]
        self.assertTrue(got == expected, f"seed {SEED}: {about}: {shown[0]} is not {shown[1]}")

    def as_nobody(self, arguments, **keywords):
        if subprocess.run(["test", "-x", CTE], check=False, user="nobody").returncode != 0:
            self.skipTest("another user does not reach the command")
        return subprocess.run(arguments, input=b"a", capture_output=True, env=ENVIRONMENT, check=False, user="nobody", **keywords)

    def only(self, *names):
        self.assertEqual(self.names(), sorted(names))


class Disk(Case):
    """Outputs that do not fit: a message, no part of a file, and what was there stays."""

    # "$1": a folder to mount on; "$2" and "$3": inputs; "$4": the subcommand; then what it said and what is there.
    SCRIPT = """
        mount -t tmpfs -o size=128k none "$1" || exit 77
        cd "$1" && printf old >out
        "$0" $4 -o new "$2"; echo "new: $?"
        "$0" $4 -f -o out "$2"; echo "out: $?"
        "$0" $4 "$2" >straight; echo "straight: $?"; rm straight
        "$0" $4 --output-dir . "$2" "$3"; echo "many: $?"
        cat /dev/zero >fill 2>/dev/null; "$0" check "$2" >report; echo "check: $?"; rm fill report
        ls -A; cat out"""

    def test_full(self):
        disk = self.path("disk")
        os.mkdir(disk)
        large, little = self.codings(self.text(30_000)), self.codings(b"abc\r\n")
        for (arguments, data, _), (_, few, _) in zip(large, little):
            big, small = self.file("big", data), self.file("small", few)
            code, out, error = run(["unshare", "-m", "/bin/sh", "-c", self.SCRIPT, CTE, disk, big, small, " ".join(arguments)])
            if b"new:" not in out:
                self.skipTest(f"no file system can be mounted here: {code} {error}")
            self.assertEqual(out.decode(), "new: 1\nout: 1\nstraight: 1\nmany: 1\ncheck: 2\nout\nsmall\nold", arguments)
            self.assertEqual(error.count("write error: No space left on device\n"), 5, error)
            self.assertEqual(error.count("\n"), 5, error)

    def test_full_at_each_write(self):
        for arguments, data, _ in self.codings(self.text(30_000)):
            file, out = self.file("in", data), self.path("out")
            failed = 0
            for fail in range(1, 8):
                result = faulty([*arguments, "-o", out, file], fail=fail)
                if result[0] == 0:
                    os.unlink(out)
                else:
                    self.fails(result, 1, f"{out}: write error: No space left on device\n")
                    failed += 1
                self.only("in")
            self.assertGreater(failed, 1, arguments)

    def test_limits_on_files(self):
        for arguments, data, expected in self.codings(self.text(20_000)):
            file, out = self.file("in", data), self.file("out", b"old")
            for size in 0, 1, 4096, 100_000, 262_144, len(expected) - 1:
                result = cte(*arguments, "-f", "-o", out, file, preexec_fn=limited(fsize=size))
                self.fails(result, 1, f"{out}: write error: File too large\n")
                self.assertEqual(read(out), b"old")
                self.only("in", "out")
            result = cte(*arguments, "-f", "-o", out, file, preexec_fn=limited(fsize=len(expected)))
            self.same((result, read(out)), ((0, b"", ""), expected), arguments)
            os.unlink(out)
            self.straight(arguments, file, 1000)
        self.straight(["check"], file, 10)

    def straight(self, arguments, file, size):
        """Of what is written straight the system may end the process, as it does of any."""
        name = self.path("straight")
        with open(name, "wb") as straight:
            code, _, error = cte(*arguments, file, stdout=straight, preexec_fn=limited(fsize=size))
        self.assertTrue(code == -signal.SIGXFSZ or (code > 0 and "File too large" in error), (arguments, code, error))
        os.unlink(name)

    def test_closed_standard_output(self):
        for arguments, data, _ in [*self.codings(self.text(10)), (["check"], b"abc\n", None)]:
            self.closed([*arguments, self.file("in", data)])
        for arguments in ["info"], ["--help"], ["--version"], ["qp", "--help"]:
            self.closed(arguments)

    def closed(self, arguments):
        code, _, error = command.shell('exec "$0" "$@" >&-', *arguments)
        self.assertIn(code, (1, 2), arguments)
        self.assertIn("write error: Bad file descriptor\n", error, arguments)
        code, _, error = command.shell('exec "$0" "$@" >&- 2>&- <&-', *arguments)
        self.assertIn(code, (1, 2), arguments)

    def test_folder_in_two_places(self):
        """Outputs that are one file by the paths of a folder and of a bind mount of it."""
        script = '''mount --bind "$1" "$2" || exit 77
            "$0" qp -f --suffix .x "$1/a" "$2/a.x"; echo $?
            "$0" qp -f --suffix .x "$1/a" "$2/a"; echo $?; cat "$1/a.x"'''
        one, two = self.path("one"), self.path("two")
        os.mkdir(one)
        os.mkdir(two)
        command.write(self.path("one", "a"), b"a")
        command.write(self.path("one", "a.x"), b"old")
        done = subprocess.run(["unshare", "-rm", "sh", "-c", script, CTE, one, two], capture_output=True, env=ENVIRONMENT)
        if done.returncode == 77 or b"unshare" in done.stderr:
            self.skipTest("nothing can be mounted")
        self.assertEqual(done.stdout, b"2\n2\nold", done.stderr)


class Limits(Case):
    def test_descriptors(self):
        # 3: not even the dynamic linker has one for libc.
        def lacks(result):
            self.assertIn(result[0], (1, 2, 127), result)
            self.assertTrue("open files" in result[2] or result[0] == 127, result)

        for arguments, data, expected in self.codings(self.text(10)):
            file, out = self.file("in", data), self.path("out")
            for count in 3, 4, 5:
                lacks(cte(*arguments, "-o", out, file, preexec_fn=limited(nofile=count)))
                self.only("in")
            self.assertEqual(cte(*arguments, "-o", out, file, preexec_fn=limited(nofile=6)), (0, b"", ""))
            self.assertEqual(read(out), expected)
            # Each of many files is closed before the next.
            names = [self.file(f"n{i}", data) for i in range(40)]
            result = cte(*arguments, "--suffix=.new", *names, preexec_fn=limited(nofile=6))
            self.assertEqual(result, (0, b"", ""))
            self.assertTrue(all(read(name + ".new") == expected for name in names))
            result = cte("check", "-q", "--to=8bitmime", *names, preexec_fn=limited(nofile=4))
            self.assertNotEqual(result[0], 127)
            self.assertEqual(result[1:], (b"", ""))
            for name in self.names():
                os.unlink(self.path(name))
        lacks(cte("check", self.file("in", b"abc"), preexec_fn=limited(nofile=3)))

    @unittest.skipIf("LD_PRELOAD" in os.environ, "a sanitizer opens files of its own")
    def test_closed_descriptors_without_a_stand_in(self):
        def close_and_limit():
            os.close(0)
            os.close(1)
            limited(nofile=1)()

        for arguments, code in (["check"], 2), (["qp", self.file("in", b"abc")], 1):
            # In the limit there is but descriptor 0, which the dynamic linker needs too.
            status, out, message = cte(*arguments, preexec_fn=close_and_limit)
            self.assertEqual((status, out, message), (code, b"", "cte: closed descriptor 1: Too many open files\n"))

    @unittest.skipIf("LD_PRELOAD" in os.environ, "a sanitizer has a malloc of its own")
    def test_memory_exhausted_at_each_call(self):
        """No partial output, whatever was to be reported."""
        a, bad, out = self.file("a", b"a=\r\n"), self.file("bad", b"YW=J\0="), self.path("out")
        for arguments in (
            ["base64", a], ["base64", "-d", bad], ["base64", "-d", "--mail", bad], ["qp", "-d", a], ["qp", "-d", "--strict", a],
            ["smtp", bad], ["smtp", "-v", a],
        ):
            memory, expected = 1, cte(*arguments, "-f", "-o", out)
            command.write(out, b"old")
            while (result := faulty([*arguments, "-f", "-o", out], memory=memory)) != expected:
                self.assertEqual((result[:2], read(out)), ((1, b""), b"old"), arguments)
                self.only("a", "bad", "out")
                memory += 1
            self.assertGreater(memory, 1, arguments)
            self.only("a", "bad", "out")

    @unittest.skipIf("LD_PRELOAD" in os.environ, "a sanitizer needs terabytes of addresses")
    def test_memory(self):
        failed = 0
        text = self.text(50_000)
        for arguments, data, expected in [*self.codings(text), (["check", "-v"], text, None)]:
            file, out = self.file("in", data), self.path("out")
            output = [] if expected is None else ["-o", out]
            good = cte(*arguments, *output, file, preexec_fn=limited(**{"as": 16 << 20}))
            self.assertIn(good[0], (0, 1) if expected is None else (0,), (arguments, good))
            for megabytes in 1, 2, 3, 4, 6, 8, 12, 16:
                if os.path.exists(out):
                    os.unlink(out)
                result = cte(*arguments, *output, file, preexec_fn=limited(**{"as": megabytes << 20}))
                if result == good:
                    self.assertTrue(expected is None or read(out) == expected, arguments)
                else:
                    failed += 1
                    self.assertTrue(result[0] and (result[2] or result[0] < 0), result)
                    self.only("in")
            self.assertEqual(result, good)
            if expected is not None:
                os.unlink(out)
        self.assertGreater(failed, 0)


class Calls(Case):
    """Reads and writes that are interrupted or short: the same octets and messages."""

    def commands(self, text):
        coded = base64.encodebytes(text)
        return (
            (["base64"], text),
            (["base64", "-w0", "--mail"], text),
            (["base64", "--text"], text.replace(b"\r\n", b"\n")),
            (["base64", "-d"], coded),
            (["base64", "-d"], coded + b"*"),
            (["base64", "-d", "--mail"], coded.replace(b"\n", b" \n", 3)),
            (["qp"], text),
            (["qp", "--mail"], text.replace(b"\r\n", b"\n") + b"a\r\n"),
            (["qp", "-d"], quopri.encodestring(text)),
            (["smtp"], text),
            (["smtp"], text.replace(b"\r\n", b"\n")),
            (["smtp"], text.replace(b"\r\n", b"\n") + b"a\r\n"),
            (["smtp", "-d"], text.replace(b"\r\n.", b"\r\n..") + b".\r\n"),
            (["smtp", "-d"], text.replace(b"\r\n.", b"\n.") + b".\r\n"),
            (["check"], text),
            (["check", "-v"], text + b"\0\r"),
        )

    def test_short_and_interrupted(self):
        for round in range(max(1, int(3 * SCALE))):
            for arguments, data in self.commands(self.text(60)):
                expected = cte(*arguments, data=data)
                for short, eintr in (1, 0), (7, 0), (7, 50), (300, 99), (0, 90):
                    with self.subTest(arguments, short=short, eintr=eintr, seed=SEED):
                        code, out, error = faulty(arguments, data, short=short, eintr=eintr, seed=SEED + round)
                        self.assertEqual((code, out, error), expected)

    def test_files(self):
        """Into a file, over the input, and from several files."""
        for arguments, data, expected in self.codings(self.text(20_000)):
            for short, eintr in (5000, 0), (100_000, 90):
                file, more, out = self.file("in", data), self.file("more", data), self.path("out")
                os.mkdir(self.path("folder"))
                for names in ["-o", out, file], ["-f", "-o", file, file], ["--output-dir", self.path("folder"), more, more + "2"]:
                    if names[-1] != file:
                        os.link(more, more + "2")
                    result = faulty([*arguments, *names], short=short, eintr=eintr, seed=SEED)
                    self.assertEqual(result, (0, b"", ""), arguments)
                self.assertEqual(sorted(os.listdir(self.path("folder"))), ["more", "more2"])
                for name in out, file, self.path("folder", "more"), self.path("folder", "more2"):
                    self.assertTrue(read(name) == expected, (arguments, name))
                shutil.rmtree(self.path("folder"))
                os.unlink(more + "2")
                os.unlink(out)
                self.only("in", "more")

    def storm(self, arguments, data):
        """Real signals, as many as the system gives. The pipes hold a page, and their other ends are slow, so that calls wait.
        Gives what subprocess.run would, and the numbers of faults.c."""
        counts, theirs = os.pipe()
        keywords = {"env": preloaded(storm=100, counts=theirs), "pass_fds": [theirs], "pipesize": 4096}
        child = subprocess.Popen([CTE, *arguments], stdin=-1, stdout=-1, stderr=-1, **keywords)
        os.close(theirs)
        parts = random.Random(SEED)

        def feed():
            at = 0
            while at < len(data):
                size = parts.randrange(1, 20_000)
                os.write(child.stdin.fileno(), data[at : at + size])
                at += size
                time.sleep(0.001)
            child.stdin.close()

        thread = threading.Thread(target=feed)
        thread.start()
        out = b""
        while some := os.read(child.stdout.fileno(), 6000):
            out += some
            time.sleep(0.0005)
        thread.join()
        error = child.stderr.read().decode()
        code = child.wait(60)
        with open(counts) as file:
            numbers = [int(word) for word in file.read().split()]
        child.stdout.close()
        child.stderr.close()
        return (code, out, error), numbers

    def test_storm_of_interruptions(self):
        """Signals with a handler that restarts nothing: reads and writes of pipes that really give EINTR, or less."""
        text = self.text(5000)
        total = [0, 0, 0]
        for arguments, data, expected in [*self.codings(text), (["check", "-v"], text, None)]:
            with self.subTest(arguments, seed=SEED):
                result, numbers = self.storm(arguments, data)
                self.same(result, cte(*arguments, data=data))
                if expected is not None:
                    self.same(result[1], expected)
                    # Into a file: only the reads wait.
                    out = self.path("out")
                    result, more = self.storm([*arguments, "-o", out], data)
                    self.same((result, read(out)), ((0, b"", ""), expected))
                    numbers = [a + b for a, b in zip(numbers, more)]
                    os.unlink(out)
                    self.only()
                total = [a + b for a, b in zip(total, numbers)]
        # Of one command's calls a busy machine may interrupt none.
        for number, what in zip(total, ("reads interrupted", "writes interrupted", "writes cut short")):
            self.assertGreater(number, 0, what)
        print(f"faults.py: signals: {total[0]} reads and {total[1]} writes interrupted, {total[2]} writes cut", file=sys.stderr)

    def test_output_that_comes_up_meanwhile(self):
        """It stays, whichever calls the system has."""
        for lack in 0, 1, 2:
            out = self.path("out")
            for data in None, b"theirs":
                child = subprocess.Popen([CTE, "base64", "-o", out], stdin=-1, stderr=-1, env=preloaded(lack=lack))
                child.stdin.write(b"abc")
                child.stdin.flush()
                while not self.names():
                    time.sleep(0.01)
                if data is not None:
                    command.write(out, data)
                error = child.communicate(timeout=60)[1].decode()
                said = f"cte base64: {out}: write error: File exists\n" if data else ""
                self.assertEqual((child.returncode, error, read(out)), (1 if data else 0, said, data or b"YWJj\n"), lack)
                self.only("out")
                os.unlink(out)

    def test_output_that_comes_up_at_the_last_moment(self):
        """It stays where the system can rename or link without replacing."""
        rival, out = self.path("rival"), self.path("out")
        command.write(rival, b"theirs")
        for lack in 0, 1:
            got = faulty(["qp", "-o", out], b"a", lack=lack, rival=rival)
            self.assertEqual(got, (1, b"", f"cte qp: {out}: write error: File exists\n"), lack)
            self.assertEqual(read(out), b"theirs")
            self.only("out", "rival")
            os.unlink(out)

    def test_last_look_for_a_rival_fails(self):
        """Where nothing but that look keeps it from being replaced, it is not taken for none."""
        rival, out = self.path("rival"), self.path("out")
        command.write(rival, b"theirs")
        for look in range(1, 30):
            self.assertEqual(faulty(["qp", "-o", out], b"a", lack=2, rival=rival, look=look)[0], 1, look)
            if os.path.exists(out):
                self.assertEqual(read(out), b"theirs", look)
                os.unlink(out)
            self.only("rival")

    def test_rename_fails_though_it_was_done(self):
        """As it can over a network: the output that is there is nobody else's."""
        out = self.path("out")
        self.assertEqual(faulty(["qp", "-o", out], b"a", lack=3), (1, b"", f"cte qp: {out}: write error: Input/output error\n"))
        self.only("out")

    def test_standard_output_is_not_looked_for(self):
        """By the name "-", in a folder that may not be reached."""
        file = self.file("in", b"a=")
        for look in range(1, 10):
            self.assertEqual(faulty(["qp", "-o", "-", file], look=look), faulty(["qp", file], look=look), look)

    def test_device_that_takes_nothing_more(self):
        out = self.path("out")
        got = faulty(["qp", "-o", out], b"a", fail=1, error=0)
        self.assertEqual(got, (1, b"", f"cte qp: {out}: write error: No space left on device\n"))
        self.only()

    def test_each_temporary_name_is_taken(self):
        out = self.path("out")
        self.assertEqual(faulty(["qp", "-o", out], b"a", taken=1), (1, b"", f"cte qp: {out}: File exists\n"))
        self.only()

    def test_read_error_behind_the_end_of_data(self):
        """What cannot be read is not said to be left out: the message is whole."""
        text = b"line\r\n" * ((1 << 18) // 6) + b"\r\n"
        data = text[-(1 << 18) + 3 :] + b".\r\n"
        file = self.file("in", data + b"x" * 9)
        self.assertEqual(len(data), 1 << 18)
        self.assertIn("is left out", cte("smtp", "-d", file)[2])
        self.assertEqual(faulty(["smtp", "-d", file], read=2), (0, data[:-3], ""))

    def test_read_error_in_mid_file(self):
        """The output is not put in its place, what replaces a file neither."""
        for arguments, data, _ in self.codings(self.text(20_000)):
            file, out = self.file("in", data), self.file("out", b"old")
            result = faulty([*arguments, "-f", "-o", out, file], read=2)
            said = f"cte {arguments[0]}: {file}: read error at offset {1 << 18}: Input/output error\n"
            self.assertEqual((result, read(out)), ((1, b"", said), b"old"))
            self.only("in", "out")
        self.assertEqual(faulty(["check", file], read=2), (2, b"", said.replace(f"cte {arguments[0]}", "cte check")))

    def test_the_first_end_is_the_end(self):
        """A terminal, a FIFO or a file that grows may have more behind it: that is not read."""
        for data in b"", b"YWJj", b"YWJj\n", b"YWJj\r\n.\r\n", b"x" * 100_000:
            file = self.file("in", data)
            reads = 2 if data else 1
            for words in "base64", "base64 -d", "qp", "qp --mail", "qp -d", "smtp", "smtp --eol=lf", "smtp -d", "check":
                arguments = words.split()
                with self.subTest(words=words, size=len(data)):
                    self.assertEqual(faulty([*arguments, file], read=reads + 1), cte(*arguments, file))

    def test_close_fails(self):
        """So a full disk may show."""
        for force in [], ["-f"]:
            for arguments, data, _ in self.codings(self.text(10)):
                out = self.path("out")
                if force:
                    self.file("out", b"old")
                result = faulty([*arguments, *force, "-o", out], data, close=1)
                self.assertEqual(result, (1, b"", f"cte {arguments[0]}: {out}: write error: Disk quota exceeded\n"))
                if force:
                    self.assertEqual(read(out), b"old")
                    os.unlink(out)
                self.only()

    def test_signals_to_process_1(self):
        """Where the system's own end by a signal does not come, it ends all the same."""
        for number in signal.SIGTERM, signal.SIGINT, signal.SIGPIPE, signal.SIGRTMAX:
            child = subprocess.Popen([CTE, "base64", "-o", self.path("out")], stdin=subprocess.PIPE, env=preloaded(**{"raise": 1}))
            child.stdin.write(bytes(500_000))
            child.stdin.flush()
            while not os.listdir(self.folder):
                time.sleep(0.01)
            child.send_signal(number)
            self.assertEqual(child.wait(60), 128 + number)
            child.stdin.close()
            self.only()

    def test_what_is_private_stays_so_meanwhile(self):
        """Of an input that only its owner may read the output is so before it is whole, too."""
        file, out = self.file("in", self.text(20_000)), self.path("out")
        before = os.umask(0)
        self.addCleanup(os.umask, before)
        for mode in 0o600, 0o644, 0o666:
            os.chmod(file, mode)
            child = subprocess.Popen([CTE, "base64", "-o", out, file], env=preloaded(stop=3))
            self.assertTrue(os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1]))
            temporary, = set(self.names()) - {"in"}
            meanwhile = os.stat(self.path(temporary)).st_mode & 0o777
            child.send_signal(signal.SIGCONT)
            self.assertEqual((child.wait(60), meanwhile, os.stat(out).st_mode & 0o777), (0, 0o600, mode))
            os.unlink(out)

    def test_input_that_is_moved_to_the_output(self):
        """As it is opened, by another: with -f it is replaced, else it stays."""
        file, out = self.path("in"), self.path("out")
        for force in [], ["-f"]:
            for output in ["-o", out], ["--suffix=.out", file]:
                name = out if "-o" in output else file + ".out"
                self.file("in", b"a=")
                result = faulty(["qp", *force, *output, *([file] if "-o" in output else [])], move=name)
                expected = (0, b"", "") if force else (1, b"", f"cte qp: {name}: the file exists already (-f replaces it)\n")
                self.assertEqual((result, read(name)), (expected, b"a=3D" if force else b"a="))
                self.only(os.path.basename(name))
                os.unlink(name)

    def test_fifo_waited_for_in_a_storm(self):
        """Signals interrupt the opening, in which a FIFO waits for its other end."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        for arguments, mode in (["base64", fifo], "wb"), (["base64", "-o", fifo], "rb"):
            child = subprocess.Popen([CTE, *arguments], stdin=-1, stdout=-1, stderr=-1, env=preloaded(storm=1000, counts=2))
            time.sleep(0.3)
            self.assertIsNone(child.poll(), arguments)
            with open(fifo, mode) as other:
                if mode == "wb":
                    other.write(b"abc")
                    other.close()
                    got = child.communicate(timeout=60)[0]
                else:
                    child.stdin.write(b"abc")
                    child.stdin.close()
                    got = other.read()
                    child.stdout.close()
                    child.stderr.read()
                    child.stderr.close()
            self.assertEqual((child.wait(60), got), (0, b"YWJj\n"), arguments)

    def test_closed_descriptors_by_their_names(self):
        """A stand-in is neither read as empty nor written to, and leads nowhere."""
        a = self.file("a", b"a")
        for arguments, closed in (
            (["base64", "/dev/stdin"], 0), (["qp", "-o", self.path("out"), "/dev/fd/0"], 0), (["check", "/dev/stdin"], 0),
            (["qp", "-o", "/dev/fd/1", a], 1), (["qp", "-f", "-o", "/dev/fd/0", a], 0), (["qp", "-f", "-o", "/dev/stderr", a], 2),
            (["check", "/dev/stdin" + a], 0), (["qp", "-o", "/dev/fd/0" + self.path("out"), a], 0),
            (["qp", "--suffix=.out", "--output-dir", "/dev/fd/1" + self.path(""), a], 1),
        ):
            code, out, _ = run([CTE, *arguments], preexec_fn=lambda: os.close(closed))
            self.assertEqual((code != 0, out), (True, b""), arguments)
            self.only("a")

    def test_output_without_a_path(self):
        """A link to an open file that was removed cannot be followed, and is not replaced either."""
        gone = os.open(self.path("gone"), os.O_RDWR | os.O_CREAT)
        os.unlink(self.path("gone"))
        link = self.path("link")
        os.symlink(f"/proc/self/fd/{gone}", link)
        done = subprocess.run([CTE, "qp", "-f", "-o", link], input=b"a", capture_output=True, pass_fds=[gone], env=ENVIRONMENT)
        error = f"cte qp: {link}: No such file or directory\n".encode()
        self.assertEqual((done.returncode, done.stdout, done.stderr, os.path.islink(link)), (1, b"", error, True))
        os.close(gone)

    def test_link_whose_path_is_too_long(self):
        """The system follows it; the path that it makes with its folder's is too long for the command (cte.1)."""
        target, link = self.file("target", b"old"), self.path("link")
        os.symlink("./" * 2040 + "target", link)
        far = os.path.join(self.folder, "./" * 20 + "link")
        self.assertEqual(read(far), b"old")
        self.assertEqual(cte("qp", "-f", "-o", far, data=b"a"), (1, b"", f"cte qp: {far}: File name too long\n"))
        done = subprocess.run([CTE, "qp", "-f", "-o", "link"], input=b"a", capture_output=True, env=ENVIRONMENT, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr, os.path.islink(link), read(target)), (0, b"", True, b"a"))
        self.only("link", "target")

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_link_to_what_cannot_be_reached(self):
        """Whether it leads to a file is not known: it is not replaced."""
        os.chmod(self.folder, 0o777)
        link, secret = self.path("link"), self.path("secret")
        os.mkdir(secret, 0o700)
        self.file("secret/x", b"old")
        os.symlink("secret/x", link)
        for arguments in ["-o", link], ["-f", "-o", link]:
            done = self.as_nobody([CTE, "qp", *arguments])
            self.assertEqual((done.returncode, done.stderr), (1, f"cte qp: {link}: Permission denied\n".encode()))
        self.file("in", b"a")
        os.symlink("secret/x", self.path("in.out"))
        done = self.as_nobody([CTE, "qp", "-f", "--suffix=.out", self.path("in")])
        self.assertEqual((done.returncode, os.path.islink(link), os.path.islink(self.path("in.out"))), (1, True, True))
        self.assertEqual(read(self.path("secret/x")), b"old")

    def test_folder_that_is_renamed_meanwhile(self):
        """The output is put into it, or removed from it."""
        for data, code, names in (b"YQ==", 0, ["out"]), (b"YQ==!", 1, []):
            folder, moved = self.path("folder"), self.path("moved")
            os.mkdir(folder)
            child = subprocess.Popen(
                [CTE, "base64", "-d", "-o", os.path.join(folder, "out")], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT
            )
            with child:
                while not os.listdir(folder):
                    time.sleep(0.01)
                os.rename(folder, moved)
                child.communicate(data)
            self.assertEqual((child.returncode, os.listdir(moved)), (code, names))
            shutil.rmtree(moved)

    def test_output_whose_path_is_another_file(self):
        """What took the name that /proc gives a removed file is not replaced."""
        gone = os.open(self.path("gone"), os.O_RDWR | os.O_CREAT)
        os.unlink(self.path("gone"))
        self.file("gone (deleted)", b"theirs")
        done = subprocess.run([CTE, "qp", "-f", "-o", f"/proc/self/fd/{gone}"], input=b"a", capture_output=True, pass_fds=[gone])
        self.assertEqual((done.returncode, done.stdout, read(self.path("gone (deleted)"))), (1, b"", b"theirs"))
        self.only("gone (deleted)")
        os.close(gone)

    def test_output_in_another_mount_namespace(self):
        """By /proc/PID/root: the file there is replaced, not the one of its path here."""
        folder = self.path("there")
        os.mkdir(folder)
        self.file("there/x", b"here")
        script = 'mount -t tmpfs none "$0" || exit 77; printf there >"$0/x"; echo; read -r end; cat "$0/x"'
        other = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with other:
            if other.stdout.read(1) != b"\n":
                self.skipTest("no file system can be mounted here")
            name = f"/proc/{other.pid}/root{folder}/"
            self.assertEqual(cte("qp", "-f", "-o", name + "x", data=b"a"), (0, b"", ""))
            there = other.communicate(b"\n")[0]
        self.assertEqual((there, read(self.path("there/x"))), (b"a", b"here"))

    def test_output_is_the_descriptor_of_the_input(self):
        """/dev/fd/3, not open when the command begins, is its input then."""
        a = self.file("a", b"abc")
        os.symlink("/dev/fd/3", self.path("link"))
        for link in "/dev/fd/3", self.path("link"):
            for force in [], ["-f"]:
                done = run([CTE, "qp", *force, "-o", link, a])
                self.assertEqual(done, (1, b"", f"cte qp: {link}: Bad file descriptor\n"), force)
                self.assertEqual(read(a), b"abc")

    def test_output_that_becomes_another(self):
        """By a link that comes up between the two."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        names = ["-f", "--suffix=.x", self.file("a", b"a="), fifo]
        child = subprocess.Popen([CTE, "qp", *names], stderr=subprocess.PIPE, env=ENVIRONMENT)
        while not os.path.exists(self.path("a.x")):
            time.sleep(0.01)
        os.symlink("a.x", fifo + ".x")
        command.write(fifo, b"theirs")
        error = child.communicate(timeout=60)[1].decode()
        self.assertEqual((child.returncode, error), (1, f"cte qp: {fifo}.x: more than one input has this output\n"))
        self.assertEqual(read(self.path("a.x")), b"a=3D")

    def test_output_taken_away(self):
        """Another process's doing, after which neither the output's number nor another name of its file is an output's."""
        fifo, new, out = self.path("fifo"), self.path("new"), self.path("out")
        os.mkfifo(fifo)

        def while_it_waits(names, act):
            os.mkdir(out)
            arguments = [CTE, "qp", "-f", "--output-dir", out, self.file("a", b"a="), fifo, *names]
            child = subprocess.Popen(arguments, stderr=subprocess.PIPE, env=ENVIRONMENT)
            with open(fifo, "wb"):
                act()
            _, message = child.communicate(timeout=60)
            self.assertEqual((child.returncode, message), (0, b""))
            made = {name: read(os.path.join(out, name)) for name in os.listdir(out)}
            shutil.rmtree(out)
            return made

        def number_again():
            number = os.stat(f"{out}/a").st_ino
            os.remove(f"{out}/a")
            for i in range(100):
                name = self.file(f"try{i}", b"b=")
                if os.stat(name).st_ino == number:
                    os.rename(name, new)
                    return
            self.file("new", b"b=")

        other = self.file("other", b"c=")
        moved = while_it_waits([other], lambda: os.rename(f"{out}/a", f"{out}/other"))
        self.assertEqual(moved, {"fifo": b"", "other": b"c=3D"})
        self.assertEqual(while_it_waits([new], number_again), {"fifo": b"", "new": b"b=3D"})

    def test_output_that_turns_into_a_file(self):
        """A FIFO when it was looked at, it would not be written whole or not at all, and here it is a file elsewhere too."""
        elsewhere, out, source = self.path("elsewhere"), self.path("out"), self.path("in", "out")
        os.mkdir(self.path("in"))
        command.write(source, b"abc")
        for force in [], ["-f"]:
            command.write(elsewhere, b"theirs, not ours")
            os.mkfifo(out)
            os.link(elsewhere, self.path("link"))
            got = faulty(["base64", *force, "-o", out, source], swap=self.path("link"))
            self.assertEqual(got, (1, b"", f"cte base64: {out}: became a regular file while it was opened\n"), force)
            self.assertEqual(read(elsewhere), b"theirs, not ours")
            os.unlink(out)

    def test_storm_of_signals(self):
        """Signals that are ignored, and stops."""
        data = self.random.randbytes(2_000_000)
        child = subprocess.Popen([CTE, "base64", "-w0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)

        def feed():
            for at in range(0, len(data), 50_000):
                child.stdin.write(data[at : at + 50_000])
                child.stdin.flush()
                for number in signal.SIGWINCH, signal.SIGURG, signal.SIGSTOP, signal.SIGCONT, signal.SIGCHLD:
                    child.send_signal(number)
            child.stdin.close()

        thread = threading.Thread(target=feed)
        thread.start()
        out = child.stdout.read()
        thread.join()
        child.stdout.close()
        self.assertEqual((child.wait(60), out), (0, base64.b64encode(data)))


class Kills(Case):
    """Killed anywhere: each output is there whole, or as it was before. What may stay is a temporary file."""

    POINTS = max(40, int(200 * SCALE))

    def plans(self, text):
        """(arguments, {output: (what was there, what comes)}): every subcommand, into a new file, over one, over the input,
        and from several files. Without end, in an order by chance."""
        found = []
        for index, (arguments, data, coded) in enumerate(self.codings(text)):
            inputs = [f"in{index}{i}" for i in range(3)]
            for name in inputs:
                self.file(name, data)
            paths = [self.path(name) for name in inputs]
            found += [
                ([*arguments, "-o", self.path("out"), paths[0]], {"out": (None, coded)}),
                ([*arguments, "-f", "-o", self.path("out"), paths[0]], {"out": (b"old", coded)}),
                ([*arguments, "-f", "-o", self.path("same"), self.path("same")], {"same": (data, coded)}),
                ([*arguments, "--suffix", ".new", *paths], {f"{name}.new": (None, coded) for name in inputs}),
                ([*arguments, "-f", "--output-dir", self.path("to"), *paths], {f"to/{name}": (b"old", coded) for name in inputs}),
            ]
        os.mkdir(self.path("to"))
        self.known = {*self.names(), *(name for _, outputs in found for name in outputs)}
        while True:
            self.random.shuffle(found)
            yield from found

    def prepare(self, outputs):
        for name, (before, _) in outputs.items():
            if before is not None:
                self.file(name, before)

    def left(self):
        there = [os.path.relpath(os.path.join(folder, name), self.folder) for folder, _, names in os.walk(self.folder) for name in names]
        return [name for name in there if name not in self.known]

    def check(self, arguments, outputs):
        """How many outputs are the new ones. Removes them, and what the kill left."""
        whole = 0
        for name, (before, coded) in outputs.items():
            path = self.path(name)
            there = read(path) if os.path.exists(path) else None
            self.assertTrue(there in (before, coded), f"seed {SEED}: {arguments}: {name}: {len(there or b'')} octets")
            whole += there == coded
            if there is not None:
                os.unlink(path)
        left = self.left()
        self.assertTrue(all(re.fullmatch(r"(to/)?\.cte\.\w{6}", name) for name in left) and len(left) <= 1, left)
        for name in left:
            os.unlink(self.path(name))
        return whole

    def test_before_each_call(self):
        """What changes the folder are calls too: the last ones are the renames."""
        runs = finished = killed = 0
        plans = self.plans(self.text(12_000))
        while killed < self.POINTS:
            arguments, outputs = next(plans)
            self.prepare(outputs)
            call = self.random.randrange(1, 32 * len(outputs))
            code, _, _ = faulty(arguments, short=60_000, seed=SEED + runs, kill=call)
            self.assertIn(code, (0, -signal.SIGKILL))
            whole = self.check(arguments, outputs)
            if code == 0:
                self.assertEqual(whole, len(outputs))
            runs += 1
            finished += whole
            killed += code != 0
        print(f"faults.py: killed {killed} times before a call, of {runs} runs; {finished} outputs whole", file=sys.stderr)
        self.assertTrue(finished)

    def test_at_any_time(self):
        runs = finished = killed = 0
        delay = 0.05  # the longest; it goes to where half of them are done
        plans = self.plans(self.text(10_000) * 12)
        while killed < self.POINTS:
            number = signal.SIGTERM if runs % 2 else signal.SIGKILL
            arguments, outputs = next(plans)
            self.prepare(outputs)
            child = subprocess.Popen([CTE, *arguments], env=ENVIRONMENT)
            time.sleep(self.random.random() * delay)
            child.send_signal(number)
            code = child.wait(60)
            self.assertIn(code, (0, -number))
            if number == signal.SIGTERM:
                self.assertFalse(self.left())
            whole = self.check(arguments, outputs)
            if code == 0:
                self.assertEqual(whole, len(outputs))
            runs += 1
            finished += whole
            killed += code != 0
            delay *= 0.9 if code == 0 else 1.1
        print(f"faults.py: killed {killed} times at any time, of {runs} runs; {finished} outputs whole", file=sys.stderr)


class Inputs(Case):
    """Inputs that change while they are read, and inputs that are no plain files."""

    def test_truncated(self):
        """Cut between two reads, behind what was read and before: as if the file had ended where the reads did."""
        text = self.text(8000) * 8
        behind = before = 0
        for arguments, data, coded in [*self.codings(text), (["check", "-v"], text, None)]:
            output = [] if coded is None else ["-o", self.path("out")]
            for size in 0, 1000, 300_000, 700_000:
                file = self.file("in", data)
                with open(self.path("said"), "w+b") as said:
                    child = subprocess.Popen([CTE, *arguments, *output, file], stdout=said, stderr=said, env=preloaded(stop=3))
                    self.assertTrue(os.WIFSTOPPED(os.waitpid(child.pid, os.WUNTRACED)[1]))
                    was_read = self.position(child, file)
                    os.truncate(file, size)
                    child.send_signal(signal.SIGCONT)
                    got = child.wait(60), read(self.path("said")), self.take("out")
                self.assertEqual(was_read, 2 << 18)
                behind += size < was_read
                before += size > was_read
                self.file("in", data[: max(size, was_read)])
                code, out, error = cte(*arguments, *output, file)
                self.same(got, (code, out + error.encode(), self.take("out")), arguments, size)
        self.assertTrue(behind and before)

    def position(self, child, file):
        """Where the process stands in a file that it has open."""
        folder = f"/proc/{child.pid}/fd"
        number = next(name for name in os.listdir(folder) if os.readlink(os.path.join(folder, name)) == os.path.realpath(file))
        with open(f"/proc/{child.pid}/fdinfo/{number}") as info:
            return int(info.readline().split()[1])

    def take(self, name):
        """What a file holds, or None; then it is gone."""
        if not os.path.exists(self.path(name)):
            return None
        data = read(self.path(name))
        os.unlink(self.path(name))
        return data

    def test_grows(self):
        file = self.file("in", bytes(600_000))
        child = subprocess.Popen([CTE, "base64", "-w0", file], stdout=subprocess.PIPE, env=ENVIRONMENT)
        os.read(child.stdout.fileno(), 4)
        with open(file, "ab") as more:
            more.write(bytes(600_000))
        out = child.communicate(timeout=60)[0]
        self.assertEqual((child.returncode, len(out)), (0, 1_600_000 - 4))

    def test_removed(self):
        data = self.random.randbytes(900_000)
        file = self.file("in", data)
        child = subprocess.Popen([CTE, "base64", "-w0", file], stdout=subprocess.PIPE, env=ENVIRONMENT)
        out = os.read(child.stdout.fileno(), 4)
        os.unlink(file)
        self.assertEqual(base64.b64decode(out + child.communicate(timeout=60)[0]), data)

    def send(self, descriptor, data, size):
        with contextlib.suppress(BrokenPipeError):
            for i in range(0, len(data), size):
                os.write(descriptor, data[i : i + size])
        os.close(descriptor)

    def test_packets(self):
        """What has no room in a read is lost: it is read whole, also while the first line end is looked for."""
        text = self.random.randbytes(3 << 17).hex().encode() + b"\n"
        for name, code in ("qp", 0), ("smtp", 1), ("base64", 0), ("check", 1):
            for size in 4000, 4096:
                there, back = os.pipe2(os.O_DIRECT)
                child = subprocess.Popen([CTE, name], stdin=there, stdout=-1, stderr=-1, env=ENVIRONMENT)
                os.close(there)
                sender = threading.Thread(target=self.send, args=(back, text, size), daemon=True)
                sender.start()
                out, error = child.communicate(timeout=60)
                sender.join(60)
                self.assertEqual(child.returncode, code, (name, error))
                self.same((out, error.decode()), cte(name, data=text)[1:], name, size)

    def test_packets_as_output(self):
        """No larger than the system takes them."""
        data = self.random.randbytes(600_000)
        for kind in socket.SOCK_SEQPACKET, socket.SOCK_STREAM:
            here, there = socket.socketpair(socket.AF_UNIX, kind)
            with here:
                with there:
                    child = subprocess.Popen([CTE, "base64", self.file("in", data)], stdout=there, env=ENVIRONMENT)
                out = b"".join(iter(lambda: here.recv(1 << 20), b""))
                self.assertEqual(child.wait(60), 0)
                self.same(out, base64.encodebytes(data), kind)

    def test_file_of_unknown_size_into_itself(self):
        """In /proc the size is 0, and says nothing."""
        for name, code in ("qp", 1), ("check", 2):
            got = command.shell('exec "$0" "$1" </proc/$$/comm 1<>/proc/$$/comm', name)
            self.assertEqual(got[::2], (code, f"cte {name}: standard input: the input is the output too\n"))
        # One that is empty takes what is written behind its end.
        self.assertEqual(command.shell('"$0" check <"$1" >>"$1"', self.file("empty", b""))[::2], (0, ""))

    def test_one_file_by_two_names(self):
        """As where a file system takes two names for the same: here a file is mounted on another."""
        script = """
            cd "$1" && mkdir out && printf one >m && printf two >out/m && : >x && mount --bind out/m x || exit 77
            "$0" base64 -f --output-dir out m x; echo $?
            cat out/m; ls out"""
        code, out, error = run(["unshare", "-m", "/bin/sh", "-c", script, CTE, self.folder])
        if code == 77:
            self.skipTest("no file can be mounted here")
        self.assertEqual((out, error.splitlines()[0]), (b"1\ntwom\n", "cte base64: out/m: this output is another input"))

    def test_its_own_output(self):
        file = self.file("in", self.text(20_000))
        expected = cte("base64", file)[1]
        self.assertEqual(cte("base64", "-f", "-o", file, file), (0, b"", ""))
        self.assertEqual(read(file), expected)

    def test_pipe_into_itself(self):
        """It is not read, even for its first line end: the shell reads what it put there."""
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        for words in "qp", "qp --mail", "qp -d", "base64", "smtp", "smtp --eol=crlf", "smtp -d", "check":
            for line, name in ('"$0" $2 "$1" >&3', fifo), ('"$0" $2 <&3 >&3', "standard input"), ('"$0" $2 -o "$1" "$1"', fifo):
                if words == "check" and "-o" in line:
                    continue
                line = f'exec 3<>"$1"; printf %s x= >&3; timeout 20 {line}; code=$?; timeout 20 head -c2 <&3; exit $code'
                with self.subTest(line=line, words=words):
                    result = command.shell(line, fifo, words)
                    code, verb = 2 if words == "check" else 1, words.split()[0]
                    self.assertEqual(result, (code, b"x=", f"cte {verb}: {name}: the input is the output too\n"))

    def test_fifo_into_itself(self):
        """To open one waits for the other end: it is refused before."""
        fifo, link = self.path("fifo"), self.path("link")
        os.mkfifo(fifo)
        os.symlink("fifo", link)
        os.link(fifo, link + ".x")
        for name in fifo, link:
            for arguments in ["-o", fifo], ["-o", link], ["-f", "-o", link + ".x"], ["--suffix=.x", link]:
                result = cte("qp", *arguments, *([name] if "-o" in arguments else []))
                said = link if "-o" not in arguments else name
                self.assertEqual(result, (1, b"", f"cte qp: {said}: the input is the output too\n"))
        self.only("fifo", "link", "link.x")

    def attach(self):
        """A block device of a MiB."""
        disk = self.file("disk", b"\n" * (1 << 20))
        code, out, _ = run(["losetup", "-f", "--show", disk])
        if code != 0:
            self.skipTest("no block device can be made here")
        self.addCleanup(run, ["losetup", "-d", out.decode().strip()])
        return out.decode().strip()

    @unittest.skipIf(shutil.which("losetup") is None, "there is no losetup")
    def test_disk_into_itself(self):
        """By its own name and by another's of the same device: read as far as written, it would grow for ever."""
        device = self.attach()
        other = self.path("node")
        os.mknod(other, 0o600 | stat.S_IFBLK, os.stat(device).st_rdev)
        for output in [device, other] if os.access(other, os.R_OK) else [device]:
            result = cte("base64", "-f", "-o", output, device)
            self.assertEqual(result, (1, b"", f"cte base64: {device}: the input is the output too\n"))
        self.assertEqual(read(device), b"\n" * (1 << 20))

    def test_each_look_at_a_file_fails(self):
        """Where it is not known what a name is, nothing is written."""
        file, link = self.file("in", b"a="), self.path("link")
        out, target = self.file("out", b"old", 0o600), self.file("target", b"old", 0o600)
        os.symlink("target", link)
        other = self.file("in.out", b"theirs")
        through = self.path("through")
        os.symlink("in.out", through)
        done = {}
        for look in range(1, 100):
            for arguments, written in ((["-o", out, file], out), (["-o", link, file], target)):
                result = faulty(["qp", "-f", *arguments], look=look)
                self.assertTrue(os.path.islink(link))
                self.assertEqual(stat.S_IMODE(os.stat(written).st_mode), 0o600)
                self.assertEqual(read(written), b"old" if result[0] else b"a=3D", (look, result))
                done[written] = result[0] == 0
                command.write(written, b"old", 0o600)
            for arguments in ["--suffix=.out", file, other], ["--suffix=.out", file, through]:
                result = faulty(["qp", "-f", *arguments], look=look)
                self.assertEqual((result[0] != 0, read(other)), (True, b"theirs"), (look, result))
            self.only("in", "in.out", "link", "out", "target", "through")
            if look == 1:
                self.assertFalse(any(done.values()))
        self.assertTrue(all(done.values()))

    def test_link_that_is_there_for_a_moment(self):
        """-f replaces it; without -f it is an output that exists, or none."""
        file = self.file("in", b"a=")
        os.mkdir(self.path("dir"))
        name, in_folder = self.path("out"), self.path("dir/in")
        for look in range(1, 100):
            for output, *arguments in (
                (in_folder, "-f", "--output-dir", self.path("dir")),
                (name, "-f", "-o", name),
                (name, "-o", name),
            ):
                status, _, message = faulty(["qp", *arguments, file], look=look, passing=output)
                if "-f" not in arguments and status != 0:
                    self.assertRegex(message, "a symbolic link that leads to no file|File exists")
                    self.assertIn(os.path.lexists(output) and os.readlink(output), (False, "nowhere"))
                else:
                    self.assertEqual((status, message), (0, ""), (arguments, look))
                    self.assertEqual((os.path.islink(output), read(output)), (False, b"a=3D"), (arguments, look))
                if os.path.lexists(output):
                    os.remove(output)

    def test_folder_that_cannot_be_searched_for_a_moment(self):
        """A link is followed, or it is an error: it is never taken for a file to be replaced."""
        file, target, link = self.file("in", b"a="), self.path("target"), self.path("link")
        os.symlink("target", link)
        ended = set()
        for look in range(1, 30):
            with open(target, "wb") as old:
                old.write(b"old")
            status, _, message = faulty(["qp", "-f", "-o", link, file], look=look, error=errno.EACCES)
            ended.add(status)
            self.assertEqual(os.readlink(link), "target", look)
            self.assertEqual(read(target), b"old" if status else b"a=3D", (look, message))
            self.only("in", "link", "target")
        self.assertEqual(ended, {0, 1})

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_folder_below_one_that_cannot_be_searched(self):
        """No file there has an absolute path."""
        folder = self.path("closed/open")
        os.makedirs(folder)
        os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
        os.chmod(self.path("closed"), 0o700)
        script = """
            printf a= >in; printf theirs >in.out; ln -s in.out x; printf old >target; ln -s target link
            "$0" qp -f --suffix .out in x; echo $?; cat in.out
            "$0" qp -f -o link in; echo $?; cat target; readlink link"""
        done = self.as_nobody(["sh", "-c", script, CTE], cwd=folder)
        self.assertEqual(done.stdout, b"2\ntheirs0\na=3Dtarget\n", done.stderr)

    def test_mode_of_a_new_file(self):
        """Without a named file as the input it is what the system gives a new file: by the umask, or a folder's default list."""
        owner, group, other = (1, 0o7), (4, 0o5), (0x20, 0)
        folder = self.path("folder")
        os.mkdir(folder, 0o755)
        for listed in False, True:
            if listed:
                entries = b"".join(struct.pack("<HHI", tag, mode, 0xFFFFFFFF) for tag, mode in (owner, group, other))
                try:
                    os.setxattr(folder, "system.posix_acl_default", struct.pack("<I", 2) + entries)
                except OSError as error:
                    self.skipTest(f"no access control lists: {error}")
            for mask in 0, 0o022, 0o077, 0o177, 0o277, 0o777:
                line = f'umask {mask:o}; cd "$1"; : >new; "$0" qp -o out; "$0" qp -f -o old'
                command.write(os.path.join(folder, "old"), b"")
                os.chmod(os.path.join(folder, "old"), 0o604)
                self.assertEqual(command.shell(line, folder, data=b"a"), (0, b"", ""))
                new, out, old = (stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) for name in ("new", "out", "old"))
                self.assertEqual((out, old), (new, new & 0o604), f"{listed} {mask:o}")
                for name in "new", "out", "old":
                    os.unlink(os.path.join(folder, name))

    @unittest.skipIf(shutil.which("chattr") is None, "there is no chattr")
    def test_folder_that_files_are_only_added_to(self):
        """The output is made there; only its temporary name stays too."""
        folder = self.path("log")
        os.mkdir(folder)
        if run(["chattr", "+a", folder])[0] != 0:
            self.skipTest("the file system has no such folders")
        self.addCleanup(run, ["chattr", "-a", folder])
        self.assertEqual(cte("qp", "-o", os.path.join(folder, "out"), data=b"a="), (0, b"", ""))
        self.assertEqual(read(os.path.join(folder, "out")), b"a=3D")
        self.assertEqual(cte("qp", "-o", os.path.join(folder, "out"), data=b"b")[0], 1)
        self.assertEqual(read(os.path.join(folder, "out")), b"a=3D")

    def test_appended_to_itself(self):
        """Input that grows as it is read has no end: it is refused before a write."""
        data = self.text(20_000)
        file = self.file("in", data)
        for line, name in (
            ('"$0" $2 "$1" >>"$1"', file),
            ('"$0" $2 <"$1" >>"$1"', "standard input"),
            ('"$0" $2 "$1" 1<>"$1"', file),
            ('(head -c4 >/dev/null; exec "$0" $2) <"$1" 1<>"$1"', "standard input"),
            ('"$0" $2 -f -o /dev/stdout "$1" >>"$1"', file),
        ):
            for command_line in "base64", "base64 -d", "qp", "smtp", "smtp -d":
                result = command.shell(line, file, command_line, preexec_fn=limited(fsize=10_000_000))
                self.assertEqual(result, (1, b"", f"cte {command_line.split()[0]}: {name}: the input is the output too\n"), line)
                self.assertEqual(read(file), data)
        result = command.shell('"$0" check "$1" "$1" >>"$1"', file)
        self.assertEqual(result, (2, b"", f"cte check: {file}: the input is the output too\n" * 2))
        self.assertEqual((read(file), command.shell('"$0" check -q --to=8bitmime "$1" >>"$1"', file)), (data, (0, b"", "")))
        # Nothing is left to be read: an end, a file that the shell has emptied.
        for line in '(cat >/dev/null; exec "$0" base64) <"$1" >>"$1"', '"$0" base64 "$1" >"$1"':
            self.assertEqual(command.shell(line, file), (0, b"", ""))
        self.assertEqual(read(file), b"")

    def test_names(self):
        """Each message and each report is one line, whatever the names are."""
        names = [b"new\nline", b"\x1b[31m", b"8-bit \x9b31m", b"\xc2\x9b31m", b"bad \xff\xfe utf-8 \xc3", b"\xed\xa0\x80", b"cr\r", b" ", b"\x7f", b"'\"$(x)`;", "系统".encode()]
        folder = os.fsencode(self.folder)
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "wb") as file:
                file.write(b"abc")
            for arguments in ["base64", "-d", "--suffix", ".out"], ["check"]:
                done = subprocess.run([CTE, *arguments, path, path + b".none"], capture_output=True, env=ENVIRONMENT)
                lines = (done.stdout + done.stderr).splitlines()
                self.assertEqual((done.returncode, len(lines)), (1 if arguments[0] == "base64" else 2, 2), (name, lines))
                said = done.stdout + done.stderr
                # Controls: ASCII's, and U+009B, which an 8-bit terminal takes without its lead octet too.
                self.assertFalse(re.search(rb"[\0-\x09\x0b-\x1f\x7f\x9b]", said), (name, lines))
            self.assertEqual(os.path.exists(path + b".out"), False)
            done = subprocess.run([CTE, "base64", "--suffix", ".out", path], capture_output=True, env=ENVIRONMENT)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
            with open(path + b".out", "rb") as file:
                self.assertEqual(file.read(), b"YWJj\n")

    def test_names_everywhere(self):
        names = [b"new\nline", b"bad \xff\xfe utf-8 \xc3", b"-d", b"\x1b[31m"]
        folder = os.fsencode(self.folder)
        os.mkdir(self.path("to"))
        for arguments, data, expected in self.codings(self.text(10)):
            for name in names:
                path, into = os.path.join(folder, name), os.path.join(folder, b"to", name)
                command.write(path, data)
                for outputs in ["--suffix", ".out", path], ["-f", "-o", path + b".out", path], ["--output-dir", self.path("to"), path]:
                    done = subprocess.run([CTE, *arguments, *outputs], capture_output=True, env=ENVIRONMENT)
                    self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""), (arguments, outputs))
                self.assertEqual((read(path + b".out"), read(into)), (expected, expected))
                # There already; not there; a folder that is none.
                for outputs in ["-o", into, path], [path + b".none"], ["-o", path + b"/x", path]:
                    done = subprocess.run([CTE, *arguments, *outputs], capture_output=True, env=ENVIRONMENT)
                    self.assertEqual((done.returncode, done.stdout, len(done.stderr.splitlines())), (1, b"", 1), done)
                    self.assertFalse(re.search(rb"[\0-\x09\x0b-\x1f\x7f-\xff]", done.stderr), done)
                for used in path, path + b".out", into:
                    os.unlink(used)

    def test_fifos(self):
        """From one FIFO into another."""
        fifo, out = self.path("fifo"), self.path("out")
        os.mkfifo(fifo)
        os.mkfifo(out)
        for arguments, data, expected in [*self.codings(self.text(9000)), (["check"], self.text(9000), None)]:
            output = [] if expected is None else ["-o", out]
            child = subprocess.Popen([CTE, *arguments, *output, fifo], stdout=subprocess.PIPE, env=ENVIRONMENT)
            got = [] if expected else [None]
            ends = [threading.Thread(target=command.write, args=(fifo, data), daemon=True)]
            ends += [threading.Thread(target=lambda: got.append(read(out)), daemon=True)] * bool(expected)
            for end in ends:
                end.start()
            said = child.communicate(timeout=60)[0]
            for end in ends:
                end.join(10)  # for ever, where the command did not open it
            wanted = (1, cte("check", data=data)[1].replace(b"standard input", os.fsencode(fifo))) if expected is None else (0, b"")
            self.assertEqual((child.returncode, said), wanted)
            self.same(got, [expected], arguments)
            self.only("fifo", "out")

    def test_fifo(self):
        fifo, data = self.path("fifo"), self.random.randbytes(500_000)
        os.mkfifo(fifo)
        child = subprocess.Popen([CTE, "base64", "-o", self.path("out"), fifo], env=ENVIRONMENT)
        with open(fifo, "wb") as file:
            file.write(data[:100])
            file.flush()
            time.sleep(0.05)
            file.write(data[100:])
        self.assertEqual(child.wait(60), 0)
        self.assertEqual(read(self.path("out")), base64.encodebytes(data))
        # An output's mode and times are no FIFO's.
        mask = os.umask(0)
        os.umask(mask)
        self.assertEqual(os.stat(self.path("out")).st_mode & 0o777, 0o666 & ~mask)
        self.only("fifo", "out")

    def test_devices(self):
        out = self.path("out")
        self.assertEqual(cte("base64", "-o", out, "/dev/null"), (0, b"", ""))
        self.assertEqual(read(out), b"")
        result = cte("base64", "-f", "-o", out, "/dev/zero", preexec_fn=limited(fsize=1_000_000))
        self.fails(result, 1, "write error: File too large")
        self.assertEqual(read(out), b"")
        os.unlink(out)
        for arguments, data, _ in self.codings(self.text(10)):
            # Without -f: a command that took it for a file would replace it, where it is root's.
            self.fails(cte(*arguments, "-o", "/dev/full", data=data), 1, "/dev/full: write error: No space left on device")
            self.fails(command.shell('exec "$0" "$@" >/dev/full', *arguments, self.file("in", data)), 1, "write error: No space left on device")
            os.unlink(self.path("in"))
            code, _, error = cte(*arguments, "-o", out, "/dev/null")
            empty = cte(*arguments)
            self.assertEqual((code, error), (empty[0], empty[2].replace("standard input", "/dev/null")), arguments)
            self.assertEqual(os.path.exists(out), code == 0)
            if code == 0:
                self.assertEqual(read(out), empty[1])
                os.unlink(out)
        for arguments in ["base64", "--text"], ["qp"], ["qp", "-d"]:
            result = cte(*arguments, "-o", out, "/dev/zero", preexec_fn=limited(fsize=1_000_000))
            self.fails(result, 1, "write error: File too large")
        for arguments in ["base64", "-d"], ["smtp"]:
            self.fails(cte(*arguments, "-o", out, "/dev/zero"), 1, "/dev/zero: invalid input at offset 0: ")
        self.fails(command.shell('exec "$0" check /dev/null >/dev/full'), 2, "write error: No space left on device")
        self.assertEqual(cte("check", "/dev/null"), (0, b"/dev/null: 7bit, no line ends\n", ""))
        self.only()

    def test_folders(self):
        out = self.path("out")
        for arguments in ["base64"], ["base64", "-d"], ["base64", "--text"], ["qp"], ["qp", "-d"], ["smtp"], ["smtp", "-d"]:
            self.fails(cte(*arguments, "-f", "-o", self.folder, data=b"abc\r\n"), 1, f"{self.folder}: Is a directory\n")
            result = cte(*arguments, "-o", out, self.folder)
            self.assertEqual(result[0], 1, result)
            self.assertEqual(result[2], f"cte {arguments[0]}: {self.folder}: read error at offset 0: Is a directory\n")
            self.only()
        self.assertEqual(cte("check", self.folder)[0], 2)
        with open(self.path("plain"), "wb"):
            pass
        self.fails(cte("qp", self.path("plain", "x")), 1, "Not a directory")
        self.fails(cte("qp", "-o", self.path("plain", "x")), 1, "Not a directory")


    def test_socket(self):
        """An error; in the folder of outputs a file that is there."""
        name = self.path("socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(name)
            for force in [], ["-f"]:
                self.assertEqual(cte("qp", *force, "-o", name, data=b"a="), (1, b"", f"cte qp: {name}: No such device or address\n"))
            self.assertEqual(cte("qp", name), (1, b"", f"cte qp: {name}: No such device or address\n"))
            os.mkdir(self.path("in"))
            file = self.file("in/socket", b"a=")
            self.fails(cte("qp", "--output-dir", self.folder, file), 1, "the file exists already (-f replaces it)")
            self.assertTrue(stat.S_ISSOCK(os.stat(name).st_mode))
            self.assertEqual(cte("qp", "-f", "--output-dir", self.folder, file), (0, b"", ""))
            self.assertEqual(read(name), b"a=3D")
        self.only("in", "socket")


class WithoutEnd(Case):
    """Input through pipes, there and back: the same octets in constant memory."""

    SIZE = max(20, int(100 * SCALE))  # MiB; 10 GB at a scale of 100

    def there_and_back(self, there, back, block, comes_back=None):
        comes_back = comes_back or block
        children, count = [], (self.SIZE << 20) // len(block)
        stdin = subprocess.PIPE
        for arguments in there, back:
            children.append(subprocess.Popen([CTE, *arguments], stdin=stdin, stdout=subprocess.PIPE, env=ENVIRONMENT))
            stdin = children[-1].stdout
        children[0].stdout.close()
        peaks = []

        def feed():
            for _ in range(count):
                children[0].stdin.write(block)
            children[0].stdin.flush()
            peaks.extend(map(peak, children))
            children[0].stdin.close()

        thread = threading.Thread(target=feed)
        thread.start()
        got = 0
        while octets := children[1].stdout.read(len(comes_back)):
            got += octets == comes_back
        thread.join()
        children[1].stdout.close()
        self.assertEqual([child.wait(60) for child in children], [0, 0])
        self.assertEqual(got, count)
        self.assertLessEqual(max(peaks), MOST_MEMORY, f"{there}: KiB resident")
        print(f"faults.py: {' '.join(there)} and back: {count * len(block):,} octets, {peaks} KiB resident", file=sys.stderr)

    def test_base64(self):
        self.there_and_back(["base64", "--mail"], ["base64", "-d", "--mail"], self.random.randbytes(1 << 20))

    def test_quoted_printable(self):
        self.there_and_back(["qp"], ["qp", "-d"], self.text(20_000))

    def test_smtp(self):
        self.there_and_back(["smtp"], ["smtp", "-d"], self.text(20_000))

    def test_text(self):
        text = self.text(20_000)
        self.there_and_back(["base64", "--text"], ["base64", "-d"], text.replace(b"\r\n", b"\n"), text)

    def test_check(self):
        block = self.text(20_000)
        count = (self.SIZE << 20) // len(block)
        child = subprocess.Popen([CTE, "check", "-v"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT)
        for _ in range(count):
            child.stdin.write(block)
        child.stdin.flush()
        most = peak(child)
        out = child.communicate(timeout=60)[0].decode()
        self.assertEqual(child.returncode, 1)
        self.assertIn(f"  octets: {count * len(block)}\n  lines: {count * 20_000}\n", out)
        self.assertLessEqual(most, MOST_MEMORY, "check: KiB resident")
        print(f"faults.py: check: {count * len(block):,} octets, {most} KiB resident", file=sys.stderr)

    def test_one_line(self):
        """Without any line end, and of blanks alone."""
        self.there_and_back(["qp"], ["qp", "-d"], b" " * (1 << 20))
        self.there_and_back(["qp", "-b"], ["qp", "-d"], b"\r\n" * (1 << 19))
        for octet in b"a", b" ", b"\xE9":
            line = octet * (10 << 20)
            with self.subTest(octet=octet):
                decoded = subprocess.run([CTE, "qp", "-d", "-q"], input=line, capture_output=True, check=True)
                self.assertTrue(decoded.stdout == line)


if __name__ == "__main__":
    unittest.main()
