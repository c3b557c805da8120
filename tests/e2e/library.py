"""The shared library (environment: CTE_LIBRARY) through ctypes, and the command (CTE), for the tests in this folder.

One function a codec and direction: name(data, options) -> Result. It makes the one-shot call with exactly the room that
the library's bound asks for, and checks what every result must keep. `stream` gives the same through cte_stream.
"""

import ctypes
import os
import random
import subprocess
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_int32, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

OK, MORE_OUTPUT, END = 0, 1, 2
COLUMNS_NONE = 2**64 - 1
CRLF, LF, EITHER, KEEP, BINARY = range(5)  # enum cte_qp_line_ends
SOFT_END = 1 << 5

(WHITE_SPACE, CHARACTER, ALPHABET, MISSING_PADDING, EXCESS_PADDING, DATA_AFTER_PADDING, DANGLING_CHARACTER, TRAILING_BITS,
 LINE_OVER_76, BAD_ESCAPE, LOWER_CASE_HEX, RAW_8BIT, RAW_CONTROL, BARE_LF, BARE_CR, TRAILING_WHITE_SPACE, LONG_BLANK_RUN,
 TRUNCATED_ESCAPE, NUL, LINE_OVER_998) = (1 << bit for bit in range(20))
REJECTED = 1 << 30


class Base64EncodeOptions(Structure):
    _fields_ = [("columns", c_uint64), ("line_end", c_uint8), ("last_line", c_uint8), ("alphabet", c_uint8),
                ("padding", c_uint8), ("reserved", c_uint8 * 20)]


class Base64DecodeOptions(Structure):
    _fields_ = [("reject", c_uint32), ("alphabet", c_uint8), ("line_ends", c_uint8), ("after_padding", c_uint8),
                ("reserved", c_uint8 * 25)]


class QpEncodeOptions(Structure):
    _fields_ = [("flags", c_uint32), ("line_ends", c_uint8), ("line_end", c_uint8), ("reserved", c_uint8 * 26)]


class QpDecodeOptions(Structure):
    _fields_ = [("reject", c_uint32), ("line_end", c_uint8), ("reserved", c_uint8 * 27)]


class SmtpOptions(Structure):
    _fields_ = [("bare_lf", c_uint8), ("bare_cr", c_uint8), ("nul", c_uint8), ("long_line", c_uint8), ("bdat", c_uint8),
                ("reserved", c_uint8 * 27)]


class Lines(Structure):
    _fields_ = [("octets", c_uint64), ("lines", c_uint64), ("longest", c_uint64), ("crlf", c_uint64),
                ("count", c_uint64 * 16), ("first", c_uint64 * 16), ("unterminated", c_uint32),
                ("private_state", c_uint32 * 7), ("private_line", c_uint64), ("reserved", c_uint64 * 6)]


class _Result(Structure):
    _fields_ = [("status", c_int32), ("anomalies", c_uint32), ("read", c_size_t), ("written", c_size_t),
                ("first_anomaly", c_size_t)]


class _Stream(Structure):
    _fields_ = [("private_words", c_uint64 * 256)]


class _Buffer(Structure):
    _fields_ = [("data", c_void_p), ("size", c_size_t), ("pos", c_size_t)]


class Result:
    """A call's answer: status, anomalies, read, data (the octets written), first_anomaly (None when there is none)."""

    def __init__(self, status, anomalies, read, data, first_anomaly):
        self.status, self.anomalies, self.read, self.data, self.first_anomaly = status, anomalies, read, data, first_anomaly

    def __repr__(self):
        return f"Result(status={self.status}, anomalies={self.anomalies:#x}, read={self.read}, data={self.data!r})"


def _path(variable):
    if not os.environ.get(variable):
        raise SystemExit(f"{variable} must name the built {'library' if variable == 'CTE_LIBRARY' else 'command'}")
    return os.path.abspath(os.environ[variable])


COMMAND = _path("CTE")
lib = ctypes.CDLL(_path("CTE_LIBRARY"))

