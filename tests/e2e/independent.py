"""Our codecs beside independent programs: Python's binascii, base64, quopri and email, Perl's MIME::Base64 and
MIME::QuotedPrint, coreutils' base64. What their encoders write we read back, what ours write they read back, and where two
read one octet string differently, the difference has a name and a reason here, and is asserted to be that and no other.

Environment: CTE_LIBRARY, CTE; CTE_TEST_SEED to repeat a run.
"""

import base64
import binascii
import email.base64mime
import email.quoprimime
import quopri
import random
import re
import struct
import subprocess
import sys
import unittest

import library as cte

SEED = cte.seed()

PERL = r"""
use strict; use MIME::Base64; use MIME::QuotedPrint;
binmode STDIN; binmode STDOUT; $| = 1;
my %calls = (
  b => sub { encode_base64($_[0], "\r\n") }, B => sub { decode_base64($_[0]) },
  t => sub { encode_qp($_[0], "\r\n") }, i => sub { encode_qp($_[0], "\r\n", 1) }, Q => sub { decode_qp($_[0]) });
while (read(STDIN, my $head, 5) == 5) {
  my ($call, $size) = unpack("aN", $head);
  my $data = "";
  read(STDIN, $data, $size) if $size;
  my $answer = $calls{$call}->($data);
  print pack("N", length $answer), $answer;
}
"""

# ---- What is fed to the decoders ----

BASE64_SHAPES = [
    [b"QUJD", b"QQ==", b"+/8=", b"\r\n"],
    [b"QUJD", b"\n"],
    [bytes([c]) for c in b"ABab01+/=\r\n"],
    [bytes([c]) for c in b"ABCDwxyz0189+/"] + [b"=", b"-", b"_", b" ", b"\t", b"."],
    [bytes([c]) for c in range(256)],
]
QP_SHAPES = [
    [bytes([c]) for c in b"abcdefghij .,"] * 4 + [b"=3D", b"=\r\n", b"\r\n", b"=E9"],
    [b"a", b"=", b"4", b"1", b"c", b"F", b" ", b"\t", b"\r\n", b"\n", b"\r"],
    [b"=", b"=", b" ", b"\r\n", b"=C3=A9", b"=c3", b"=4", b"=zz", b"xyz"],
    [bytes([c]) for c in range(256)],
    [b"line of text\r\n", b"trailing \r\n", b"soft=\r\n", b"padded= \t\r\n", b"==\r\n", b"x"],
]
TEXT_SHAPES = [
    [b"The quick ", b"brown fox ", b"jumps.", b"\n"],
    [bytes([c]) for c in b"abc de=f.\n"],
    ["grün ".encode(), "系统".encode(), "日本語".encode("shift_jis"), b" \n", b"\t\n", b"\n"],
    [bytes([c]) for c in range(256)],
    [b"x" * n for n in (1, 7, 37, 73, 74, 75, 76)] + [b"=", b" ", b"\n", b"\xe9"],
]


def at_least(anomalies, *kinds):
    return all(anomalies & kind for kind in kinds)


