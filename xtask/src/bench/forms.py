"""Converts the workbooks named on standard input, again and again, and prints the CPU seconds of each round.

One process, everything imported and converted once before the clock runs; the bytes are in memory.
"""

import sys
import time
from pathlib import Path

from pyxform.xls2xform import convert

rounds = int(sys.argv[1])
files = [(Path(line).suffix, Path(line).read_bytes()) for line in sys.stdin.read().splitlines()]
for number in range(rounds + 1):
    start = time.process_time()
    for suffix, content in files:
        convert(xlsform=content, file_type=suffix, validate=False, pretty_print=True)
    if number:
        print(time.process_time() - start)