_CODECS = {  # stem of the calls: options, the size's function, whether that takes the data
    "base64_encode": (Base64EncodeOptions, "cte_base64_encoded_size", False),
    "base64_decode": (Base64DecodeOptions, "cte_base64_decoded_bound", False),
    "qp_encode": (QpEncodeOptions, "cte_qp_encoded_size", True),
    "qp_decode": (QpDecodeOptions, "cte_qp_decoded_bound", False),
    "smtp_write": (SmtpOptions, "cte_smtp_write_bound", False),
    "smtp_read": (SmtpOptions, "cte_smtp_read_bound", False),
}

for _stem, (_options, _size, _of_data) in _CODECS.items():
    getattr(lib, f"cte_{_stem}").argtypes = [c_char_p, c_size_t, c_void_p, c_size_t, POINTER(_options)]
    getattr(lib, f"cte_{_stem}").restype = _Result
    getattr(lib, _size).argtypes = ([c_char_p] if _of_data else []) + [c_size_t, POINTER(_options)]
    getattr(lib, _size).restype = c_size_t
    getattr(lib, f"cte_stream_{_stem}").argtypes = [POINTER(_Stream), POINTER(_options)]
lib.cte_qp_encoded_bound.argtypes = [c_size_t, POINTER(QpEncodeOptions)]
lib.cte_qp_encoded_bound.restype = c_size_t
lib.cte_lines_check.argtypes = [c_char_p, c_size_t, c_uint32]
lib.cte_lines_check.restype = _Result
lib.cte_lines_init.argtypes = lib.cte_lines_finish.argtypes = [POINTER(Lines)]
lib.cte_lines_init.restype = lib.cte_lines_update.restype = lib.cte_lines_finish.restype = None
lib.cte_lines_update.argtypes = [POINTER(Lines), c_char_p, c_size_t]
lib.cte_lines_encoding.argtypes = [POINTER(Lines), c_uint32]
lib.cte_stream_update.argtypes = [POINTER(_Stream), POINTER(_Buffer), POINTER(_Buffer)]
lib.cte_stream_finish.argtypes = [POINTER(_Stream), POINTER(_Buffer)]
lib.cte_stream_anomalies.argtypes = [POINTER(_Stream)]
lib.cte_stream_anomalies.restype = c_uint32
lib.cte_stream_first_anomaly.argtypes = [POINTER(_Stream), c_uint32]
lib.cte_stream_first_anomaly.restype = c_uint64
lib.cte_isa_name.restype = c_char_p
lib.cte_isa_list.argtypes = [c_size_t, POINTER(c_int)]
lib.cte_isa_list.restype = c_char_p
lib.cte_isa_select.argtypes = [c_char_p]


def one_shot(stem, data, **options):
    """Calls cte_<stem> with as much room as its size function says, and a guard octet behind it."""
    kind, size, of_data = _CODECS[stem]
    chosen = kind(**options)
    room = getattr(lib, size)(*((data,) if of_data else ()), len(data), byref(chosen))
    assert room < 2**32, f"{size} of {len(data)} octets: {room}"
    buffer = ctypes.create_string_buffer(b"\xa5" * (room + 1), room + 1)
    answer = getattr(lib, f"cte_{stem}")(data, len(data), buffer, room, byref(chosen))
    assert answer.status != MORE_OUTPUT and answer.written <= room, f"cte_{stem}: {room} octets were not enough"
    assert buffer.raw[room] == 0xA5, f"cte_{stem} wrote past its room"
    assert answer.read <= len(data)
    if stem in ("base64_encode", "qp_encode"):
        assert answer.written == room, f"{size} is {room}, written were {answer.written}"
    if stem == "qp_encode":
        assert room <= lib.cte_qp_encoded_bound(len(data), byref(chosen))
    met = answer.anomalies & ~REJECTED
    assert (met == 0) == (answer.first_anomaly == c_size_t(-1).value)
    return Result(answer.status, answer.anomalies, answer.read, buffer.raw[:answer.written],
                  answer.first_anomaly if met else None)


def base64_encode(data, **options):
    return one_shot("base64_encode", data, **options)


