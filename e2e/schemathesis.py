#!/usr/bin/env python3
"""Asks the service whatever its own reference allows, and what it does not, and looks whether each answer is as described.

The real binary serves a made-up county on a free port of this machine; schemathesis asks once as its programme office and
once as a stranger: no accident, no answer outside its schema, no other media type. Ends with a line of counts that
`./dev test` reads. Usage: schemathesis.py BINARY SCHEMATHESIS [SECONDS] [SEED]
"""

import http.client
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)


def start(binary, data):
    """The county, and where it is served."""
    command = [binary, "demo", "--data", data, "--listen", "127.0.0.1:0", "--years", "1", "--json"]
    county = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in county.stdout:
        if line.startswith("{"):
            told = json.loads(line)
            return county, told["listening"].rstrip("/"), told["accounts"]
    raise SystemExit("the county ended before it was served")


def session(address, person):
    """The cookie of somebody who signs in."""
    server = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc, timeout=30)
    body = json.dumps({"name": person["name"], "password": person["password"]})
    server.request("POST", "/api/session", body, {"Content-Type": "application/json", "X-Qianwan": "1"})
    answer = server.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"signing in: {answer.status}")
    return answer.getheader("Set-Cookie").split(";")[0]


def ask(tool, address, who, headers, seconds, seed, folder):
    """One run; how many operations were asked, and how many of them passed."""
    report = pathlib.Path(folder) / f"{who}.xml"
    command = [
        tool, "run", f"{address}/api/openapi.json", "--checks", CHECKS, "--phases", "coverage,fuzzing",
        # Programs get documents; pages are looked at in the tests of the server.
        "--include-path-regex", "^/(api/|healthz)",
        "--seed", str(seed), "--max-examples", "15", "--workers", "1", "--suppress-health-check", "all",
        "--request-timeout", "30", "--continue-on-failure", "--warnings", "off", "--no-color", "--no-shrink",
        "--max-time", str(seconds), "--report", "junit", "--report-junit-path", str(report),
    ]
    if who != "stranger":
        # To sign out would end the run as somebody.
        command += ["--exclude-name", "DELETE /api/session"]
    for name, value in headers.items():
        command += ["--header", f"{name}: {value}"]
    print(f"as {who}", flush=True)
    hooks = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).resolve().parent / "hooks"), "SCHEMATHESIS_HOOKS": "workbooks"}
    ended = subprocess.run(command, cwd=folder, check=False, timeout=20 * seconds + 120, env=hooks)
    text = report.read_text(encoding="utf-8")
    passed = failed = 0
    for case in text.split("<testcase")[1:]:
        case = case.split("</testcase>")[0]
        # The phases as a whole are listed beside the operations.
        if ' name="' not in case or "/" not in case.split(' name="')[1].split('"')[0]:
            continue
        bad = "<failure" in case or "<error" in case
        failed += bad
        passed += not bad
    if ended.returncode != 0 and failed == 0:
        failed = 1
    return passed, failed


def main():
    binary, tool = (str(pathlib.Path(p).resolve()) for p in sys.argv[1:3])
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 40
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    with tempfile.TemporaryDirectory(prefix="qianwan-schemathesis-") as folder:
        county, address, people = start(binary, f"{folder}/data")
        try:
            office = next(p for p in people if p["name"] == "office")
            cookie = session(address, office)
            runs = [
                ask(tool, address, "office", {"Cookie": cookie, "X-Qianwan": "1"}, seconds, seed, folder),
                ask(tool, address, "stranger", {}, seconds, seed, folder),
            ]
            if county.poll() is not None:
                raise SystemExit("the county ended while it was asked")
        finally:
            county.terminate()
            county.wait(30)
    passed, failed = (sum(counts) for counts in zip(*runs))
    # Less than that, and nobody was really asked.
    if passed + failed < 30:
        failed += 1
    print(f"schemathesis: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
