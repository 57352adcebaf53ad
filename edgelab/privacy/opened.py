"""`python -m edgelab.privacy.opened FOLDER` decrypts a folder with the key on standard input, says so, and stays until it is
ended: a program at work, whose memory `encryption.what_is_exposed` reads."""

import sys
from pathlib import Path

from edgelab.privacy.encryption import decrypt_folder

if __name__ == "__main__":
    opened = decrypt_folder(Path(sys.argv[1]), bytes.fromhex(sys.stdin.readline()))
    print("opened", flush=True)
    sys.stdin.read()
