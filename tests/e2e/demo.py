"""script/demo on a user's own files. Environment: CTE, the command that it shall show; CTE_TEST_SEED to repeat a run."""

import os
import shlex
import shutil
import sys
import unittest

import command
from command import CTE, ENVIRONMENT, SEED, run

DEMO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "script", "demo")
MESSAGE = b"Content-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\na=20\n\n"
print(f"demo.py: CTE_TEST_SEED={SEED}", file=sys.stderr)


class Demo(command.Case):
    """A copy of the script, in a tree in which `cmake` gives the command that is there already."""

    def setUp(self):
        super().setUp()
        for name in "tree", "tree/script", "tools", "mail":
            os.mkdir(self.path(name))
        shutil.copy(DEMO, self.path("tree/script/demo"))
        self.file("tree/script/packages", b"#!/bin/sh\n", 0o755)
        build = f'[ "$1" = --build ] || {{ mkdir -p build/demo && ln -sf {shlex.quote(CTE)} build/demo/cte; }}'
        self.file("tools/cmake", f"#!/bin/sh\n{build}\n".encode(), 0o755)

    def demo(self, *names):
        path = f"PATH={self.path('tools')}:{ENVIRONMENT['PATH']}"
        return run(["env", path, self.path("tree/script/demo"), *names], cwd=self.path("mail"))

    def test_any_file(self):
        """Whatever a file holds and is called, it comes back."""
        files = {
            "empty": b"",
            "one": b"x",
            "lf": b"hi\n \n.\nlast=\t",
            "crlf": b"hi\r\n \r\n.\r\nlast=\t",
            "mixed": b"a\nb\r\nc\r\rd\n\0\n\r",
            "cr": b"a\nb\r",
            "binary": self.random.randbytes(100_000),
            "random line ends": bytes(self.random.choices(b"\r\n =a", k=20_000)),
            "a blank": b"hi\n",
            "-d": b"hi\n",
            "new\nline\n": b"hi\n",
            "message": MESSAGE,
            "message.crlf": MESSAGE.replace(b"\n", b"\r\n"),
        }
        for name, data in files.items():
            self.file(f"mail/{name}", data)
        code, out, error = self.demo(*files)
        self.assertEqual((code, error), (0, ""), out.decode())
        # The two messages have a part each, in quoted-printable.
        self.assertEqual(out.count(b": equal, sha256 "), 2 * len(files) - 2, out.decode())
        self.assertEqual(out.count(b" GB/s\n"), 6, out.decode())

    def test_empty(self):
        """Nothing to measure is no cause to wait for more."""
        self.file("mail/empty", b"")
        code, out, error = self.demo("empty", "empty")
        self.assertEqual((code, error), (0, ""), out.decode())
        self.assertEqual(out.count(b" 0 octets encode to         0, decode to         0: equal"), 4, out.decode())
        self.assertIn(b"no octets to measure\n", out)

    def test_no_file(self):
        """An error of one line, before anything is done."""
        self.file("mail/good", b"hi\n")
        os.mkfifo(self.path("mail/fifo"))
        for name, reason in (
            (".", ".: a directory, not a file"),
            ("none", "none: no such file"),
            ("no\nfile", "$'no\\nfile': no such file"),
            ("", "'': no such file"),
            ("fifo", "fifo: not a plain file"),
            ("/dev/null", "/dev/null: not a plain file"),
        ):
            self.assertEqual(self.demo("good", name), (1, b"", f"demo: {reason}\n"))
        self.assertFalse(os.path.exists(self.path("tree/build")))


if __name__ == "__main__":
    unittest.main()