class Beside(unittest.TestCase):
    """With a random source of its own for each test, Perl as a process that answers calls, and coreutils."""

    @classmethod
    def setUpClass(cls):
        cls.perl = subprocess.Popen(["perl", "-e", PERL], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    @classmethod
    def tearDownClass(cls):
        cls.perl.communicate()

    def setUp(self):
        self.rng = random.Random(f"{SEED} {self.id()}")

    def ask_perl(self, call, data):
        self.perl.stdin.write(struct.pack(">cI", call, len(data)) + data)
        self.perl.stdin.flush()
        return self.perl.stdout.read(struct.unpack(">I", self.perl.stdout.read(4))[0])

    def coreutils(self, *arguments, data):
        done = subprocess.run(["base64", *arguments], input=data, capture_output=True, check=False)
        return done.returncode, done.stdout

    def inputs(self, shapes, count=400, longest=1400):
        yield b""
        yield from cte.random_texts(self.rng, shapes, count, longest)


class Base64Encode(Beside):
    def test_flat(self):
        for data in self.inputs(TEXT_SHAPES):
            ours = cte.both("base64_encode", data, self.rng, columns=cte.COLUMNS_NONE, last_line=1).data
            self.assertEqual(ours, base64.b64encode(data))
            url = cte.base64_encode(data, columns=cte.COLUMNS_NONE, last_line=1, alphabet=1).data
            self.assertEqual(url, base64.urlsafe_b64encode(data))

    def test_mime_lines(self):
        for data in self.inputs(TEXT_SHAPES):
            ours = cte.both("base64_encode", data, self.rng).data
            self.assertEqual(ours, base64.encodebytes(data).replace(b"\n", b"\r\n"))
            self.assertEqual(ours, self.ask_perl(b"b", data))

    def test_any_multiple_of_4(self):
        for data in self.inputs(TEXT_SHAPES):
            columns = 4 * self.rng.randint(1, 40)
            ours = cte.both("base64_encode", data, self.rng, columns=columns, line_end=1).data
            self.assertEqual(ours, email.base64mime.body_encode(data, columns).encode())

    def test_any_width_of_coreutils(self):
        for data in self.inputs(TEXT_SHAPES, count=60):
            columns = self.rng.randint(1, 100)
            ours = cte.both("base64_encode", data, self.rng, columns=columns, line_end=1).data
            self.assertEqual((0, ours), self.coreutils("-w", str(columns), data=data))


class Base64Decode(Beside):
    # Named differences: input, what ours reads, what they read (None: an error), why ours reads it so.
    CPYTHON = [
        (b"QQ==Qg==", b"AB", b"A", "it stops at padding; ours goes on, so that no payload is lost behind it"),
        (b"QUI", b"AB", None, "missing padding is an error to it; ours reads what is there and reports it"),
        (b"QUJDQ", b"ABC", None, "one character too many is an error to it; ours drops the character and reports it"),
        (b"QQ=Qg==", b"AB", b"A\x04 ", "it passes over the lone '='; to ours that '=' ends the quantum"),
    ]
    PERL = [
        (b"QQ==Qg==", b"AB", b"A", "it stops at the first '='; ours goes on"),
        (b"=QUJD", b"ABC", b"", "it stops at the first '=', wherever it stands; ours skips excess padding"),
    ]
    COREUTILS = [
        (b"QUI", b"AB", None, "missing padding: invalid input to it"),
        (b"Q Q = =", b"A", None, "white space is invalid input to it without -i; ours skips it and reports it"),
    ]

    def check_named(self, table, decode):
        for data, ours, theirs, reason in table:
            with self.subTest(data=data, reason=reason):
                self.assertEqual(cte.both("base64_decode", data, self.rng).data, ours)
                self.assertEqual(decode(data), theirs)

    def cpython(self, data):
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            return None

    def cpython_strict(self, data):
        try:
            return binascii.a2b_base64(data, strict_mode=True)
        except binascii.Error:
            return None

    def gnu(self, data, *options):
        status, out = self.coreutils("-d", *options, data=data)
        return out if status == 0 else None

    def test_named_differences(self):
        self.check_named(self.CPYTHON, self.cpython)
        self.check_named(self.PERL, lambda data: self.ask_perl(b"B", data))
        self.check_named(self.COREUTILS, self.gnu)

    def test_well_formed(self):
        for data in self.inputs(TEXT_SHAPES):
            options = {"columns": self.rng.choice((0, 4, 60, 61, 64, 76, 1000)), "line_end": self.rng.randint(0, 1)}
            text = cte.base64_encode(data, **options).data
            self.assertEqual(binascii.a2b_base64(text), data)
            self.assertEqual(self.ask_perl(b"B", text), data)
            ours = cte.both("base64_decode", text, self.rng)
            self.assertEqual((ours.data, ours.anomalies & ~cte.LINE_OVER_76), (data, 0))

    def test_malformed_beside_cpython(self):
        for text in self.inputs(BASE64_SHAPES, count=3000):
            ours, theirs = cte.both("base64_decode", text, self.rng), self.cpython(text)
            if theirs is None:  # what it refuses, ours names
                self.assertTrue(ours.anomalies & (cte.MISSING_PADDING | cte.DANGLING_CHARACTER), text)
                continue
            if at_least(ours.anomalies, cte.DATA_AFTER_PADDING):  # it stopped there, or passed over a lone '='
                before = cte.base64_decode(text, reject=cte.DATA_AFTER_PADDING | cte.MISSING_PADDING)
                self.assertEqual(before.data, theirs[:len(before.data)])
                if before.status == -37:
                    self.assertEqual(before.data, theirs)
                continue
            self.assertEqual(ours.data, theirs, text)

    def test_malformed_beside_perl(self):
        for text in self.inputs(BASE64_SHAPES, count=3000):
            first = text.find(b"=")
            read_by_perl = text[:first] if first >= 0 else text
            self.assertEqual(cte.base64_decode(read_by_perl).data, self.ask_perl(b"B", text), text)

    def test_strict_beside_cpython(self):
        # CPython 3.11's strict mode tolerates trailing bits, and '=' after a whole quantum.
        rules = (cte.WHITE_SPACE | cte.CHARACTER | cte.ALPHABET | cte.MISSING_PADDING | cte.EXCESS_PADDING |
                 cte.DATA_AFTER_PADDING | cte.DANGLING_CHARACTER)
        for text in self.inputs(BASE64_SHAPES, count=3000, longest=24):
            theirs = self.cpython_strict(text)
            if theirs is not None and re.fullmatch(rb"([^=]{4})+=+", text):
                text = text.rstrip(b"=")
            ours = cte.both("base64_decode", text, self.rng, reject=rules, line_ends=2)
            self.assertEqual(ours.data if ours.status == 0 else None, theirs, text)

    def test_malformed_beside_coreutils(self):
        # Padding that comes again after a whole quantum is invalid to it, as is missing padding.
        for text in self.inputs(BASE64_SHAPES, count=150):
            for options in ((), ("-i",)):
                theirs = self.gnu(text, *options)
                ours = cte.base64_decode(text)
                if theirs is not None:
                    self.assertEqual(ours.data, theirs, text)
                else:
                    self.assertTrue(ours.anomalies or b"\r" in text, text)


class QpEncode(Beside):
    # Named differences: call, options of ours, input, what ours writes, what Perl writes, why.
    PERL = [
        (b"t", {"line_ends": cte.LF}, b"a  \n", b"a =20\r\n", b"a=20=20\r\n",
         "it escapes every blank of a run before a line end; the last is enough (RFC 2045 section 6.7 rule 3)"),
        (b"t", {"line_ends": cte.LF, "flags": cte.SOFT_END}, b"a ", b"a =\r\n", b"a=20=\r\n",
         "it escapes a last blank even before the soft break that ends its output"),
        (b"i", {"line_ends": cte.BINARY, "flags": cte.SOFT_END}, b"a \nb", b"a =0Ab=\r\n", b"a=20=0Ab=\r\n",
         "it escapes a blank before an LF that is data, and no line end"),
    ]

    def test_named_differences(self):
        for call, options, data, ours, theirs, reason in self.PERL:
            with self.subTest(data=data, reason=reason):
                self.assertEqual(cte.both("qp_encode", data, self.rng, **options).data, ours)
                self.assertEqual(self.ask_perl(call, data), theirs)

    def test_text_is_perls(self):
        for data in self.inputs(TEXT_SHAPES, count=2000):
            data = re.sub(rb"[ \t]+(?=[ \t]\n)", b"", data).rstrip(b" \t")  # but for the differences above
            ours = cte.both("qp_encode", data, self.rng, line_ends=cte.LF, flags=cte.SOFT_END).data
            self.assertEqual(ours, self.ask_perl(b"t", data), data)

    def test_binary_is_perls(self):
        for data in self.inputs(TEXT_SHAPES, count=2000):
            data = re.sub(rb"[ \t]+(?=\n|\Z)", b"", data)
            ours = cte.both("qp_encode", data, self.rng, line_ends=cte.BINARY, flags=cte.SOFT_END).data
            self.assertEqual(ours, self.ask_perl(b"i", data), data)

    def test_others_read_ours(self):
        for data in self.inputs(TEXT_SHAPES, count=1000):
            for flags in (0, cte.SOFT_END, 31, 63):
                text = cte.both("qp_encode", data, self.rng, line_ends=cte.BINARY, flags=flags).data
                self.assertEqual(binascii.a2b_qp(text), data)
                self.assertEqual(quopri.decodestring(text), data)
                self.assertEqual(self.ask_perl(b"Q", text), data)
                self.assertLessEqual(max(map(len, text.split(b"\r\n"))), 76)
            lines = cte.both("qp_encode", data, self.rng, line_ends=cte.LF, line_end=1).data
            self.assertEqual(binascii.a2b_qp(lines), data)
            self.assertEqual(self.ask_perl(b"Q", lines), data)

    def test_ours_reads_others(self):
        for data in self.inputs(TEXT_SHAPES, count=1000):
            self.assertEqual(cte.both("qp_decode", self.ask_perl(b"i", data), self.rng).data, data)
            self.assertEqual(cte.qp_decode(self.ask_perl(b"t", data), line_end=2).data, data)
            self.assertEqual(cte.both("qp_decode", binascii.b2a_qp(data, quotetabs=True, istext=False), self.rng).data, data)
            # The email package's encoder takes lines as str.splitlines does, and gives them the ends it is asked for.
            lines = re.split(r"[\r\n\v\f\x1c-\x1e\x85]", data.decode("latin-1"))
            body = email.quoprimime.body_encode("\n".join(lines), eol="\r\n").encode("latin-1")
            self.assertEqual(cte.qp_decode(body).data, "\r\n".join(lines).encode("latin-1"))

    def test_faults_of_cpython(self):
        text = b"x" * 75 + b" \n"  # its line is of 78 columns
        self.assertEqual(len(binascii.b2a_qp(text, istext=True).split(b"\n")[0]), 78)
        self.assertEqual(cte.qp_encode(text, line_ends=cte.LF, line_end=1).data, b"x" * 75 + b"=\n=20\n")
        text = b"a\rb\r\nc\n"  # its text mode makes one kind of line end of them
        self.assertNotEqual(binascii.a2b_qp(binascii.b2a_qp(text, istext=True)), text)
        for data in self.inputs(TEXT_SHAPES):
            text = cte.both("qp_encode", data, self.rng, line_ends=cte.KEEP).data
            self.assertEqual(cte.both("qp_decode", text, self.rng).data, data)
            self.assertLessEqual(max(len(line) for line in re.split(b"\r?\n", text)), 76)


class QpDecode(Beside):
    # Named differences: input, what ours reads, what they read, why ours reads it so.
    CPYTHON = [
        (b"a=", b"a=", b"a", "it drops a last lone '='; RFC 2045 6.7 note 3: what cannot be read is kept"),
        (b"a \r\nb", b"a\r\nb", b"a \r\nb", "it keeps trailing white space; RFC 2045 6.7 rule 3: transport padding is deleted"),
        (b"a ", b"a", b"a ", "the same at the end of data"),
        (b"a= \r\nb", b"ab", b"a= \r\nb", "it wants no blank in a soft break; RFC 2045 6.7: '=' *(SP / TAB) CRLF"),
        (b"a==41", b"a=A", b"a=41", "it takes '==' for one '=' (a broken encoder's); ours keeps the first, reads =41"),
        (b"a==\r\nb", b"a=b", b"a=\r\nb", "the same: ours keeps the first '=' and sees a soft break"),
        (b"a=\rxyz\nb", b"a=\rxyz\nb", b"ab", "it takes all from '=' CR to the next LF for a soft break, text and all"),
        (b"a=\r", b"a=\r", b"a", "the same at the end of data"),
    ]
    PERL = [
        (b"a \r\nb", b"a\r\nb", b"a\nb", "it writes LF for CRLF; ours keeps line ends unless told (compared with LF below)"),
        (b"a ", b"a", b"a ", "it keeps blanks at the end of data; ours deletes them, as before a line end"),
        (b"a= ", b"a=", b"a= ", "the same after a '='"),
        (b"a" + b" " * 1025 + b"\n", b"a" + b" " * 1025 + b"\n", b"a\n",
         "it deletes a run of any length; ours keeps one over 1024 blanks, so that a stream needs no memory"),
    ]

    def test_named_differences(self):
        for table, decode in ((self.CPYTHON, binascii.a2b_qp), (self.CPYTHON, quopri.decodestring),
                              (self.PERL, lambda data: self.ask_perl(b"Q", data))):
            for data, ours, theirs, reason in table:
                with self.subTest(data=data, reason=reason):
                    self.assertEqual(cte.both("qp_decode", data, self.rng).data, ours)
                    self.assertEqual(decode(data), theirs)

    def test_beside_perl(self):
        for text in self.inputs(QP_SHAPES, count=4000):
            if re.search(rb"[ \t]{1025}", text):
                continue
            bare = text.rstrip(b" \t")
            self.assertEqual(cte.both("qp_decode", bare, self.rng, line_end=2).data + text[len(bare):],
                             self.ask_perl(b"Q", text), text)

    def test_beside_cpython(self):
        differs = re.compile(rb"[ \t](\r?\n|\Z)|==|=\r(?!\n)|=\Z")  # the named differences above
        comparable = [text for text in self.inputs(QP_SHAPES, count=6000, longest=200) if not differs.search(text)]
        self.assertGreater(len(comparable), 20)
        for text in comparable:
            self.assertEqual(cte.both("qp_decode", text, self.rng).data, binascii.a2b_qp(text), text)


class Command(Beside):
    """`cte base64` is coreutils' base64: octets and exit codes; `cte qp` brings any file back."""

    def same(self, data, *arguments):
        status, out, _ = cte.command("base64", *arguments, data=data)
        self.assertEqual((status, out), self.coreutils(*arguments, data=data), (arguments, data))

    def test_encode(self):
        for data in self.inputs(TEXT_SHAPES, count=40, longest=200_000):
            self.same(data, *self.rng.choice(([], ["-w0"], ["-w", "1"], ["-w75"], ["--wrap=4096"])))

    def test_decode(self):
        for text in self.inputs(BASE64_SHAPES, count=150):
            self.same(text, "-d")
            self.same(text, "-di")

    def test_decode_long(self):
        data = self.rng.randbytes(300_000)
        text = base64.encodebytes(data)
        self.same(text, "-d")
        at = self.rng.randrange(len(text))
        for fault in (b".", b"=", b"\r", b""):
            self.same(text[:at] + fault + text[at + 1:], "-d")
            self.same(text[:at] + fault + text[at + 1:], "-d", "-i")

    def test_qp(self):
        for data in self.inputs(TEXT_SHAPES, count=40, longest=100_000):
            for options in ([], ["-b"]):
                status, text, errors = cte.command("qp", *options, data=data)
                self.assertEqual((status, errors), (0, b""))
                self.assertLessEqual(max(len(line) for line in re.split(b"\r?\n", text)), 76)
                if options:
                    self.assertEqual(self.ask_perl(b"Q", text), data)
                self.assertEqual(cte.command("qp", "-d", data=text)[:2], (0, data))


if __name__ == "__main__":
    sys.exit(unittest.main())
