"""The command under faults: disks that fill up, limits, interrupted and short calls, kills, inputs that change, odd names
and files, and input without end.

Environment: CTE; CTE_FAULTS, the library that faults.c makes; CTE_TEST_SEED to repeat a run; CTE_TEST_SCALE, how much (at
100 ten gigabytes go through each pipe).
"""

import base64
import os
import quopri
import re
import resource
import signal
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

    def only(self, *names):
        self.assertEqual(self.names(), sorted(names))


class Disk(Case):
    """Outputs that do not fit: a message, no part of a file, and what was there stays."""

    # "$1": a folder to mount on; "$2": the input; then what the command said and what is there.
    SCRIPT = """
        mount -t tmpfs -o size=128k none "$1" || exit 77
        cd "$1" && printf old >out
        "$0" base64 -o new "$2"; echo "new: $?"
        "$0" base64 -f -o out "$2"; echo "out: $?"
        "$0" base64 "$2" >straight; echo "straight: $?"; rm straight
        "$0" base64 --output-dir . "$2" "$3"; echo "many: $?"
        ls -A; cat out"""

    def test_full(self):
        big, small, disk = self.file("big", bytes(400_000)), self.file("small", b"abc"), self.path("disk")
        os.mkdir(disk)
        code, out, error = run(["unshare", "-m", "/bin/sh", "-c", self.SCRIPT, CTE, disk, big, small])
        if b"new:" not in out:
            self.skipTest(f"no file system can be mounted here: {code} {error}")
        self.assertEqual(out.decode(), "new: 1\nout: 1\nstraight: 1\nmany: 1\nout\nsmall\nold")
        self.assertEqual(error.count("write error: No space left on device\n"), 4, error)
        self.assertEqual(error.count("\n"), 4, error)

    def test_full_at_each_write(self):
        file = self.file("in", self.text(30_000))
        for fail in range(1, 8):
            for arguments in ["base64"], ["qp"], ["smtp"]:
                out = self.path("out")
                result = faulty([*arguments, "-o", out, file], fail=fail)
                if result[0] == 0:
                    self.assertGreater(fail, 2)
                    os.unlink(out)
                else:
                    self.fails(result, 1, f"{out}: write error: No space left on device\n")
                self.only("in")

    def test_limits_on_files(self):
        file, out = self.file("in", bytes(200_000)), self.file("out", b"old")
        for size in 0, 1, 4096, 100_000, 262_144, 270_000:
            result = cte("base64", "-f", "-o", out, file, preexec_fn=limited(fsize=size))
            self.fails(result, 1, f"{out}: write error: File too large\n")
            self.assertEqual(read(out), b"old")
            self.only("in", "out")
        # Of what is written straight the system may end the process, as it does of any.
        with open(self.path("straight"), "wb") as straight:
            code, _, error = cte("base64", file, stdout=straight, preexec_fn=limited(fsize=1000))
        self.assertTrue(code == -signal.SIGXFSZ or (code == 1 and "File too large" in error), (code, error))

    def test_closed_standard_output(self):
        file = self.file("in", self.text(10))
        for arguments in ["base64"], ["qp"], ["smtp"], ["check"], ["info"], ["--help"], ["--version"], ["qp", "--help"]:
            names = [file] if arguments[0] in ("base64", "qp", "smtp", "check") and len(arguments) == 1 else []
            code, _, error = command.shell('exec "$0" "$@" >&-', *arguments, *names)
            self.assertIn(code, (1, 2), arguments)
            self.assertIn("write error: Bad file descriptor\n", error, arguments)
            code, _, error = command.shell('exec "$0" "$@" >&- 2>&- <&-', *arguments, *names)
            self.assertIn(code, (1, 2), arguments)


