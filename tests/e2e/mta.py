"""What `cte smtp` wrote into real mail servers: each message in is one message out, whatever stands in it. The servers are
Postfix, a private instance in a temporary folder, which takes a bare LF for a line end, and aiosmtpd. Both listen on
127.0.0.1 alone. Without Debian's postfix, or not as root, which it needs, or without python3-aiosmtpd, the exit status is
SKIPPED.

Environment: CTE; CTE_TEST_SEED to repeat a run; CTE_TEST_SCALE, how much: from 32 on every string of up to 7 symbols at each
policy within a message, and every one of up to 5 as its last.
"""

import itertools
import os
import pwd
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

SKIPPED = 77
sys.path.append("/usr/lib/python3/dist-packages")  # Debian's, where another Python comes first
try:
    from aiosmtpd.controller import Controller

    pwd.getpwnam("postfix")
except (ImportError, KeyError) as error:
    print(f"mta.py: skipped: {error}")
    sys.exit(SKIPPED)
if os.geteuid() != 0 or shutil.which("postfix") is None:
    print("mta.py: skipped: Postfix is not here, or this is not root")
    sys.exit(SKIPPED)

CTE = os.path.abspath(os.environ["CTE"])
SEED = int(os.environ.get("CTE_TEST_SEED", random.SystemRandom().randrange(1 << 32)))
SCALE = float(os.environ.get("CTE_TEST_SCALE", 1))
ALL = SCALE >= 32
STRINGS = max(5, int(40 * SCALE))
print(f"mta.py: CTE_TEST_SEED={SEED}", file=sys.stderr)

