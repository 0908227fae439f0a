"""Converts each workbook of a folder with pyxform: NAME.xml beside it, or NAME.refused with the reason."""

import sys
from pathlib import Path

from pyxform.xls2xform import convert

for path in sorted(Path(sys.argv[1]).iterdir()):
    if path.suffix not in {".xlsx", ".csv", ".xls"}:
        continue
    try:
        path.with_suffix(".xml").write_text(convert(xlsform=str(path), validate=False, pretty_print=True).xform, encoding="utf-8")
    except Exception as why:  # noqa: BLE001
        path.with_suffix(".refused").write_text(f"{type(why).__name__}: {why}", encoding="utf-8")
