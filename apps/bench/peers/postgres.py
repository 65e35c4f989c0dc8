"""A PostgreSQL server to measure on: one of our own for the time of a comparison, or one that is named."""
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

USER = "postgres"
SETTINGS = {  # nothing but the commits themselves writes to the disk while something is measured
    "listen_addresses": "", "shared_buffers": "512MB", "max_connections": "150", "max_wal_size": "8GB",
    "checkpoint_timeout": "1h", "log_min_messages": "fatal",
}


def programs():
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        raise SystemExit("there is no PostgreSQL server in /usr/lib/postgresql: install postgresql")
    return max(found, key=lambda path: int(path.parent.name))


def bound(command):
    """Ends when this program does. A server refuses to run as root."""
    user = [f"--reuid={USER}", f"--regid={USER}", "--init-groups"] if os.geteuid() == 0 else []
    return ["setpriv", "--pdeathsig=QUIT", *user, *command]


class Server:
    """A server, by the URL of a database on it."""

    def __init__(self, url):
        self.url, self.count = url, 0

    def ask(self, sql):
        command = ["psql", "--no-psqlrc", "-tAqc", sql, self.url]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    @contextlib.contextmanager
    def database(self):
        """The URL of a new database."""
        self.count += 1
        name = f"bench_{os.getpid()}_{self.count}"
        self.ask(f"CREATE DATABASE {name}")
        try:
            before, _, after = self.url.partition("?")
            yield before.rpartition("/")[0] + f"/{name}" + (f"?{after}" if after else "")
        finally:
            self.ask(f"DROP DATABASE {name} WITH (FORCE)")

    def log_bytes(self):
        return int(self.ask("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))

    def cpu_seconds(self):
        """Of all its processes, those that have ended too; unset for another machine's."""


class OwnServer(Server):
    def __init__(self, folder):
        super().__init__(f"postgresql:///postgres?host={folder}&user=bench")
        data, bin_ = folder / "data", programs()
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
        making = ["initdb", "-D", str(data), "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run(bound([str(bin_ / making[0]), *making[1:]]), check=True, stdout=subprocess.DEVNULL, cwd="/")
        command = [str(bin_ / "postgres"), "-D", str(data), "-k", str(folder)]
        command += [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(bound(command), cwd="/")

    def wait(self):
        for _ in range(200):
            with contextlib.suppress(subprocess.CalledProcessError):
                return self.ask("SELECT 1")
            time.sleep(0.05)
        raise SystemExit("the PostgreSQL server does not start")

    def cpu_seconds(self):
        time.sleep(0.2)  # for the processes of the last connections to end
        own, ticks = self.process.pid, 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = path.read_text().rpartition(") ")[2].split()
                if int(path.parent.name) == own:
                    ticks += sum(int(field) for field in fields[11:15])  # its own, and that of its children that ended
                elif int(fields[1]) == own:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def server(url):
    """The named server, or one of our own."""
    if url:
        yield Server(url)
        return
    folder = Path(tempfile.mkdtemp(prefix="cofila-postgres."))
    own = None
    try:
        own = OwnServer(folder)
        own.wait()
        yield own
    finally:
        if own:
            own.process.send_signal(signal.SIGINT)  # without waiting for clients
            own.process.wait()
        shutil.rmtree(folder, ignore_errors=True)
