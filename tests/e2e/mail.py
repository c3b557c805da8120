"""Real mail: the messages of script/corpus (environment: CTE_CORPUS) through the library (CTE_LIBRARY) and the command (CTE).

Every base64 and quoted-printable part that Python's email package finds decodes to the same octets; what was decoded comes
back after encoding; and every file, taken as the input of any codec, gives an answer that keeps the codec's promises.

Without the corpus the exit status is SKIPPED, which CTest knows.
"""

import email
import itertools
import os
import random
import re
import sys
import unittest

import library as cte

MESSAGES = 261
SKIPPED = 77
FOLDER = os.path.join(os.environ.get("CTE_CORPUS", ""), "mail")

if not os.path.isdir(FOLDER):
    print(f"mail.py: skipped: no folder {FOLDER}: script/corpus makes it")
    sys.exit(SKIPPED)

def until_padding(body):
    """Ours, told to stop where data follow padding."""
    return cte.base64_decode(body, reject=cte.DATA_AFTER_PADDING).data


# Parts that Python reads otherwise: (message, number of the part): (what Python reads, from the body; why).
DIFFERENCES = {
    ("072-epilogue-sample.raw", 0): (until_padding, "it stops at padding; ours goes on: what stands there may be malicious"),
    ("088-mime-bad-content-transfer-encoding.raw", 0): (
        lambda body: b"".join(body.splitlines()), "text labelled base64: one character is left over, so Python does not decode it"),
    ("149-msg_15.txt", 0): (
        lambda body: body, "Python keeps white space before a line end; RFC 2045 section 6.7 rule 3 deletes it"),
}


def messages():
    for name in sorted(os.listdir(FOLDER)):
        with open(os.path.join(FOLDER, name), "rb") as file:
            yield name, file.read()


def leaves(octets):
    """(encoding, the body as it stands, the body as Python decodes it) of each encoded leaf."""
    # As latin-1 each octet is one character, and Python gives bodies without guessing at their charset.
    for part in email.message_from_string(octets.decode("latin-1")).walk():
        encoding = str(part.get("content-transfer-encoding", "")).strip().lower()
        body = part.get_payload()
        if encoding in ("base64", "quoted-printable") and isinstance(body, str):
            yield encoding, body.encode("latin-1"), part.get_payload(decode=True)


MAIL = list(messages())
PARTS = [(name, number, *leaf) for name, octets in MAIL for number, leaf in enumerate(leaves(octets))]


def with_crlf(octets):
    return re.sub(rb"\r?\n", b"\r\n", octets)


class Mail(unittest.TestCase):
    def setUp(self):
        self.rng = random.Random(1)

    def parts(self, encoding):
        found = [(name, number, body, theirs) for name, number, kind, body, theirs in PARTS if kind == encoding]
        self.assertGreater(len(found), 15)
        return found

    def test_all_messages_are_there(self):
        self.assertEqual(len(MAIL), MESSAGES)

    def check_parts(self, encoding, stem):
        for name, number, body, theirs in self.parts(encoding):
            with self.subTest(message=name, part=number):
                ours = cte.both(stem, body, self.rng)
                self.assertEqual(ours.status, cte.OK)
                read_by_python, _ = DIFFERENCES.get((name, number), (None, None))
                if read_by_python:
                    self.assertEqual(read_by_python(body), theirs)
                    self.assertNotEqual(ours.data, theirs)
                    self.assertNotEqual(ours.anomalies, 0)
                else:
                    self.assertEqual(ours.data, theirs)

    def test_base64_parts(self):
        self.check_parts("base64", "base64_decode")

    def test_qp_parts(self):
        self.check_parts("quoted-printable", "qp_decode")

    def test_command_decodes_every_part(self):
        for encoding, subcommand in (("base64", "base64"), ("quoted-printable", "qp")):
            for name, number, body, theirs in self.parts(encoding):
                with self.subTest(message=name, part=number):
                    ours = cte.base64_decode(body) if subcommand == "base64" else cte.qp_decode(body)
                    status, out, report = cte.command(subcommand, "-d", "--mail", data=body)
                    self.assertEqual((status, out), (0, ours.data))
                    self.assertEqual(bool(report), ours.anomalies != 0, report)

    def test_parts_come_back(self):
        for _, _, _, _, data in PARTS:
            text = cte.both("base64_encode", data, self.rng).data
            self.assertEqual(cte.base64_decode(text).data, data)
            for line_ends in (cte.KEEP, cte.BINARY):
                text = cte.both("qp_encode", data, self.rng, line_ends=line_ends, flags=self.rng.randrange(32)).data
                self.assertEqual(cte.qp_decode(text).data, data)