class Limits(Case):
    def test_descriptors(self):
        file, out = self.file("in", b"abc"), self.path("out")
        for count in 3, 4:
            result = cte("base64", "-o", out, file, preexec_fn=limited(nofile=count))
            # 3: not even the dynamic linker has one for libc.
            self.assertIn(result[0], (1, 127), result)
            self.assertTrue("open files" in result[2] or result[0] == 127, result)
            self.only("in")
        self.assertEqual(cte("base64", "-o", out, file, preexec_fn=limited(nofile=5)), (0, b"", ""))
        # Each of many files is closed before the next.
        names = [self.file(f"n{i}", b"abc") for i in range(40)]
        result = cte("qp", "--suffix=.qp", *names, preexec_fn=limited(nofile=6))
        self.assertEqual(result, (0, b"", ""))
        self.assertEqual(len(self.names()), 82)

    @unittest.skipIf("LD_PRELOAD" in os.environ, "a sanitizer needs terabytes of addresses")
    def test_memory(self):
        file, out = self.file("in", self.text(50_000)), self.path("out")
        failed = 0
        for megabytes in 1, 2, 3, 4, 6, 8, 12, 16:
            for arguments in ["base64"], ["qp"], ["smtp"], ["base64", "--text"]:
                code, _, error = cte(*arguments, "-o", out, file, preexec_fn=limited(**{"as": megabytes << 20}))
                failed += code != 0
                self.assertTrue(code == 0 or error or code < 0, (code, error))
                self.only(*(["in", "out"] if code == 0 else ["in"]))
                if code == 0:
                    os.unlink(out)
        self.assertGreater(failed, 0)
        self.assertEqual(cte("base64", "-o", out, file, preexec_fn=limited(**{"as": 16 << 20})), (0, b"", ""))


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
        text = self.text(40_000)
        file, out = self.file("in", text), self.path("out")
        for short, eintr in (5000, 0), (100_000, 90):
            self.assertEqual(faulty(["base64", "--mail", "-f", "-o", out, file], short=short, eintr=eintr), (0, b"", ""))
            self.assertEqual(read(out), base64.encodebytes(text).replace(b"\n", b"\r\n"))
            self.only("in", "out")

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
    """Killed anywhere: the output is there whole, or as it was before. What may stay is a temporary file."""

    POINTS = max(20, int(200 * SCALE))

    def check(self, before, expected):
        """True when the output is the new one. Removes what the kill left."""
        out = self.path("out")
        there = read(out) if os.path.exists(out) else None
        self.assertIn(there, (before, expected), f"seed {SEED}: {len(there or b'')} octets")
        left = [name for name in self.names() if name not in ("in", "out")]
        self.assertTrue(all(re.fullmatch(r"\.cte\.\w{6}", name) for name in left) and len(left) <= 1, left)
        for name in left:
            os.unlink(self.path(name))
        if there is not None and before is None:
            os.unlink(out)
        elif before is not None:
            command.write(out, before)
        return there == expected

    def test_before_each_call(self):
        """What changes the folder are calls too: the last ones are the renames."""
        data = self.random.randbytes(200_000)
        self.file("in", data)
        expected = base64.encodebytes(data)
        arguments = ["base64", "-w76", "-o", self.path("out"), self.path("in")]
        finished = killed = 0
        for point in range(self.POINTS // 2):
            for force, before in ([], None), (["-f"], b"old"):
                if before is not None:
                    command.write(self.path("out"), before)
                call = self.random.randrange(1, 32)
                code, _, _ = faulty(arguments + force, short=60_000, seed=SEED + point, kill=call)
                self.assertIn(code, (0, -signal.SIGKILL))
                new = self.check(before, expected)
                if code == 0:
                    self.assertTrue(new)
                finished += new
                killed += code != 0
            if before is not None:
                os.unlink(self.path("out"))
        print(f"faults.py: killed {killed} of {self.POINTS} times before a call; {finished} outputs whole", file=sys.stderr)
        self.assertTrue(0 < finished and 0 < killed)

    def test_at_any_time(self):
        data = self.random.randbytes(3_000_000)
        self.file("in", data)
        expected = base64.encodebytes(data)
        finished = killed = 0
        delay = 0.05  # the longest; it goes to where half of them are done
        for number in [signal.SIGKILL, signal.SIGTERM] * (self.POINTS // 2):
            force, before = self.random.choice([([], None), (["-f"], b"old")])
            if before is not None:
                command.write(self.path("out"), before)
            child = subprocess.Popen([CTE, "base64", *force, "-o", self.path("out"), self.path("in")], env=ENVIRONMENT)
            time.sleep(self.random.random() * delay)
            child.send_signal(number)
            code = child.wait(60)
            self.assertIn(code, (0, -number))
            if number == signal.SIGTERM:
                self.assertFalse([name for name in self.names() if name.startswith(".cte.")])
            new = self.check(before, expected)
            if code == 0:
                self.assertTrue(new)
            finished += new
            killed += code != 0
            delay *= 0.9 if code == 0 else 1.1
            if before is not None:
                os.unlink(self.path("out"))
        print(f"faults.py: killed {killed} of {self.POINTS} times at any time; {finished} outputs whole", file=sys.stderr)


class Inputs(Case):
    """Inputs that change while they are read, and inputs that are no plain files."""

    def test_truncated(self):
        data = self.random.randbytes(3_000_000)
        for size in 0, 1000, 300_000, 2_000_000:
            file = self.file("in", data)
            child = subprocess.Popen([CTE, "base64", "-w0", file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT)
            out = os.read(child.stdout.fileno(), 1000)  # what is not read here stops it, long before the end
            os.truncate(file, size)
            rest, error = child.communicate(timeout=60)
            back = base64.b64decode(out + rest)
            self.assertEqual((child.returncode, error), (0, b""))
            self.assertTrue(data.startswith(back) and 750 < len(back) < len(data), len(back))

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

    def test_its_own_output(self):
        file = self.file("in", self.text(20_000))
        expected = cte("base64", file)[1]
        self.assertEqual(cte("base64", "-f", "-o", file, file), (0, b"", ""))
        self.assertEqual(read(file), expected)

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
        self.fails(cte("qp", "-f", "-o", "/dev/full", data=b"abc"), 1, "/dev/full: write error: No space left on device")

    def test_folders(self):
        out = self.path("out")
        for arguments in ["base64"], ["base64", "-d"], ["qp"], ["smtp"], ["smtp", "-d"]:
            result = cte(*arguments, "-o", out, self.folder)
            self.assertEqual(result[0], 1, result)
            self.assertEqual(result[2], f"cte {arguments[0]}: {self.folder}: read error at offset 0: Is a directory\n")
            self.only()
        self.assertEqual(cte("check", self.folder)[0], 2)
        with open(self.path("plain"), "wb"):
            pass
        self.fails(cte("qp", self.path("plain", "x")), 1, "Not a directory")
        self.fails(cte("qp", "-o", self.path("plain", "x")), 1, "Not a directory")


class WithoutEnd(Case):
    """Input through pipes, there and back: the same octets in constant memory."""

    SIZE = max(20, int(100 * SCALE))  # MiB; 10 GB at a scale of 100

    def there_and_back(self, there, back, block):
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
        while octets := children[1].stdout.read(len(block)):
            got += octets == block
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
