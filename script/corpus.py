"""corpus.py UNPACKED OUT: cuts script/corpus's texts out of unpacked Debian packages (UNPACKED/<package>/usr/...)."""

import glob
import gzip
import os
import random
import shutil
import sys

SIZE = 2 * 1024 * 1024

MAIL_TEXT = [
    "libpython3.11-testsuite/usr/lib/python3.11/test/test_email/data/*.txt",
    "python3-flufl.bounce/**/tests/data/*",
    "golang-github-jhillyerd-enmime-dev/**/testdata/**/*.raw",
]
# What came later has an order of its own, so that the names of the others stay.
MAIL = [MAIL_TEXT + ["spamassassin/usr/share/doc/spamassassin/examples/*"], ["mailman3/**/tests/**/*.eml"]]

# For each text: groups of file patterns, the share of octets above 127 that a file must have (at least, at most), and
# the octets taken of one file. A group's files are shuffled by themselves.
TEXTS = {
    "a": ([MAIL_TEXT + ["spamassassin/usr/share/doc/**/*.txt"], ["perl-doc/usr/share/perl/**/*.pod"]], (0, 0), 120_000),
    "b": ([[f"manpages-{lang}/usr/share/man/*/man*/*.gz" for lang in ("de", "fr")]], (0.01, 1), 200_000),
    "c": ([[f"manpages-{lang}/usr/share/man/*/man*/*.gz" for lang in ("zh", "ja", "ru")]], (0.35, 1), 200_000),
    "d": ([[f"{package}/**/*.html{end}" for package in ("postfix-doc", "debian-reference-en") for end in ("", ".gz")]],
          (0, 0.02), 150_000),
}


def select(root, patterns):
    """The files that match, in an order that is mixed and always the same."""
    names = set()
    for pattern in patterns:
        names.update(glob.glob(pattern, root_dir=root, recursive=True))
    paths = [os.path.join(root, name) for name in sorted(names)]
    paths = [path for path in paths if os.path.isfile(path) and not os.path.islink(path)]
    random.Random(1).shuffle(paths)
    return paths


def text_of(path):
    """A file's octets with LF line ends and without NUL."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        octets = file.read()
    return octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"")


def share_8bit(octets):
    return sum(octet > 127 for octet in octets) / len(octets)


def fits(octets, share):
    # A text that must hold some 8-bit octets must hold more than the least share; one that may, at most the largest.
    least, most = share
    high = share_8bit(octets)
    return high > least if least else (high < most if most else high == 0)


def collect(paths, share, each):
    """Whole lines of UTF-8, SIZE octets at most, from the files that fit, each cut at `each` octets."""
    octets = bytearray()
    for path in paths:
        if len(octets) >= SIZE:
            break
        part = text_of(path)[:each]
        if part and fits(part, share):
            octets += part
            if not part.endswith(b"\n"):
                octets += b"\n"
    whole = bytes(octets[:SIZE]).decode("utf-8", "ignore").encode("utf-8")
    return whole[:whole.rindex(b"\n") + 1]


def store(path, octets):
    with open(path, "wb") as file:
        file.write(octets)


def main(root, out):
    for name, (groups, share, each) in TEXTS.items():
        paths = [path for group in groups for path in select(root, group)]
        text = collect(paths, share, each)
        store(f"{out}/{name}.lf", text)
        store(f"{out}/{name}.crlf", text.replace(b"\n", b"\r\n"))
    noise = random.Random(7).randbytes(SIZE)
    store(f"{out}/e.lf", noise)
    store(f"{out}/e.crlf", noise)
    messages = [path for group in MAIL for path in select(root, group)]
    for number, path in enumerate(messages):
        if not path.endswith((".py", ".pyc")):
            shutil.copyfile(path, f"{out}/mail/{number:03d}-{os.path.basename(path)}")


main(*sys.argv[1:])
