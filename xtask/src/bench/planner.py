"""Makes one synthetic planning instance over the real register's codes.

usage: planner.py REGISTER.csv.gz GENERATOR.py OUT.json [--total THOUSAND_YUAN] GENERATOR_OPTIONS...

The register has code, name, level, parent; the generator wants villages with the codes above them. With --total the money of all sources
over the horizon is scaled to that sum, reserve taken off.
"""
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile


def main():
    register, generator, out, *options = sys.argv[1:]
    total = None
    if options[:1] == ["--total"]:
        total, options = int(options[1]), options[2:]
    with gzip.open(register, "rt", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if len(row["code"]) == 12]
    with tempfile.TemporaryDirectory() as folder:
        villages = os.path.join(folder, "villages.csv")
        with open(villages, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["code", "name", "streetCode", "provinceCode", "cityCode", "areaCode"])
            for row in rows:
                code = row["code"]
                writer.writerow([code, row["name"], code[:9], code[:2], code[:4], code[:6]])
        said = subprocess.run([sys.executable, generator, "--villages", villages, "--out", out, *options], check=True, capture_output=True, text=True)
    print(said.stderr.strip().split(": ", 1)[-1])
    if total is None:
        return
    with open(out, encoding="utf-8") as file:
        instance = json.load(file)
    held = sum(sum(pool["cap"]) for pool in instance["pools"])
    for pool in instance["pools"]:
        pool["cap"] = [cap * total // held for cap in pool["cap"]]
    with open(out, "w", encoding="utf-8") as file:
        json.dump(instance, file, ensure_ascii=False, separators=(",", ":"))
    needed = sum(max(option[2] for option in need[1]) for village in instance["villages"] for need in village["needs"])
    print(f"money {sum(sum(pool['cap']) for pool in instance['pools'])} of {needed} thousand yuan, which all needs at their highest standard would cost")


main()