def base64_decode(data, **options):
    return one_shot("base64_decode", data, **options)


def qp_encode(data, **options):
    return one_shot("qp_encode", data, **options)


def qp_decode(data, **options):
    return one_shot("qp_decode", data, **options)


def smtp_write(data, **options):
    return one_shot("smtp_write", data, **options)


def smtp_read(data, **options):
    return one_shot("smtp_read", data, **options)


def stream(stem, data, rng=random, **options):
    """The same through a stream, input and output cut at random."""
    state = _Stream()
    assert getattr(lib, f"cte_stream_{stem}")(byref(state), byref(_CODECS[stem][0](**options))) == OK
    source = ctypes.create_string_buffer(data, len(data) + 1)
    largest = rng.choice((1, 7, 100, 5000, 100_000)[len(data) > 10_000:])  # a call of an octet takes 5 us here
    room = ctypes.create_string_buffer(largest)
    source_at, room_at = ctypes.addressof(source), ctypes.addressof(room)
    written, position, status = [], 0, OK

    def size():
        return int(rng.random() * largest) + 1  # as randint, which is slow

    def take(call, *buffers):
        out = _Buffer(room_at, size(), 0)
        answer = call(byref(state), *buffers, byref(out))
        if out.pos:
            written.append(ctypes.string_at(room_at, out.pos))
        return answer

    while status == MORE_OUTPUT or (status == OK and position < len(data)):
        chunk = _Buffer(source_at + position, min(size(), len(data) - position), 0)
        status = take(lib.cte_stream_update, byref(chunk))
        position += chunk.pos
    finished = status != OK
    while not finished:
        status = take(lib.cte_stream_finish)
        finished = status != MORE_OUTPUT
    anomalies = lib.cte_stream_anomalies(byref(state))
    first = [lib.cte_stream_first_anomaly(byref(state), 1 << bit) for bit in range(20) if anomalies >> bit & 1]
    return Result(status, anomalies, position, b"".join(written), min(first, default=None))


def both(stem, data, rng=random, **options):
    """One-shot, proved equal to a stream."""
    whole = one_shot(stem, data, **options)
    cut = stream(stem, data, rng, **options)
    assert (cut.status, cut.anomalies, cut.first_anomaly, cut.data) == (
        whole.status, whole.anomalies, whole.first_anomaly, whole.data), f"{stem}: one-shot {whole}, stream {cut}"
    return whole


def lines(data):
    """The statistics of one text."""
    found = Lines()
    lib.cte_lines_init(byref(found))
    lib.cte_lines_update(byref(found), data, len(data))
    lib.cte_lines_finish(byref(found))
    return found


def lines_check(data, allowed):
    answer = lib.cte_lines_check(data, len(data), allowed)
    return Result(answer.status, answer.anomalies, answer.read, b"", None)


def usable_rows():
    """The names of the kernel rows that run here, the best first."""
    names, index = [], 0
    while True:
        usable = c_int()
        name = lib.cte_isa_list(index, byref(usable))
        if name is None:
            return names
        if usable.value:
            names.append(name)
        index += 1


def command(*arguments, data=b""):
    """Runs the command: (exit code, standard output, standard error)."""
    done = subprocess.run([COMMAND, *arguments], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr


def random_texts(rng, alphabets, count, longest):
    """Inputs of many shapes: each from one alphabet (a list of octet strings, drawn from at random). CTE_TEST_SCALE (1, or
    0.1) is the amount."""
    for _ in range(max(10, int(count * float(os.environ.get("CTE_TEST_SCALE") or 1)))):
        alphabet = rng.choice(alphabets)
        yield b"".join(rng.choices(alphabet, k=int(longest ** rng.random()) if rng.random() < 0.97 else 0))


def seed():
    """The tests' seed: CTE_TEST_SEED, or a fresh one; printed, so that a failure can be repeated."""
    value = int(os.environ.get("CTE_TEST_SEED") or random.SystemRandom().getrandbits(32))
    print(f"CTE_TEST_SEED={value}", flush=True)
    return value
