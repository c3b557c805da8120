"""End-to-end tests of the command. The path of the command is in the environment variable CTE; the seed of the random
inputs, which is printed, may be in CTE_TEST_SEED."""

import base64
import contextlib
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

CTE = os.path.abspath(os.environ["CTE"])
SEED = int(os.environ.get("CTE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
NOBODY = 65534
ENVIRONMENT = {"LC_ALL": "C", "PATH": os.environ.get("PATH", "/usr/bin:/bin")}


def run(command, data=b"", **keywords):
    """Runs a command (a list); gives (exit code, standard output, standard error as text)."""
    if "stdin" not in keywords:
        keywords["input"] = data
    keywords.setdefault("stdout", subprocess.PIPE)
    done = subprocess.run(command, stderr=subprocess.PIPE, env=ENVIRONMENT, timeout=120, **keywords)
    return done.returncode, done.stdout, done.stderr.decode(errors="backslashreplace")


def cte(*arguments, data=b"", **keywords):
    return run([CTE, *arguments], data, **keywords)


def shell(line, *arguments, **keywords):
    """A line for sh, in which "$0" is the command and "$1" and so on are the arguments."""
    return run(["/bin/sh", "-c", line, CTE, *arguments], **keywords)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data, mode=0o644):
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    return path


class Case(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(SEED)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def file(self, name, data, mode=0o644):
        return write(self.path(name), data, mode)

    def names(self):
        return sorted(os.listdir(self.folder))

    def fails(self, result, code, text):
        """The exit code, nothing on standard output, and a message with the text."""
        self.assertEqual(result[0], code, result)
        self.assertFalse(result[1], result)
        self.assertIn(text, result[2])


class Coreutils(Case):
    """cte base64 does what /usr/bin/base64 does."""

    def same(self, arguments, data):
        ours = cte("base64", *arguments, data=data)
        theirs = run(["/usr/bin/base64", *arguments], data)
        self.assertEqual(
            (ours[0], ours[1], ours[2] == ""),
            (theirs[0], theirs[1], theirs[2] == ""),
            f"seed {SEED}: {arguments} {data[:2000]!r} {ours[2]} {theirs[2]}",
        )

    def octets(self, size):
        return self.random.randbytes(self.random.randrange(size))

    def almost_base64(self):
        r = self.random
        text = bytearray()
        for _ in range(r.randrange(1, 4)):
            part = base64.b64encode(self.octets(120))
            width = r.choice([4, 5, 19, 60, 76, 1000])
            text += b"".join(part[i : i + width] + b"\n" for i in range(0, len(part), width))
        for _ in range(r.choice([0, 0, 1, 1, 2, 5])):
            at = r.randrange(len(text) + 1)
            text[at : at + r.randrange(3)] = r.choice([b"=", b"==", b"===", b"\n", b"\r\n", b" ", b"-", b"\0", b"A", b"\xff", b""])
        return bytes(text)

    def short_soup(self):
        return bytes(self.random.choices(b"AAZaz09+/====\n\n\r -_*\0", k=self.random.randrange(14)))

    def test_encode(self):
        for _ in range(400):
            columns = self.random.choice([0, 1, 2, 3, 4, 5, 19, 57, 60, 64, 75, 76, 77, 100, 1000, 1 << 63, 1 << 70])
            self.same(self.random.choice([[], [f"-w{columns}"], ["--wrap", str(columns)]]), self.octets(600))

    def test_decode(self):
        for i in range(1600):
            data = self.almost_base64() if i % 2 else self.short_soup()
            self.same(self.random.choice([["-d"], ["-d"], ["-di"], ["--decode", "--ignore-garbage"]]), data)

    def test_large(self):
        data = self.random.randbytes(3_000_001)
        for arguments in [], ["-w0"], ["-w", "64"], ["-w1"]:
            self.same(arguments, data)
        text = base64.encodebytes(data)
        for at in None, 70_000, 2_000_000:
            for insert in b"*", b"=", b"\n", b"==\n", b"\r":
                for arguments in ["-d"], ["-d", "-i"]:
                    self.same(arguments, text if at is None else text[:at] + insert + text[at:])

    def test_options(self):
        wraps = ["x", "-1", "-0", "1K", "", " 5", "+5", "010", "0x10", "5 ", "99999999999999999999", "9223372036854775807"]
        wraps += ["-99999999999999999999", "99999999999999999999x", "18446744073709551616"]
        vectors = [["-w", value] for value in wraps] + [["--wrap=" + value] for value in wraps]
        vectors += [["-w"], ["--wrap"], ["--wra=3"], ["--w", "3"], ["-x"], ["--foo"], ["--decode=3"], ["a", "b"], ["-", "-"]]
        vectors += [["--i"], ["--ig"], ["-d", "--i"], ["--de"], ["-d", "-w", "x"], ["-d", "-w", "5"], ["-w5", "-w0"], ["-"], ["--", "-"]]
        vectors += [["-", "-w5"], ["/nonexistent"], ["/"], ["-d", "/"]]
        for vector in vectors:
            with self.subTest(vector=vector):
                self.same(vector, b"TWFueSBoYW5kcyBtYWtlIGxpZ2h0IHdvcmsuIE1hbnkgaGFuZHMgbWFrZQ==")
                self.same(vector, b"TWFu-eSBo")

    def test_help_and_version_abbreviated(self):
        for option in "--help", "--h", "--version", "--versio", "--ver", "--ve", "--v":
            self.assertEqual(cte("base64", option)[0], run(["/usr/bin/base64", option])[0], option)
            self.assertTrue(cte("base64", option)[1])

    def test_messages(self):
        self.fails(cte("base64", "--foo"), 1, "cte base64: unrecognized option '--foo'\nTry 'cte base64 --help'")
        self.fails(cte("base64", "a", "b"), 1, "cte base64: extra operand 'b'\nTry 'cte base64 --help'")
        self.fails(cte("base64", "-w", "x"), 1, "cte base64: invalid wrap size: 'x'\n")
        self.fails(cte("base64", "nofile"), 1, "cte base64: nofile: No such file or directory\n")
        code, out, error = cte("base64", "-d", data=b"YWJj*")
        self.assertEqual((code, out), (1, b"abc"))
        self.assertEqual(error, "cte base64: standard input: invalid input at offset 4: a character outside the base64 alphabet\n")


class Base64(Case):
    def test_mail_encode(self):
        data = self.random.randbytes(1000)
        expected = base64.encodebytes(data).replace(b"\n", b"\r\n")
        self.assertEqual(cte("base64", "--mail", data=data), (0, expected, ""))

    def test_mail_decode_reports(self):
        code, out, error = cte("base64", "--mail", "-d", data=b"YW Jj*ZGU\r\n")
        self.assertEqual((code, out), (0, b"abcde"))
        name = "cte base64: standard input: "
        self.assertEqual(
            error.splitlines(),
            [
                name + "white space, first at offset 2",
                name + "a character outside the base64 alphabet, first at offset 5",
                name + "missing padding, first at offset 11",
            ],
        )
        self.assertEqual(cte("base64", "--mail", "-d", "-q", data=b"YW Jj"), (0, b"abc", ""))

    def test_text(self):
        data = b"one\ntwo\r\nthree\r\r\nfour\rfive\n" * 40000
        expected = base64.encodebytes(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        self.assertEqual(cte("base64", "--text", data=data)[:2], (0, expected))
        self.assertEqual(cte("base64", "--text", data=data)[2], "")
        self.fails(cte("base64", "--text", "-d"), 1, "--text does not go with -d")

    def test_url(self):
        data = self.random.randbytes(999)
        expected = base64.urlsafe_b64encode(data)
        self.assertEqual(cte("base64", "--url", "-w0", data=data), (0, expected, ""))
        self.assertEqual(cte("base64", "--url", "-d", data=expected), (0, data, ""))
        self.assertEqual(cte("base64", "-d", data=b"__-_")[0], 1)


class QuotedPrintable(Case):
    def test_any_file_comes_back(self):
        r = self.random
        for i in range(300):
            kind = r.choice([range(256), b"ab =\t\r\n\n.", b"a \r\n=", "aé語 \n".encode() + b"F.-"])
            data = bytes(r.choices(kind, k=r.randrange(r.choice([4, 300]))))
            options = r.sample(["-b", "--dots", "--from", "--dashes", "--ebcdic", "--utf8", "--eol=crlf", "--eol=lf"], r.randrange(4))
            code, text, error = cte("qp", *options, data=data)
            self.assertEqual((code, error), (0, ""))
            self.assertTrue(all(len(line.rstrip(b"\r")) <= 76 for line in text.split(b"\n")))
            self.assertEqual(cte("qp", "-d", data=text), (0, data, ""), f"seed {SEED}: {options} {data!r}")
        for data in read(CTE)[: 1 << 21], b"x" * 999_999, b"line\n" * 200_000, b"line\r\n" * 200_000 + b"lone\n":
            text = cte("qp", data=data)[1]
            self.assertEqual(cte("qp", "-d", data=text)[1], data)

    def test_line_ends(self):
        long = b"x" * 80
        soft, rest = b"x" * 75 + b"=", b"xxxxx"
        for arguments, data, expected in (
            ([], b"a\n" + long, b"a\n" + soft + b"\n" + rest),
            ([], b"a\r\n" + long, b"a\r\n" + soft + b"\r\n" + rest),
            ([], b"a\r\nb\n" + long, b"a\r\nb\n" + soft + b"\r\n" + rest),
            ([], long, soft + b"\n" + rest),
            (["--mail"], b"a\nb\r\n" + long, b"a\r\nb\r\n" + soft + b"\r\n" + rest),
            (["--mail", "--eol=crlf"], b"a\nb\r\n", b"a=0Ab\r\n"),
            (["--mail", "--eol=lf"], b"a\nb\r\n", b"a\r\nb=0D\r\n"),
            (["--eol=crlf"], b"a\nb\r\n" + long, b"a=0Ab\r\n" + soft + b"\r\n" + rest),
            (["--eol=lf"], b"a\nb\r\n", b"a\nb=0D\n"),
            (["-b"], b"a\nb\r\n", b"a=0Ab=0D=0A"),
            (["--binary", "--mail"], long, soft + b"\r\n" + rest),
            (["-d", "--eol=crlf"], b"a\nb\r\n=0A=\n", b"a\r\nb\r\n\n"),
            (["-d", "--eol=lf"], b"a\nb\r\n", b"a\nb\n"),
            (["-d"], b"a \nb\t\r\nc=41=\r\nd", b"a\nb\r\ncAd"),
        ):
            self.assertEqual(cte("qp", *arguments, data=data)[:2], (0, expected), arguments)

    def test_mixed_line_ends(self):
        note = "cte qp: standard input: mixed line ends (1 CRLF, 2 LF)\n"
        for data in b"a\nb\r\nc\n", b"a\r\nb\nc\n":
            self.assertEqual(cte("qp", "--mail", data=data), (0, b"a\r\nb\r\nc\r\n", note))
            self.assertEqual(cte("qp", "--mail", "-q", data=data), (0, b"a\r\nb\r\nc\r\n", ""))
            self.assertEqual(cte("qp", data=data), (0, data, ""))
        note = "cte qp: standard input: LF line ends, written as CRLF\n"
        self.assertEqual(cte("qp", "--mail", "-v", data=b"a\n"), (0, b"a\r\n", note))
        self.assertEqual(cte("qp", "--mail", data=b"a\n"), (0, b"a\r\n", ""))

    def test_usage(self):
        for option in "-b", "--dots", "--from", "--dashes", "--ebcdic", "--utf8":
            self.fails(cte("qp", "-d", option, data=b"a"), 2, "with -d\nTry 'cte qp --help'")
        self.fails(cte("qp", "--strict", data=b"a"), 2, "cte qp: --strict goes only with -d\n")

    def test_flags(self):
        data = b".a\nFrom b\n--c\n#d\n"
        self.assertEqual(cte("qp", "--dots", data=data)[1], b"=2Ea\nFrom b\n--c\n#d\n")
        self.assertEqual(cte("qp", "--from", data=data)[1], b".a\n=46rom b\n--c\n#d\n")
        self.assertEqual(cte("qp", "--dashes", data=data)[1], b".a\nFrom b\n=2D-c\n#d\n")
        self.assertEqual(cte("qp", "--ebcdic", data=data)[1], b".a\nFrom b\n--c\n=23d\n")
        text = cte("qp", "--utf8", data="語".encode() * 50)[1]
        for line in text.replace(b"=\n", b"\n").splitlines():
            bytes.fromhex(line.decode().replace("=", "")).decode()

    def test_anomalies(self):
        data = b"a=XYb=c3=A9\n"
        self.assertEqual(cte("qp", "-d", data=data), (0, b"a=XYb\xc3\xa9\n", ""))
        for option in "--mail", "-v":
            code, out, error = cte("qp", "-d", option, data=data)
            self.assertEqual((code, out), (0, b"a=XYb\xc3\xa9\n"))
            self.assertIn("cte qp: standard input: a bad escape, first at offset 1\n", error)
            self.assertIn("cte qp: standard input: an escape in lower case, first at offset 5\n", error)
            self.assertIn("cte qp: standard input: a bare LF, first at offset 11\n", error)
        code, out, error = cte("qp", "-d", "--strict", data=data)
        self.assertEqual((code, out), (1, b"a"))
        self.assertEqual(error, "cte qp: standard input: invalid input at offset 1: a bad escape\n")


class Check(Case):
    def report(self, code, line, data, *arguments):
        self.assertEqual(cte("check", *arguments, data=data), (code, f"standard input: {line}\n".encode(), ""))

    def test_reports(self):
        self.report(0, "7bit, no line ends", b"")
        self.report(0, "7bit, CRLF line ends", b"a\r\nb\r\n")
        self.report(0, "7bit, LF line ends (CRLF when mailed)", b"a\nb\n")
        self.report(
            1,
            "8bit, LF line ends (CRLF when mailed); offset 3, line 2: a raw 8-bit octet;"
            " encode with quoted-printable (at most 13 octets)",
            b"a\nb\xc3\xa9c\n",
        )
        self.report(0, "8bit, CRLF line ends", b"a\r\nb\xc3\xa9\r\n", "--to", "8bitmime")
        self.report(0, "binary, no line ends", b"\0", "--to=binarymime")
        code, out, _ = cte("check", data=b"a\r\nb\nc\r\n")
        self.assertEqual(code, 1)
        self.assertTrue(out.startswith(b"standard input: binary, mixed line ends (2 CRLF, 1 LF); offset 4, line 2: a bare LF; encode with quoted-printable"), out)

    def test_line_ends(self):
        for eol, data, place in (
            ("crlf", b"a\nb\r\n", b"offset 1, line 1: a bare LF"),
            ("lf", b"a\nb\r\n", b"offset 3, line 2: a bare CR"),
            ("auto", b"a\nb\rc\n", b"offset 3, line 2: a bare CR"),
            ("auto", b"a\r\nb\rc\r\n", b"offset 4, line 2: a bare CR"),
            ("auto", b"a\r\n\r", b"offset 3, line 2: a bare CR"),
            ("auto", b"a\n" + b"x" * 999 + b"\n", b"offset 1000, line 2: a line over 998 octets"),
            ("auto", b"x" * 998 + b"\n\0", b"offset 999, line 2: a NUL"),
        ):
            code, out, error = cte("check", f"--eol={eol}", data=data)
            self.assertEqual((code, error), (1, ""))
            self.assertIn(place, out)

    def test_places_in_large_files(self):
        for lines in 30_000, 60_000, 200_003:
            for bad, kind in (b"\xff", "a raw 8-bit octet"), (b"\rx", "a bare CR"), (b"\0", "a NUL"):
                start = b"12345678\r\n" * lines
                _, out, _ = cte("check", data=start + bad + b"\r\n" * 1000)
                self.assertIn(f"; offset {len(start)}, line {lines + 1}: {kind};".encode(), out)
        # a CR that ends a block of 256 KiB
        file = self.file("cr", b"\n" * 99 + b"x" * 800 + b"\n" * ((1 << 18) - 900) + b"\rx\n")
        place = f"; offset {(1 << 18) - 1}, line {(1 << 18) - 800}: a bare CR;"
        self.assertIn(place.encode(), cte("check", file)[1])

    def test_many_files(self):
        good, bad = self.file("good", b"a\n"), self.file("bad", b"\xff\n")
        code, out, error = cte("check", good, self.path("none"), bad)
        self.assertEqual(code, 2)
        self.assertEqual([line.split(b":")[0] for line in out.splitlines()], [good.encode(), bad.encode()])
        self.assertEqual(error, f"cte check: {self.path('none')}: No such file or directory\n")
        self.assertEqual(cte("check", good, bad)[0], 1)
        self.assertEqual(cte("check", good, "-", good)[0], 0)
        self.assertEqual(cte("check", "-q", good, bad), (1, b"", ""))

    def test_statistics(self):
        _, out, _ = cte("check", "-v", data=b".a\r\nFrom b \r\nc\xe9")
        for line in b"octets: 15", b"lines: 3", b"longest line: 7", b"octets above 127: 1, first at offset 14", b"not UTF-8: 1":
            self.assertIn(b"\n  " + line, out)

    def test_usage(self):
        self.fails(cte("check", "--to=9bit"), 2, "cte check: invalid argument '9bit' for '--to'")
        self.fails(cte("check", "--eol", "cr"), 2, "invalid argument 'cr' for '--eol'")
        self.fails(cte("check", "-o", "x"), 2, "invalid option -- 'o'")
        self.fails(cte("check", "/"), 2, "cte check: /: read error at offset 0: Is a directory")
        self.fails(shell('"$0" check <&-'), 2, "standard input: read error at offset 0: Bad file descriptor")


class Smtp(Case):
    MESSAGE = b"Subject: x\r\n\r\n.dot\r\n..\r\nend"
    DATA = b"Subject: x\r\n\r\n..dot\r\n...\r\nend\r\n.\r\n"

    def test_both_ways(self):
        self.assertEqual(cte("smtp", data=self.MESSAGE), (0, self.DATA, ""))
        self.assertEqual(cte("smtp", "-d", data=self.DATA), (0, self.MESSAGE + b"\r\n", ""))
        self.assertEqual(cte("smtp", "--bdat", data=self.MESSAGE), (0, self.MESSAGE, ""))
        self.assertEqual(cte("smtp"), (0, b".\r\n", ""))

    def test_line_ends(self):
        text = self.MESSAGE.replace(b"\r\n", b"\n")
        self.assertEqual(cte("smtp", data=text), (0, self.DATA, ""))
        self.assertEqual(cte("smtp", "--eol=lf", data=text), (0, self.DATA, ""))
        self.fails_at(10, "a bare LF", text, "--eol=crlf")
        self.fails_at(10, "a bare LF", text, "--bare-lf=reject")
        self.fails_at(4, "a bare LF", b"a\r\nb\nc\r\n")
        self.assertEqual(cte("smtp", "--bdat", data=text)[1], self.MESSAGE)

    def test_mixed_line_ends(self):
        for data, offset in (b"a\nb\r\nc\n", 1), (b"a\r\nb\n", 4), (b"a\r\nb\nc\r\n", 4), (b"a\nb\r\n", 1):
            self.fails_at(offset, "a bare LF", data)
            self.fails_at(offset, "a bare LF", data, "-q")
            file = self.file("in", data)
            result = cte("smtp", "-o", self.path("out"), file)
            self.fails(result, 1, f"cte smtp: {file}: invalid input at offset {offset}: a bare LF\n")
            self.assertEqual(result[2].count("\n"), 1)
            self.assertEqual(self.names(), ["in"])
        # CRLFs of a later block, and one that a cut of 256 KiB divides
        block = 1 << 18
        for data in b"line\n" * 200_000 + b"\r\n", b"x\n" * (block // 2 - 1) + b"y\r\nz\n":
            file = self.file("in", data)
            offset = data.index(b"\n")
            code, _, error = cte("smtp", "-o", self.path("out"), file)
            self.assertEqual((code, error), (1, f"cte smtp: {file}: invalid input at offset {offset}: a bare LF\n"))
            self.assertEqual(self.names(), ["in"])
        note = "cte smtp: standard input: LF line ends, written as CRLF\n"
        self.assertEqual(cte("smtp", "-v", data=b"a\nb\n"), (0, b"a\r\nb\r\n.\r\n", note))
        self.assertEqual(cte("smtp", "-v", data=b"a\r\nb\r\n"), (0, b"a\r\nb\r\n.\r\n", ""))
        self.assertEqual(cte("smtp", "--eol=lf", data=b"a\nb\r\n"), (0, b"a\r\nb\r\n.\r\n", ""))

    def test_every_cut(self):
        """One answer and the same octets, however the input comes in: whole, or in two at each place, by a slow writer."""
        long = b"x" * 999 + b"\n"
        for data, cause in (
            (b"a\nx\ry\nb\r\n", "3: a bare CR"),
            (b"a\nx\0y\nb\r\n", "3: a NUL"),
            (b"a\nb\r\nx\ry\n", "1: a bare LF"),
            (b"a\nb\r\n\0", "1: a bare LF"),
            (b"a\nb\r\r\n", "3: a bare CR"),
            (b"\n\r\n\r", "0: a bare LF"),
            (b"a\r\nx\ry\nb\n", "4: a bare CR"),
            (b"a\r\nb\nx\ry", "4: a bare LF"),
            (b"a\nb\r", "3: a bare CR"),
            (b"a\nb\n.\n", None),
        ):
            for options in ["-v"], ["--eol=lf"], ["--eol=crlf"], ["-v", "--bare-cr=space", "--nul=space"]:
                whole = cte("smtp", *options, data=data)
                if options == ["-v"]:
                    last = f"invalid input at offset {cause}" if cause else "LF line ends, written as CRLF"
                    self.assertEqual(whole[2], f"cte smtp: standard input: {last}\n", data)
                for cut in range(1, len(data)):
                    self.assertEqual(self.in_two(options, data, cut), whole, f"{options} {data!r} {cut}")
        for data, offset, cause in (
            (b"a\n" + long + b"b\r\n", 1000, "a line over 998 octets"),
            (b"a\nx\ry\n" + b"line\n" * 60_000 + b"b\r\n", 3, "a bare CR"),
            (b"a\n" + b"line\n" * 60_000 + b"b\r\n\0", 1, "a bare LF"),
            (b"a\n" + b"line\n" * 60_000 + b"\0b\r\n", 300_002, "a NUL"),
        ):
            self.fails_at(offset, cause, data)
            for cut in 2, 5, len(data) - 3, len(data) - 2, len(data) - 1:
                self.assertEqual(self.in_two([], data, cut)[2], cte("smtp", data=data)[2], cut)

    def in_two(self, options, data, cut):
        """What `cte smtp` says of data whose rest comes when it waits for more."""
        with tempfile.TemporaryFile() as out:
            child = subprocess.Popen([CTE, "smtp", *options], stdin=-1, stdout=out, stderr=-1, env=ENVIRONMENT)
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(data[:cut])
                child.stdin.flush()
                time.sleep(0.005)
            error = child.communicate(data[cut:], timeout=60)[1]
            out.seek(0)
            return child.returncode, out.read(), error.decode()

    def fails_at(self, offset, cause, data, *arguments):
        code, _, error = cte("smtp", *arguments, data=data)
        self.assertEqual((code, error.splitlines()[0]), (1, f"cte smtp: standard input: invalid input at offset {offset}: {cause}"))

    def test_policies(self):
        self.assertEqual(cte("smtp", "-q", "--bare-lf=space", data=b"a\nb\r\n"), (0, b"a b\r\n.\r\n", ""))
        self.assertEqual(cte("smtp", "-q", "--bare-lf=normalize", data=b"a\n.b\r\n"), (0, b"a\r\n..b\r\n.\r\n", ""))
        self.assertEqual(cte("smtp", "-q", "--bare-cr=space", data=b"a\rb\r\n"), (0, b"a b\r\n.\r\n", ""))
        self.assertEqual(cte("smtp", "-q", "--nul=normalize", data=b"a\0b\r\n"), (0, b"ab\r\n.\r\n", ""))
        self.fails_at(998, "a line over 998 octets", b"x" * 999 + b"\r\n")
        long = b"x" * 999
        self.assertEqual(cte("smtp", "-q", "--long-lines=keep", data=long), (0, long + b"\r\n.\r\n", ""))
        self.assertEqual(cte("smtp", "-q", "--long-lines=normalize", data=long), (0, b"x" * 998 + b"\r\n x\r\n.\r\n", ""))
        code, _, error = cte("smtp", "--bare-lf=space", data=b"a\nb\r\n")
        self.assertEqual((code, error), (0, "cte smtp: standard input: a bare LF, first at offset 1\n"))
        # Of two kinds at one octet one is the verdict, the other is still reported.
        code, _, error = cte("smtp", "-d", data=b"a" * 998 + b"\0\r\n.\r\n")
        self.assertEqual(code, 1)
        self.assertIn("cte smtp: standard input: a line over 998 octets, first at offset 998\n", error)
        for wrong in ["--nul=keep"], ["--long-lines=space"], ["-d", "--bdat"], ["-d", "--eol=lf"], ["--bare-cr=x"]:
            self.assertEqual(cte("smtp", *wrong)[:2], (2, b""))

    def test_smuggling(self):
        sequences = [b"\n.\n", b"\r.\r", b"\r.\n", b"\n.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n"]
        sequences += [b"\r\n.\0\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n"]
        for sequence in sequences:
            data = b"a" + sequence + b"b\r\n.\r\nMAIL"
            file = self.file("data", data)
            code, _, error = cte("smtp", "-d", "-o", self.path("out"), file)
            self.assertEqual(code, 1)
            self.assertIn(f"cte smtp: {file}: invalid input at offset ", error)
            self.assertEqual(self.names(), ["data"])
            with open(file, "rb") as stdin:
                self.assertEqual(shell('"$0" smtp -d >/dev/null; exec cat', stdin=stdin)[1], b"MAIL")

    def test_rest_is_left(self):
        big = b"line\r\n" * 300_000
        file = self.file("data", b"EHLO\n" + big + b".\r\nQUIT\r\n")
        with open(file, "rb") as stdin:
            stdin.seek(5)
            os.lseek(stdin.fileno(), 5, os.SEEK_SET)
            code, out, error = shell('"$0" smtp -d && exec cat', stdin=stdin)
        self.assertEqual((code, error), (0, ""))
        self.assertEqual(out, big + b"QUIT\r\n")
        code, out, error = cte("smtp", "-d", data=b"a\r\n.\r\nQUIT\r\n")
        self.assertEqual((code, out), (0, b"a\r\n"))
        self.assertEqual(error, "cte smtp: standard input: what follows the end of data at offset 6 is left out\n")
        # A device that says that it can seek, and does not.
        device = os.eventfd(0)
        self.addCleanup(os.close, device)
        os.write(device, b".\r\nQUIT\r")
        message = "cte smtp: standard input: what follows the end of data at offset 3 is left out\n"
        self.assertEqual(cte("smtp", "-d", stdin=device), (0, b"", message))
        # Of a pipe that stays open no more is waited for.
        os.mkfifo(self.path("fifo"))
        for arguments in [], [self.path("fifo")]:
            child = subprocess.Popen([CTE, "smtp", "-d", *arguments], stdin=-1, stdout=-1, stderr=-1, env=ENVIRONMENT)
            with open(arguments[0], "wb") if arguments else contextlib.nullcontext(child.stdin) as pipe:
                pipe.write(b"a\r\n.\r\n")
                pipe.flush()
                self.assertEqual((child.wait(60), child.stdout.read(), child.stderr.read()), (0, b"a\r\n", b""))
            for pipe in child.stdin, child.stdout, child.stderr:
                pipe.close()

    def test_truncated(self):
        self.fails_at(6, "no end of data", b"abcd\r\n", "-d")
        self.fails_at(0, "no end of data", b"", "-d")


class Files(Case):
    """Outputs: whole or not at all."""

    def test_output(self):
        file = self.file("in", b"abc", 0o640)
        os.utime(file, ns=(1_000_000_001, 1_234_567_891_234_567_891))
        self.assertEqual(cte("base64", "-o", self.path("out"), file), (0, b"", ""))
        self.assertEqual(read(self.path("out")), b"YWJj\n")
        status = os.stat(self.path("out"))
        self.assertEqual(stat.S_IMODE(status.st_mode), 0o640)
        self.assertEqual(status.st_mtime_ns, 1_234_567_891_234_567_891)
        self.assertEqual(self.names(), ["in", "out"])

    def test_output_of_standard_input(self):
        shell('umask 027; echo a | "$0" base64 -o "$1"', self.path("out"))
        self.assertEqual(stat.S_IMODE(os.stat(self.path("out")).st_mode), 0o640)

    def test_exists(self):
        file, out = self.file("in", b"abc"), self.file("out", b"old")
        self.fails(cte("base64", "-o", out, file), 1, f"cte base64: {out}: the file exists already (-f replaces it)")
        self.assertEqual(read(out), b"old")
        self.assertEqual(cte("base64", "-f", "-o", out, file)[0], 0)
        self.assertEqual(read(out), b"YWJj\n")
        self.assertEqual(cte("base64", "-f", "-o", file, file)[0], 0)
        self.assertEqual(read(file), b"YWJj\n")
        os.symlink("out", self.path("link"))
        self.assertEqual(cte("base64", "-df", "-o", self.path("link"), file)[0], 0)
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(read(out), b"abc")

    def test_mode_of_a_replaced_file(self):
        """It never becomes wider; a link that is replaced has none."""
        for own, old, new in (0o644, 0o600, 0o600), (0o600, 0o644, 0o600), (0o640, 0o604, 0o600), (0o755, 0o777, 0o755), (0o444, 0o200, 0):
            file, out = self.file("in", b"abc", own), self.file("out", b"old", old)
            self.assertEqual(cte("base64", "-f", "-o", out, file), (0, b"", ""))
            self.assertEqual(stat.S_IMODE(os.stat(out).st_mode), new)
            os.unlink(out)
        secret = self.file("secret", b"old", 0o600)
        os.symlink("secret", self.path("link"))
        for name in secret, self.path("link"):
            shell('umask 022; echo a | "$0" base64 -f -o "$1"', name)
            self.assertEqual((read(secret), stat.S_IMODE(os.stat(secret).st_mode)), (b"YQo=\n", 0o600))
        os.mkdir(self.path("dir"))
        os.symlink("../secret", self.path("dir", "in"))
        os.chmod(self.path("in"), 0o644)
        self.assertEqual(cte("base64", "-f", "--output-dir", self.path("dir"), self.path("in")), (0, b"", ""))
        self.assertEqual(stat.S_IMODE(os.lstat(self.path("dir", "in")).st_mode), 0o644)

    def test_bad_input_leaves_nothing(self):
        file = self.file("in", base64.encodebytes(bytes(900_000)) + b"*")
        out = self.path("out")
        code, _, error = cte("base64", "-d", "-o", out, file)
        self.assertEqual((code, error.count("\n")), (1, 1))
        self.assertIn(f"cte base64: {file}: invalid input at offset {os.path.getsize(file) - 1}:", error)
        self.assertEqual(self.names(), ["in"])
        write(out, b"old")
        self.assertEqual(cte("base64", "-d", "-f", "-o", out, file)[0], 1)
        self.assertEqual(read(out), b"old")
        self.assertEqual(self.names(), ["in", "out"])

    def test_many(self):
        os.mkdir(self.path("dir"))
        a, bad, c = self.file("a", b"YWE="), self.file("bad", b"YW*"), self.file("c", b"Y2M=")
        code, out, error = cte("base64", "-d", "--output-dir", self.path("dir"), "--suffix=.bin", a, bad, "/", c)
        self.assertEqual((code, out), (1, b""))
        self.assertIn(f"cte base64: {bad}: invalid input at offset 2", error)
        self.assertEqual(sorted(os.listdir(self.path("dir"))), ["a.bin", "c.bin"])
        self.assertEqual(read(self.path("dir", "a.bin")), b"aa")
        self.assertEqual(read(self.path("dir", "c.bin")), b"cc")
        self.assertEqual(cte("qp", "--suffix", ".qp", a, c), (0, b"", ""))
        self.assertEqual(read(c + ".qp"), b"Y2M=3D")
        self.assertEqual(cte("qp", "--suffix", ".qp", a, self.file("d", b"d"))[0], 1)
        self.assertEqual(read(self.path("d.qp")), b"d")

    def test_many_usage(self):
        a = self.file("a", b"a")
        for command, code in ("base64", 1), ("qp", 2), ("smtp", 2):
            self.fails(cte(command, a, a), code, f"cte {command}: extra operand '{a}'")
            self.fails(cte(command, "-o", "x", a, a), code, "extra operand")
            self.fails(cte(command, "-o", "x", "--suffix=.y", a), code, "-o goes with neither")
            self.fails(cte(command, "--suffix=.y", "-"), code, "standard input has no name for its output")
            self.fails(cte(command, "--output-dir=/tmp", "p/a", "q/a"), code, "/tmp/a: more than one input has this output")
            message = f"cte {command}: --output-dir needs the name of a folder\nTry 'cte {command} --help'"
            self.fails(cte(command, "--output-dir", "", self.path("none")), code, message)
            for suffix in "", "/x", ".d/x", "x/", "/../x":
                self.fails(cte(command, "-f", "--suffix", suffix, a), code, f"cte {command}: --suffix needs the end of a name")
        self.assertEqual(self.names(), ["a"])

    def test_suffix_out_of_the_folder(self):
        a, outside = self.file("a", b"a"), self.path("outside")
        os.mkdir(self.path("dir"))
        os.mkdir(outside)
        os.symlink("../outside", self.path("dir", "a"))
        self.assertEqual(cte("qp", "--output-dir", self.path("dir"), "--suffix=/x", a)[0], 2)
        self.assertEqual(os.listdir(outside), [])

    def test_one_output_by_two_names(self):
        a = self.file("a", b"a")
        os.symlink(self.folder, self.path("link"))
        os.symlink("a.y", self.path("b.y"))
        self.file("b", b"b")
        self.file("a.y", b"old")
        for suffix, names in (".x", ["a", "./a"]), (".x", ["a", a]), (".x", ["a", "link/a"]), (".y", ["a", "b"]):
            result = cte("qp", "-f", f"--suffix={suffix}", *names, cwd=self.folder)
            self.fails(result, 2, "more than one input has this output")
        self.assertEqual(read(self.path("a.y")), b"old")
        self.assertEqual(cte("qp", "--suffix=.x", "./a", "b", cwd=self.folder), (0, b"", ""))
        self.assertEqual(self.names(), ["a", "a.x", "a.y", "b", "b.x", "b.y", "link"])

    def test_one_fifo_or_device_by_two_names(self):
        """It is written straight: both would come out of it, mixed. A replaced one is two files."""
        for name in "a", "b":
            self.file(name, b"x")
        os.mkfifo(self.path("a.x"))
        os.link(self.path("a.x"), self.path("b.x"))
        self.fails(cte("qp", "--suffix=.x", "a", "b", cwd=self.folder), 2, "a.x: more than one input has this output")
        self.fails(cte("qp", "--suffix=.x", "b.x", "a", cwd=self.folder), 2, "a.x: this output is another input")
        self.assertEqual(cte("qp", "-f", "--output-dir=.", "--suffix=.x", "a", "b", cwd=self.folder), (0, b"", ""))
        self.assertEqual((read(self.path("a.x")), read(self.path("b.x"))), (b"x", b"x"))
        for number in 1, 2:
            os.symlink(f"/dev/fd/{number}", self.path("ab"[number - 1] + ".z"))
        done = subprocess.run([CTE, "qp", "--suffix=.z", "a", "b"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.folder)
        self.assertEqual(done.stdout.splitlines()[0], b"cte qp: a.z: more than one input has this output")
        if os.getuid() == 0:
            for name in "a.y", "b.y":
                os.mknod(self.path(name), stat.S_IFCHR | 0o666, os.makedev(1, 3))
            self.fails(cte("qp", "--suffix=.y", "a", "b", cwd=self.folder), 2, "a.y: more than one input has this output")

    def test_output_is_another_input(self):
        """Nothing is written, whatever the order and the names."""
        os.mkdir(self.path("dir"))
        os.symlink("dir", self.path("link"))
        files = {name: self.file(name, name.encode()) for name in ("x", "x.b", "dir/x.b")}
        os.symlink("../x", self.path("dir", "x"))
        for options, names in (
            (["--suffix=.b"], ["x", "x.b"]),
            (["--suffix=.b"], ["x.b", "x"]),
            (["--suffix=.b"], ["./x", self.path("x.b")]),
            (["--output-dir=link", "--suffix=.b"], ["x", "dir/x.b"]),
            (["--output-dir=dir"], ["x", "link/x"]),
            (["--output-dir=dir"], ["x.b", "link/x.b"]),
        ):
            for force in [], ["-f"]:
                code, out, error = cte("qp", *force, *options, *names, cwd=self.folder)
                self.assertEqual((code, out, error.count("\n")), (2, b"", 2), names)
                self.assertRegex(error, "this output is another input|more than one input has this output")
                self.assertEqual({name: read(file) for name, file in files.items()}, {name: name.encode() for name in files})
        self.assertEqual(self.names(), ["dir", "link", "x", "x.b"])
        # Its own input is read before it is replaced.
        self.assertEqual(cte("base64", "-f", "--output-dir=.", "x", "x.b", cwd=self.folder), (0, b"", ""))
        self.assertEqual((read(files["x"]), read(files["x.b"])), (b"eA==\n", b"eC5i\n"))

    def test_input_through_an_output(self):
        """A link to an output, or to a link that an output replaces: what the link led to is not there any more."""
        os.mkdir(self.path("d"))
        os.mkdir(self.path("x"))
        self.file("real", b"real")
        self.file("x/l", b"a=")
        os.symlink("../real", self.path("d", "l"))
        os.symlink("d/l", self.path("q"))
        os.symlink("new.x", self.path("z"))
        new = self.file("new", b"a=")
        self.fails(cte("qp", "--suffix=.x", "new", "z", cwd=self.folder), 1, "z: this input is the output of another")
        self.assertEqual((read(new + ".x"), os.path.exists(self.path("z.x"))), (b"a=3D", False))
        self.fails(cte("qp", "-f", "--output-dir=d", "x/l", "q", cwd=self.folder), 1, "q: this input is the output of another")
        self.assertEqual((read(self.path("d", "l")), os.listdir(self.path("d"))), (b"a=3D", ["l"]))

    def test_link_to_another_output(self):
        """A link that leads to no file is replaced, though the file came up meanwhile."""
        for names in ["a", "b"], ["b", "a"]:
            for name in names:
                self.file(name, name.encode())
            os.symlink("b.s", self.path("a.s"))
            self.assertEqual(cte("base64", "-f", "--suffix=.s", *names, cwd=self.folder), (0, b"", ""))
            self.assertEqual((read(self.path("a.s")), read(self.path("b.s"))), (b"YQ==\n", b"Yg==\n"))
            os.unlink(self.path("a.s"))
            os.unlink(self.path("b.s"))

    def test_dangling_link_as_output(self):
        out = self.path("out")
        os.symlink("none", out)
        # refused before all is read: the input has no end
        with open("/dev/zero", "rb") as zero:
            self.fails(cte("base64", "-o", out, stdin=zero), 1, f"cte base64: {out}: a symbolic link that leads to no file")
        self.assertEqual(cte("base64", "-f", "-o", out, data=b"abc"), (0, b"", ""))
        self.assertEqual(read(out), b"YWJj\n")
        self.assertEqual(self.names(), ["out"])

    def test_standard_output_by_name(self):
        file, out = self.file("in", b"abc"), self.file("out", b"old\n")
        for force in "", "-f":
            self.assertEqual(shell(f'"$0" base64 {force} -o /dev/stdout "$1" >>"$2"', file, out), (0, b"", ""))
        self.assertEqual(read(out), b"old\nYWJj\nYWJj\n")
        self.assertEqual(cte("base64", "-o", "/dev/stdout", file), (0, b"YWJj\n", ""))

    def test_folders_among_the_inputs(self):
        """With a separator behind their names too: bad inputs, which do not stop the others."""
        for name in "da", "db", "out":
            os.mkdir(self.path(name))
        self.file("in", b"a=")
        for folders in ["da/", "db/"], ["da", "db/"], ["da//", "./db///"], ["da/"]:
            code, out, error = cte("qp", "--output-dir", "out", *folders, "in", cwd=self.folder)
            said = "".join(f"cte qp: {name}: read error at offset 0: Is a directory\n" for name in folders)
            self.assertEqual((code, out, error, os.listdir(self.path("out"))), (1, b"", said, ["in"]))
            self.assertEqual(read(self.path("out/in")), b"a=3D")
            os.unlink(self.path("out/in"))
        self.assertEqual(cte("qp", "--output-dir", "out", "in/", cwd=self.folder), (1, b"", "cte qp: in/: Not a directory\n"))
        self.fails(cte("qp", "--output-dir", "out", "in/", "in", cwd=self.folder), 2, "out/in: more than one input has this output")

    def test_links_in_output_dir(self):
        """None is followed: not to a file, a folder, nowhere, a FIFO or a device."""
        a, out, outside = self.file("a", b"abc"), self.path("dir", "a"), self.file("outside", b"old")
        os.mkdir(self.path("dir"))
        os.mkdir(self.path("folder"))
        os.mkfifo(self.path("fifo"))
        reader = os.open(self.path("fifo"), os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        into = ["base64", "--output-dir", self.path("dir"), a]
        for target in "../outside", "../folder", "none", "../fifo", "/dev/stderr", "/dev/full", "a":
            os.symlink(target, out)
            self.fails(cte(*into), 1, f"cte base64: {out}: the file exists already (-f replaces it)\n")
            self.assertEqual(os.readlink(out), target)
            self.assertEqual(cte(*into, "-f"), (0, b"", ""), target)
            self.assertFalse(os.path.islink(out))
            self.assertEqual((read(out), os.read(reader, 9)), (b"YWJj\n", b""))
            self.assertEqual((read(outside), os.listdir(self.path("folder")), os.listdir(self.path("dir"))), (b"old", [], ["a"]))
            os.unlink(out)
        # Two links to one file are two outputs.
        for name in "a", "outside":
            os.symlink("../outside", self.path("dir", name))
        self.assertEqual(cte(*into, outside, "-f"), (0, b"", ""))
        self.assertEqual((read(out), read(self.path("dir", "outside")), read(outside)), (b"YWJj\n", b"b2xk\n", b"old"))

    def test_fifo_in_output_dir(self):
        """It may be anybody's: it is not written to, nor waited for."""
        os.mkdir(self.path("dir"))
        into, out = ["base64", "--output-dir", self.path("dir"), self.file("a", b"abc")], self.path("dir", "a")
        os.mkfifo(out)
        self.fails(cte(*into), 1, f"cte base64: {out}: the file exists already")
        self.assertTrue(stat.S_ISFIFO(os.stat(out).st_mode))
        self.assertEqual((cte(*into, "-f"), read(out)), ((0, b"", ""), b"YWJj\n"))

    def test_no_folder(self):
        out = self.path("none", "out")
        self.fails(cte("qp", "-o", out), 1, f"cte qp: {out}: No such file or directory")

    def test_directory_as_output(self):
        self.fails(cte("qp", "-f", "-o", self.folder), 1, f"cte qp: {self.folder}: Is a directory")

    def test_fifo_as_output(self):
        fifo = self.path("fifo")
        os.mkfifo(fifo)
        reader = subprocess.Popen(["cat", fifo], stdout=subprocess.PIPE)
        self.assertEqual(cte("base64", "-o", fifo, data=b"abc"), (0, b"", ""))
        self.assertEqual(reader.communicate()[0], b"YWJj\n")
        self.assertTrue(stat.S_ISFIFO(os.stat(fifo).st_mode))
        self.assertEqual(self.names(), ["fifo"])

    def test_device_as_output(self):
        self.fails(cte("base64", "-o", "/dev/full", data=b"abc"), 1, "cte base64: /dev/full: write error: No space left on device")
        self.assertEqual(cte("base64", "-o", "/dev/null", data=b"abc"), (0, b"", ""))

    def test_file_too_large(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

        out = self.path("out")
        result = cte("base64", "-o", out, data=bytes(1_000_000), preexec_fn=limit)
        self.fails(result, 1, f"cte base64: {out}: write error: File too large")
        self.assertEqual(self.names(), [])

    def test_unreadable(self):
        os.chmod(self.folder, 0o755)
        command = shutil.copy(CTE, self.path("cte"))
        os.chmod(command, 0o755)
        file = self.file("secret", b"a", 0)
        keywords = {"user": NOBODY} if os.geteuid() == 0 else {}
        result = run([command, "base64", file], **keywords)
        self.fails(result, 1, f"cte base64: {file}: Permission denied")
        self.assertEqual(run([command, "check", file], **keywords)[0], 2)
        if keywords:
            out = self.path("out")
            self.fails(run([command, "base64", "-o", out], **keywords), 1, f"cte base64: {out}: Permission denied")

    def test_strange_names(self):
        code, _, error = cte("qp", self.path("a\n\x1b[31mb"))
        self.assertEqual(code, 1)
        self.assertEqual(error.count("\n"), 1)
        self.assertIn("a??[31mb: No such file", error)
        name = b"/none/\xc2\x80\xc2\x9b31m\xc2\xa0\xc3\x9c"
        self.assertIn("/none/??31m\u00a0Ü: No such file", cte("qp", name)[2])
        for turn in *range(0x2028, 0x202F), *range(0x2066, 0x206A):
            self.assertIn("/none/a?b: No such file", cte("qp", f"/none/a{chr(turn)}b")[2])
        kept = "/none/\u2027\u202f\u2065\u206a\u30aa"
        self.assertIn(f"{kept}: No such file", cte("qp", kept)[2])
        # What is no UTF-8 (RFC 3629) is '?', octet by octet; what is passes.
        for name in b"\xff\x9b", b"\xf8\x9b", b"\xfd\x9b", b"\xe0\x80\x9b", b"\xed\xa0\x9b", b"\xc0\x9b", b"\xf0\x80\x80\x9b", b"\xf4\x90\x9b\x80", b"\xe2\x9b", b"\xf0\x9f\x9b", b"\xc3", b"\x80":
            self.assertIn(f"cte qp: {len(name) * '?'}31m: No such file", cte("qp", name + b"31m")[2])
        for character in 0xA0, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0x10000, 0x1F6DB, 0x10FFFF:
            self.assertIn(f"cte qp: {chr(character)}a: No such file", cte("qp", chr(character) + "a")[2])
        file = self.file("-d", b"a")
        self.assertEqual(cte("qp", "--", "-d", cwd=os.path.dirname(file)), (0, b"a", ""))
        name = "x" * 255
        self.file(name, b"a")
        self.assertEqual(cte("qp", "-f", "--output-dir", self.folder, self.path(name)), (0, b"", ""))


class Streams(Case):
    """Pipes, closed descriptors, signals, memory."""

    def test_full_disk(self):
        for arguments in ["base64"], ["qp"], ["smtp"], ["info"], ["base64", "--help"], ["--version"]:
            with open("/dev/full", "wb") as full:
                code, _, error = cte(*arguments, data=b"abc\n", stdout=full)
            self.assertEqual(code, 1, arguments)
            self.assertIn("write error: No space left on device\n", error)
        with open("/dev/full", "wb") as full:
            self.assertEqual(cte("check", data=b"a", stdout=full)[0], 2)

    def test_closed_standard_output(self):
        file = self.file("in", b"abc")
        for command, code in ("base64", 1), ("qp", 1), ("smtp", 1), ("check", 2):
            self.fails(shell('exec "$0" $1 "$2" >&-', command, file), code, f"cte {command}: write error: Bad file descriptor")
        self.assertEqual(shell('exec "$0" base64 >&- </dev/null'), (0, b"", ""))
        self.assertEqual(shell('exec "$0" base64 -o "$1" "$2" >&-', self.path("out"), file), (0, b"", ""))
        self.assertEqual(read(self.path("out")), b"YWJj\n")

    def test_closed_standard_input(self):
        self.fails(shell('exec "$0" base64 <&-'), 1, "cte base64: standard input: read error at offset 0: Bad file descriptor")
        self.assertEqual(shell('exec "$0" base64 - "$1" 2>&- <&-', "x")[0], 1)

    def test_broken_pipe(self):
        with open("/dev/zero", "rb") as zero:
            child = subprocess.Popen([CTE, "base64"], stdin=zero, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        child.stdout.read(10)
        child.stdout.close()
        self.assertEqual(child.wait(60), -signal.SIGPIPE)
        self.assertEqual(child.stderr.read(), b"")
        child.stderr.close()
        with open("/dev/zero", "rb") as zero:
            ignored = subprocess.Popen(
                [CTE, "base64"], stdin=zero, stdout=subprocess.PIPE, stderr=subprocess.PIPE, restore_signals=False
            )
        ignored.stdout.close()
        self.assertEqual(ignored.wait(60), 1)
        self.assertIn(b"cte base64: write error: Broken pipe", ignored.stderr.read())
        ignored.stderr.close()

    def test_signals(self):
        """All that end a process, but SIGKILL and those of a fault: no temporary file stays."""
        names = "HUP INT QUIT PIPE ALRM TERM USR1 USR2 VTALRM PROF POLL PWR STKFLT SYS XCPU".split()
        numbers = [getattr(signal, f"SIG{name}") for name in names if hasattr(signal, f"SIG{name}")]
        numbers += range(signal.SIGRTMIN, signal.SIGRTMAX + 1) if hasattr(signal, "SIGRTMIN") else []
        for number in numbers:
            child = subprocess.Popen([CTE, "base64", "-o", self.path("out")], stdin=subprocess.PIPE)
            child.stdin.write(bytes(500_000))
            child.stdin.flush()
            while not self.names():
                time.sleep(0.01)
            self.assertTrue(self.names()[0].startswith(".cte."))
            child.send_signal(number)
            self.assertEqual(child.wait(60), -number)
            child.stdin.close()
            self.assertEqual(self.names(), [], signal.Signals(number).name if number < 32 else number)

    def test_slow_pipe(self):
        child = subprocess.Popen([CTE, "qp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdin.write(b"first\n")
        child.stdin.flush()
        self.assertEqual(child.stdout.read(6), b"first\n")
        self.assertEqual(child.communicate(b"second")[0], b"second")

    def test_memory(self):
        megabyte = base64.encodebytes(self.random.randbytes(1 << 20))
        for arguments, count in (
            (["base64"], 300),
            (["base64", "-d"], 100),
            (["base64", "--text"], 50),
            (["qp"], 50),
            (["qp", "-d"], 50),
            (["smtp"], 50),
            (["check"], 50),
        ):
            child = subprocess.Popen([CTE, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            for _ in range(count):
                child.stdin.write(megabyte)
            child.stdin.flush()
            with open(f"/proc/{child.pid}/status") as status:
                peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
            child.stdin.close()
            self.assertEqual(child.wait(120), 0, arguments)
            self.assertLess(peak, 16384, f"{arguments}: peak memory in KiB")


class Command(Case):
    COMMANDS = ("base64", "check", "info", "qp", "smtp")

    def test_help(self):
        code, out, error = cte("--help")
        self.assertEqual((code, error), (0, ""))
        for command in self.COMMANDS:
            self.assertIn(f"\n  {command} ".encode(), out)
            code, own, error = cte(command, "--help")
            self.assertEqual((code, error), (0, ""))
            self.assertTrue(own.startswith(f"Usage: cte {command} [OPTION]...".encode()))
            self.assertTrue(all(len(line) < 100 for line in own.splitlines()))

    def test_version(self):
        version = cte("--version")
        self.assertEqual((version[0], version[2]), (0, ""))
        self.assertRegex(version[1], rb"^cte \d+\.\d+\.\d+\n$")
        for command in self.COMMANDS:
            self.assertEqual(cte(command, "--version"), version)

    def test_usage(self):
        self.fails(cte(), 2, "Usage: cte ")
        self.fails(cte("frob"), 2, "cte: unknown command 'frob'\nTry 'cte --help'")
        self.fails(cte("--frob"), 2, "cte: unrecognized option '--frob'")
        for command in "qp", "smtp", "info", "check":
            self.fails(cte(command, "--frob"), 2, f"cte {command}: unrecognized option '--frob'\nTry 'cte {command} --help'")
        self.fails(cte("info", "x"), 2, "extra operand 'x'")

    def test_unreadable_options(self):
        for arguments, text in (
            (["-xq"], "invalid option -- 'x'"),
            (["-qx"], "invalid option -- 'x'"),
            (["--mail", "-:q"], "invalid option -- ':'"),
            (["-o"], "option '-o' needs a value"),
            (["--mail", "a", "-qo"], "option '-o' needs a value"),
            (["a", "--output"], "option '--output' needs a value"),
            (["--outp"], "option '--outp' is ambiguous"),
            (["--e=lf"], "option '--e=lf' is ambiguous"),
            (["--decode=3"], "option '--decode=3' takes no value"),
            (["--mail=", "-q"], "option '--mail=' takes no value"),
            (["--frob=3", "-q"], "unrecognized option '--frob=3'"),
        ):
            self.fails(cte("qp", *arguments), 2, f"cte qp: {text}\nTry 'cte qp --help' for more information.\n")
        self.fails(cte("-q", "qp"), 2, "cte: invalid option -- 'q'\n")
        self.fails(cte("--isa"), 2, "cte: option '--isa' needs a value\n")

    def test_controls_in_options(self):
        """No message writes to the terminal what it would obey."""
        for arguments, text in (
            (["check", "-\033]0;pwn\007"], "cte check: invalid option -- '?'\n"),
            (["qp", "--\033[31m"], "cte qp: unrecognized option '--?[31m'\n"),
            (["qp", "--dot\033"], "cte qp: unrecognized option '--dot?'\n"),
            (["qp", "--dots=\033"], "cte qp: option '--dots=?' takes no value\n"),
            (["qp", "--eol=\u202elf"], "cte qp: invalid argument '?lf' for '--eol'\n"),
            (["qp", "--eol=\u061c\u200e\u200f"], "cte qp: invalid argument '???' for '--eol'\n"),
            (["base64", "-\033"], "cte base64: invalid option -- '?'\n"),
            (["base64", b"-\xc3\xa9"], "cte base64: invalid option -- '?'\n"),
            (["--\x7f"], "cte: unrecognized option '--?'\n"),
        ):
            self.fails(cte(*arguments), 1 if arguments[0] == "base64" else 2, text)

    def test_info(self):
        code, out, error = cte("info")
        self.assertEqual((code, error), (0, ""))
        lines = dict(line.split(":", 1) for line in out.decode().splitlines())
        self.assertEqual(sorted(lines), ["chosen", "compiled", "usable", "version"])
        self.assertIn("scalar", lines["compiled"].split())
        self.assertEqual(lines["chosen"].strip(), lines["usable"].split()[0])
        for name in lines["usable"].split():
            for arguments in ["--isa", name, "info"], ["info", f"--isa={name}"]:
                self.assertIn(f"\nchosen: {name}\n".encode(), cte(*arguments)[1])
            self.assertEqual(cte("base64", "--isa", name, data=b"abc"), (0, b"YWJj\n", ""))

    def test_unknown_kernels(self):
        self.fails(cte("--isa", "abacus", "base64"), 2, "cte: no kernels 'abacus' here ('cte info' lists them)")
        self.fails(cte("base64", "--isa", "abacus"), 1, "cte base64: no kernels 'abacus' here")
        self.fails(cte("qp", "--isa=abacus"), 2, "cte qp: no kernels 'abacus' here")


if __name__ == "__main__":
    print(f"seed {SEED}", file=sys.stderr)
    unittest.main()