class AnyFileIsAnyInput(unittest.TestCase):
    """On every kernel row, with the line ends that the file has, and with CRLF."""

    def inputs(self):
        for row in cte.usable_rows():
            self.assertEqual(cte.lib.cte_isa_select(row), cte.OK)
            for name, octets in MAIL:
                yield f"{name} on {row}", octets
                yield f"{name} with CRLF on {row}", with_crlf(octets)
        cte.lib.cte_isa_select(None)

    def assert_lines_fit(self, text, longest, end=rb"\r?\n"):
        self.assertLessEqual(max(map(len, re.split(end, text))), longest)

    def test_base64(self):
        rng = random.Random(2)
        for where, octets in self.inputs():
            with self.subTest(where):
                text = cte.both("base64_encode", octets, rng).data
                self.assert_lines_fit(text, 76, rb"\r\n")
                self.assertEqual(cte.base64_decode(text).data, octets)
                cte.both("base64_decode", octets, rng)
                strict = cte.both("base64_decode", octets, rng, reject=0xff, line_ends=2)
                self.assertTrue(strict.status < 0 and strict.read < len(octets))

    def test_quoted_printable(self):
        rng = random.Random(3)
        for where, octets in self.inputs():
            with self.subTest(where):
                for line_ends, flags in ((cte.KEEP, 0), (cte.KEEP, 31), (cte.BINARY, 0), (cte.BINARY, 63)):
                    text = cte.both("qp_encode", octets, rng, line_ends=line_ends, flags=flags).data
                    self.assert_lines_fit(text, 76)
                    self.assertEqual(cte.qp_decode(text).data, octets)
                for line_end in range(3):
                    cte.both("qp_decode", octets, rng, line_end=line_end)
                cte.both("qp_decode", octets, rng, reject=0x3ff00)

    def test_lines(self):
        for where, octets in self.inputs():
            with self.subTest(where):
                found = cte.lines(octets)
                self.assertEqual((found.octets, found.lines), (len(octets), octets.count(b"\n") + found.unterminated))
                self.assertEqual(found.longest, max(len(line) for line in re.split(rb"\r?\n", octets)))
                for is_lf, flag in ((0, 0), (1, 1 << 8)):
                    seven, eight = (cte.lines_check(octets, allowed | flag) for allowed in (0, 1))
                    least = 0 if seven.status == cte.OK else 1 if eight.status == cte.OK else 2
                    self.assertEqual(cte.lib.cte_lines_encoding(found, is_lf), least)
                    self.assertLessEqual(seven.read, eight.read)

    def test_smtp_write(self):
        rng = random.Random(4)
        for where, octets in self.inputs():
            with self.subTest(where):
                for bare_lf, bare_cr, nul, long_line in itertools.product((1, 2, 3), (1, 2, 3), (1, 2, 3), (1, 2)):
                    options = {"bare_lf": bare_lf, "bare_cr": bare_cr, "nul": nul, "long_line": long_line}
                    data = cte.smtp_write(octets, **options)
                    if data.status != cte.OK:
                        self.assertLess(data.read, len(octets))
                        continue
                    self.assertTrue(data.data.endswith(b"\r\n.\r\n"))
                    self.assertIsNone(re.search(rb"(?<!\r)\n|\r(?!\n)|\0|\r\n\.(?![.\r])|\r\n\.\r\n.", data.data))
                    back = cte.smtp_read(data.data + b"QUIT\r\n")
                    self.assertEqual((back.status, back.anomalies, back.read), (cte.END, 0, len(data.data)))
                    self.assert_lines_fit(back.data, 998)
                    if data.anomalies == 0:
                        self.assertEqual(back.data, octets if octets.endswith(b"\n") else octets + b"\r\n")
                cte.both("smtp_write", octets, rng, bare_lf=2, bare_cr=2, nul=2, long_line=2)
                whole = cte.both("smtp_write", octets, rng, bare_lf=4, bare_cr=4, nul=4, long_line=4, bdat=1)
                self.assertEqual(whole.data, octets)

    def test_smtp_read(self):
        rng = random.Random(5)
        for where, octets in self.inputs():
            with self.subTest(where):
                for bare_lf, bare_cr, nul in itertools.product((1, 2, 3, 4), repeat=3):
                    options = {"bare_lf": bare_lf, "bare_cr": bare_cr, "nul": nul, "long_line": rng.choice((1, 2, 4))}
                    cut = cte.smtp_read(octets, **options)
                    self.assertIn(cut.status, (cte.END, -4))
                    ended = cte.smtp_read(octets + b"\r\n.\r\n", **options)
                    self.assertEqual(ended.status, cte.END)
                cte.both("smtp_read", octets + b"\r\n.\r\n", rng, bare_lf=rng.randint(1, 4), bare_cr=rng.randint(1, 4))


if __name__ == "__main__":
    sys.exit(unittest.main())
