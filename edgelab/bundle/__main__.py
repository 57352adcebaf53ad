"""`python -m edgelab.bundle FOLDER TEXT [SECONDS]` prints the label of one text and stays for so long: what a fresh
process takes to answer, and how much memory, is measured on this."""

import sys
import time

from edgelab.bundle.predict import Bundle

folder, text, *stays_s = sys.argv[1:]
print(Bundle.load(folder).predict(text).label, flush=True)
time.sleep(float(stays_s[0]) if stays_s else 0.0)