HEADER = b"Subject: first\r\n\r\nline"
LINE = b"\r\nline"
# A second message, if a server takes what stands before it for the end of the first.
SECOND = b"MAIL FROM:<b@test.invalid>\r\nRCPT TO:<b@test.invalid>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n"
KNOWN = [b"\n.\n", b"\r.\r", b"\r.\n", b"\n.\r", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r\n.\r", b"\r\n\0.\r\n"]
KNOWN += [b"\r\n.\0\r\n", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n", b"\r\n.\r\n", b"\r\n..\r\n", b"\n..\n"]
POLICIES = [
    ["--eol=crlf", f"--bare-lf={lf}", f"--bare-cr={cr}", f"--nul={nul}"]
    for lf, cr, nul in itertools.product(["reject", "normalize", "space"], repeat=3)
]
POLICIES += [["--eol=lf", *policy[2:]] for policy in POLICIES[:9]]
# The command's own choice, of a message whose first line ends in LF.
POLICIES += [["--eol=auto", *policy[2:]] for policy in POLICIES[:9]]
# What a policy rejects.
REJECTED = {"--bare-lf=reject": rb"(?<!\r)\n", "--bare-cr=reject": rb"\r(?!\n)", "--nul=reject": rb"\0", "--eol=auto": rb"\r\n"}


def cte(*arguments, data):
    done = subprocess.run([CTE, *arguments], input=data, capture_output=True, env={"LC_ALL": "C"}, timeout=60)
    return done.returncode, done.stdout


def strings(length):
    """Every string of up to `length` symbols."""
    for size in range(1, length + 1):
        yield from map(bytes, itertools.product(b"\r\n.\0a", repeat=size))


def parts(policy):
    """HEADER, LINE and SECOND with the line ends of the policy."""
    return [text.replace(b"\r\n", b"\n") if "--eol=auto" in policy else text for text in (HEADER, LINE, SECOND)]


def content(data):
    """What a server makes of DATA that holds no bare LF, without the header, to which it adds."""
    return re.sub(rb"^\.", b"", data.removesuffix(b".\r\n").replace(b"\r\n", b"\n"), flags=re.M).partition(b"\n\n")[2]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what):
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError(what)


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            return s.recv(3) == b"220"
    except OSError:
        return False


def converse(port, data):
    """One message and QUIT in one go behind DATA: the codes of all replies from then on."""
    with socket.create_connection(("127.0.0.1", port), 60) as s, s.makefile("rb") as replies:
        replies.readline()
        for line in b"HELO test.invalid", b"MAIL FROM:<a@test.invalid>", b"RCPT TO:<a@test.invalid>", b"DATA":
            s.sendall(line + b"\r\n")
            reply = replies.readline()
            assert reply[:1] in b"23", reply
        s.sendall(data + b"QUIT\r\n")
        return [line[:3] for line in replies]


class Postfix:
    """An instance of its own: what it reads, writes and owns is in one folder."""

    MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""
    MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = test.invalid
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
default_transport = error
relay_transport = error
smtpd_peername_lookup = no
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = test.invalid
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
virtual_minimum_uid = 1
"""

    def __init__(self):
        self.folder = tempfile.mkdtemp()
        os.chmod(self.folder, 0o755)
        self.port = free_port()
        for name in "config", "queue", "data", "mail":
            os.mkdir(os.path.join(self.folder, name))
        shutil.chown(os.path.join(self.folder, "data"), "postfix")
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chown(os.path.join(self.folder, "mail"), nobody, -1)
        self.config = os.path.join(self.folder, "config")
        for name, text in ("master.cf", self.MASTER), ("main.cf", self.MAIN):
            with open(os.path.join(self.config, name), "w", encoding="ascii") as file:
                file.write(text.format(folder=self.folder, port=self.port, nobody=nobody))
        self.run("start")
        wait_for(lambda: answers(self.port), "Postfix does not answer")

    def run(self, action):
        done = subprocess.run(["postfix", "-c", self.config, action], capture_output=True, check=False, timeout=60)
        if done.returncode != 0 and action == "start":
            print(f"mta.py: skipped: Postfix does not run here: {done.stderr.decode()}")
            self.stop()
            sys.exit(SKIPPED)

    def messages(self):
        """What was delivered; each is given once."""
        inbox = os.path.join(self.folder, "mail", "inbox", "new")
        found = []
        for name in os.listdir(inbox) if os.path.isdir(inbox) else []:
            with open(os.path.join(inbox, name), "rb") as file:
                found.append(file.read())
            os.unlink(os.path.join(inbox, name))
        return found

    def stop(self):
        subprocess.run(["postfix", "-c", self.config, "stop"], capture_output=True, check=False, timeout=60)
        shutil.rmtree(self.folder, ignore_errors=True)


class Aiosmtpd:
    def __init__(self):
        self.port = free_port()
        self.got = []
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope):
        self.got.append(envelope.original_content.replace(b"\r\n", b"\n"))
        return "250 taken"

    def messages(self):
        found, self.got = self.got, []
        return found

    def stop(self):
        self.controller.stop()


class Servers:
    """The tests, for each server."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.make()
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.random = random.Random(SEED)

    def tearDown(self):
        """Nothing else came."""
        time.sleep(0.3)
        self.assertEqual(self.server.messages(), [])

    def delivered(self, count):
        found = []

        def all_there():
            found.extend(self.server.messages())
            return len(found) >= count

        wait_for(all_there, f"{count} messages")
        return found

    def inputs(self):
        yield from KNOWN
        for _ in range(STRINGS):
            yield bytes(self.random.choices(b"\r\n.\0a", weights=[3, 3, 3, 1, 1], k=self.random.randrange(1, 8)))

    def send(self, messages):
        """Each is taken for one, and comes out as it was written."""
        expected = []
        for message in messages:
            with self.subTest(message=message[:200], seed=SEED):
                self.assertEqual(converse(self.server.port, message), [b"250", b"221"])
                expected.append(content(message))
        found = [message.partition(b"\n\n")[2] for message in self.delivered(len(expected))]
        self.assertTrue(sorted(found) == sorted(expected), "not what was sent")
        return len(found)

    def test_one_in_is_one_out(self):
        written = set()
        for number, string in enumerate(self.inputs()):
            policies = POLICIES if number < len(KNOWN) and SCALE >= 1 else self.random.sample(POLICIES, 3)
            for policy in policies:
                header, _, second = parts(policy)
                written.add(cte("smtp", "-q", *policy, data=header + string + second))
        sent = self.send(data for status, data in written if status == 0)
        self.tell(f"{sent} messages of {len(written)}, the others refused")

    def test_within_a_message(self):
        """Many strings in one message, a second message's commands behind each."""
        sent, count = 0, 0
        for policy in POLICIES:
            rejected = re.compile(b"|".join(REJECTED[option] for option in policy if option in REJECTED) or b"(?!)")
            header, line, second = parts(policy)
            bodies = [line + string + second for string in self.many()]
            bodies = [body for body in bodies if not rejected.search(body)]
            written = []
            for first in range(0, len(bodies), 2000):
                status, data = cte("smtp", "-q", *policy, data=header + b"".join(bodies[first : first + 2000]))
                self.assertEqual(status, 0, policy)
                written.append(data)
            sent += self.send(written)
            count += len(bodies)
        self.tell(f"{count} strings in {sent} messages")

    def many(self):
        if ALL:
            return strings(7)
        return list(strings(3)) + [bytes(self.random.choices(b"\r\n.\0a", k=7)) for _ in range(int(500 * SCALE))]

    def test_at_the_end(self):
        """A string is the message's last: what all policies make of it, sent one by one."""
        last = list(strings(5 if ALL else 2))
        written = set()
        with tempfile.TemporaryDirectory() as folder:
            for policy in POLICIES:
                names = [f"{number}.eml" for number in range(len(last))]
                for name, string in zip(names, last):
                    with open(os.path.join(folder, name), "wb") as file:
                        file.write(parts(policy)[0] + string)
                command = [CTE, "smtp", "-q", *policy, "--suffix=.data", *names]
                subprocess.run(command, cwd=folder, capture_output=True, check=False)
                for name in os.listdir(folder):
                    if name.endswith(".data"):
                        with open(os.path.join(folder, name), "rb") as file:
                            written.add(file.read())
                        os.unlink(os.path.join(folder, name))
        self.tell(f"{self.send(written)} messages of {len(last)} strings")

    def tell(self, what):
        print(f"mta.py: {type(self).__name__}: {self._testMethodName}: {what}", file=sys.stderr)

    def test_long_lines(self):
        """Folded, where no dot may begin what becomes a line; kept for a server that takes them."""
        dots = [b".", b"..", b".\r\n", b"..\r\n", b".\r\n.\r\n"]
        body = b"".join(b"\r\n" + b"a" * n + string + SECOND for n in range(990, 1003) for string in dots)
        for policy in self.LONG_LINES:
            status, data = cte("smtp", "-q", f"--long-lines={policy}", data=HEADER + body)
            self.assertEqual(status, 0, policy)
            self.send([data])

    def test_dots(self):
        message = HEADER + b"\r\n.\r\n..\r\n.a\r\n" + b"." * 998 + b"\r\n." + b"x" * 997 + b"\r\n"
        self.assertEqual(converse(self.server.port, cte("smtp", data=message)[1]), [b"250", b"221"])
        (found,) = self.delivered(1)
        self.assertTrue(found.endswith(message.partition(b"\r\n\r\n")[2].replace(b"\r\n", b"\n")))


class IntoPostfix(Servers, unittest.TestCase):
    make = Postfix
    LONG_LINES = "normalize", "keep"

    def test_what_is_not_guarded(self):
        """The same without `cte smtp`: Postfix sees two messages. So the test above would see it."""
        codes = converse(self.server.port, HEADER + b"\n.\n" + SECOND + b".\r\n")
        self.assertEqual(codes, [b"250", b"250", b"250", b"354", b"250", b"221"])
        self.assertEqual(len(self.delivered(2)), 2)


class IntoAiosmtpd(Servers, unittest.TestCase):
    make = Aiosmtpd
    LONG_LINES = ("normalize",)


if __name__ == "__main__":
    unittest.main()
