"""corpus.py OUT CORPUS: seeds for the fuzz targets, in OUT/<target>/: the literals of the tests, and of what script/corpus
made in CORPUS real mail and pieces of its texts: manual pages of five languages, manuals, HTML.

A seed is a head of 16 octets (fuzz.h) and a payload. Each payload is given the head of zeros, which is what mail wants, that
of a long text where there is such, and one made from the payload's digest, so that every run makes the same files.
"""

import ast
import base64
import hashlib
import pathlib
import quopri
import re
import sys

MOST = 4000  # octets of a payload
PLACES = 8  # pieces of a text
TESTS = pathlib.Path(__file__).parent.parent / "tests"
TARGETS = {
    "base64": ["base64"],
    "quoted_printable": ["quoted_printable"],
    "lines": ["lines"],
    "smtp_write": ["smtp", "smuggling"],
    "smtp_read": ["smtp", "smuggling"],
    "streams": ["base64", "quoted_printable", "lines", "smtp", "stream"],
}
# Texts that the target makes itself, with one fault; a short payload says as much to it as a long one.
LONG = {"base64": (bytes([10]).ljust(16, b"\0"),)}
# The first and last characters of each length of UTF-8, and what is just beyond them (RFC 3629).
UTF8 = [
    bytes.fromhex(text)
    for text in (
        "c280 dfbf e0a080 e0bfbf ed9fbf ee8080 efbfbf f0908080 f48fbfbf"
        " 80 bf c0af c1bf e09fbf eda080 f08fbfbf f4908080 f5808080 ff e282 f09f98 c3c3a9"
    ).split()
]
# Where lines, runs of blanks and blocks of kernels have their ends.
EDGES = (
    [b" " * n + end for n in (1024, 1025) for end in (b"", b"\r\n", b"a\r\n")]
    + [b"=" + b"\t" * n + b"\r\n" for n in (1, 1024, 1025)]
    + [b"a" * n + b"\r\n.\r\n" for n in (63, 64, 65, 76, 77, 997, 998, 999, 1996)]
    + [b"\xc3\xa9" * n + b"\r\n" for n in (37, 38, 499, 500)]
    + [place + octets + b" a\r\n" for octets in UTF8 for place in (b"", b"a" * 62)]
    + [b"\r" * 70 + b"\n.\r\n", b"\n.\n" * 30, b".\r\n" * 30, b"\r\n.\r.\n\0." * 9, b"\0" * 200, b"=" * 200]
)


def literals(path):
    """The octets of the C string literals of a file, neighbours joined."""
    for run in re.findall(r'(?:"(?:[^"\\\n]|\\.)*"\s*)+', path.read_text()):
        parts = re.findall(r'"((?:[^"\\]|\\.)*)"', run)
        try:
            yield b"".join(ast.literal_eval('b"' + part + '"') for part in parts)
        except (SyntaxError, ValueError):
            continue  # an octet that Python writes otherwise


def mail(folder):
    """All of each message, its head and its body, in pieces."""
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        blank = re.search(rb"\r?\n\r?\n", data)
        head = blank.end() if blank else 0
        for part in data[:head], data[head:]:
            yield from (part[begin : begin + 1500] for begin in range(0, len(part), 1500))


def texts(folder):
    """Pieces from all over each text, each third with line ends LF, each fourth as long as a payload may be."""
    for name in "abcd":
        data = (folder / (name + ".crlf")).read_bytes()
        for place in range(PLACES):
            begin = data.index(b"\n", len(data) // PLACES * place) + 1
            piece = data[begin : begin + (1500 if place % 4 else MOST)]
            yield piece if place % 3 else piece.replace(b"\r\n", b"\n")


def real(corpus):
    """What script/corpus made, or nothing: the sums are what it writes last."""
    if not (corpus / "SHA256SUMS").is_file():
        print(f"corpus.py: no mail and no texts among the seeds: script/corpus {corpus} makes them", file=sys.stderr)
        return []
    return [*mail(corpus / "mail"), *texts(corpus)]


def coded(target, text):
    """What the decoder of the target reads, besides the text itself."""
    if target in ("base64", "streams"):
        yield base64.encodebytes(text[: MOST // 3 * 2]).replace(b"\n", b"\r\n")
    if target in ("quoted_printable", "streams"):
        yield quopri.encodestring(text[:1000]).replace(b"\n", b"\r\n")
    if target in ("smtp_read", "streams"):
        yield re.sub(rb"(?m)^\.", b"..", re.sub(rb"\r?\n", b"\r\n", text[:3500])) + b"\r\n.\r\nNOOP\r\n"


def write(folder, payload):
    payload = payload[:MOST]
    digest = hashlib.sha256(payload).digest()
    heads = (bytes(16), digest[:16]) + (LONG.get(folder.name, ()) if len(payload) < 80 else ())
    if folder.name not in ("base64", "streams") and len(payload) < 1200:
        heads += (bytes(12) + b"\2" + digest[:3],)  # one in 64 is made long, amid a text of any kind
    for head in heads:
        seed = head + payload
        (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def main(out, corpus):
    found = real(corpus)
    for target, tests in TARGETS.items():
        (out / target).mkdir(parents=True, exist_ok=True)
        payloads = set(EDGES + found)
        for test in tests:
            payloads.update(literals(TESTS / (test + ".c")))
        for text in found[::5]:
            payloads.update(coded(target, text))
        for payload in sorted(payloads):
            write(out / target, payload)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
