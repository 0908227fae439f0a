#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets from golden lines, fixtures and a few made-up ones: fuzz/seeds/<target>/."""

import gzip
import json
import pathlib
import struct
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SEEDS = ROOT / "fuzz" / "seeds"


def write(target, name, content):
    path = SEEDS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def facts():
    seen = set()
    for file in sorted(ROOT.glob("crates/domain/src/*/encoding.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            fact = json.loads(line)
            if fact["kind"] not in seen:
                seen.add(fact["kind"])
                write("facts", fact["kind"].replace("@", "-"), f"{fact['kind']}\n{fact['body']}")


def chain():
    golden = (ROOT / "crates/facts/golden/chain.jsonl").read_bytes()
    write("chain", "golden", golden)
    lines = golden.splitlines(keepends=True)
    write("chain", "header", lines[0])
    write("chain", "tail-cut", b"".join(lines[:-1]))
    write("chain", "swapped", b"".join([lines[0], lines[2], lines[1]]))
    # Edits of the golden file: how, where (two bytes), what.
    write("chain", "edit-one", b"e" + bytes([0, 0, 200, 65]))
    write("chain", "edit-some", b"e" + bytes([1, 1, 0, 3, 2, 0, 120, 32, 3, 2, 0, 0]))
    note = next((json.loads(line)["checkpoint"] for line in lines if line.startswith(b'{"checkpoint"')), "a.test/1/main\n0\nx\n")
    write("notes", "checkpoint", note)
    write("notes", "text", "example.test/330523/main\n1\nAAAA\n")
    write("notes", "two-signatures", note + "\u2014 example.test AAAAAAAA\n")
    write("notes", "secret", "PRIVATE+KEY+example.test+00000000+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB")
    write("notes", "public", "example.test+00000000+AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB")


def register():
    divisions = (ROOT / "crates/maps/fixtures/anji_divisions_2023.csv").read_bytes()
    lines = divisions.splitlines(keepends=True)
    few = b"".join(lines[:12])
    write("register", "divisions", b"\0" + few)
    write("register", "divisions-gb18030", b"\0" + few.decode("utf-8-sig").encode("gb18030"))
    write("register", "divisions-utf16", b"\0" + few.decode("utf-8-sig").encode("utf-16"))
    write("register", "divisions-packed", b"\0" + gzip.compress(few, mtime=0))
    head = "code,name,level,parent,urban_rural_code,postcode,phone_area_code,lon_gcj02,lat_gcj02\n"
    write("register", "points", b"\1" + (head + '990101100201,"Example, Village",village,990101100000,220,000000,000,119.5,30.5\n').encode())
    write("register", "changes", b"\2" + b"change,code,name,level\nadded,990101100202,Example Village,village\nremoved,990101100203,Other,village\n")
    square = [[119.0, 30.0], [119.1, 30.0], [119.1, 30.1], [119.0, 30.1], [119.0, 30.0]]
    for name, geometry in [
        ("outline", {"type": "Polygon", "coordinates": [square]}),
        ("outlines", {"type": "MultiPolygon", "coordinates": [[square], [square, square]]}),
        ("line", {"type": "LineString", "coordinates": square}),
    ]:
        feature = {"type": "Feature", "properties": {"code": "990101", "name": "Example"}, "geometry": geometry}
        write("register", name, b"\3" + json.dumps({"type": "FeatureCollection", "features": [feature]}).encode())


def multipart():
    def form(boundary, *parts, end="--\r\n"):
        body = "".join(f"--{boundary}\r\n{head}\r\n\r\n{content}\r\n" for head, content in parts)
        return f"multipart/form-data; boundary={boundary}\n{body}--{boundary}{end}"

    name = 'Content-Disposition: form-data; name="words"'
    file = 'Content-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png'
    write("multipart", "field", form("here", (name, "some words")))
    write("multipart", "file", form("here", (name, "x"), (file, "\x89PNG")))
    write("multipart", "no-end", form("here", (name, "x"), end=""))
    write("multipart", "extended", form("here", ("Content-Disposition: form-data; name=a; filename*=UTF-8''%e4%b8%ad", "x")))
    write("multipart", "quoted", form("here", ('Content-Disposition: form-data; name="a\\"b"; filename="..\\\\c"', "--her")))
    write("multipart", "quoted-boundary", 'multipart/form-data; boundary="a b"\n--a b\r\n\r\nx\r\n--a b--\r\n')


def exif():
    def entry(tag, kind, count, value):
        return struct.pack(">HHI", tag, kind, count) + value

    def tiff(*entries, behind=b"", after=0):
        return b"MM\0\x2a\0\0\0\x08" + struct.pack(">H", len(entries)) + b"".join(entries) + struct.pack(">I", after) + behind

    write("exif", "orientation", tiff(entry(0x0112, 3, 1, b"\0\x06\0\0")))
    write("exif", "circle", tiff(entry(0x8825, 4, 1, struct.pack(">I", 8)), after=8))
    gps_at = 8 + 2 + 12 + 4
    values = gps_at + 2 + 4 * 12 + 4
    gps = struct.pack(">H", 4) + entry(1, 2, 2, b"N\0\0\0") + entry(2, 5, 3, struct.pack(">I", values))
    gps += entry(3, 2, 2, b"E\0\0\0") + entry(4, 5, 3, struct.pack(">I", values + 24)) + bytes(4)
    angles = b"".join(struct.pack(">II", n, 1) for n in (30, 30, 30, 119, 30, 30))
    write("exif", "position", tiff(entry(0x8825, 4, 1, struct.pack(">I", gps_at)), behind=gps + angles))
    exif_at = gps_at
    taken = struct.pack(">H", 1) + entry(0x9003, 2, 20, struct.pack(">I", exif_at + 18)) + bytes(4) + b"2026:11:23 09:30:00\0"
    write("exif", "taken", tiff(entry(0x8769, 4, 1, struct.pack(">I", exif_at)), behind=taken))
    write("exif", "little", b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0")


def commands():
    place, problem = 99010110020100, "00000000-0000-7000-8000-000000000000"
    given = [
        {"type": "problems.report", "place": place, "field": "waste", "text": "x", "photos": ["0" * 64],
         "position": {"lon_e7": 1190000000, "lat_e7": 300000000}, "found_ms": 1},
        {"type": "problems.assign", "problem": problem, "due": "2026-12-01", "note": "x"},
        {"type": "problems.verify_fix", "problem": problem, "note": "x", "photos": [{"file": "0" * 64, "taken_ms": 1}]},
        {"type": "problems.merge", "problem": problem, "into": problem},
        {"type": "topics.propose", "place": place, "field": "lighting", "title": "x", "problems": [problem]},
        {"type": "places.count", "place": place, "what": "hamlets", "value": 3, "on": "2026-10-01", "method": "register"},
        {"type": "places.close", "place": place, "on": "2026-10-01", "into": [place], "document": "x"},
        {"type": "rules.set", "place": place, "from": "2026-10-01", "rule": "problems.topics",
         "value": {"villages_min": 3, "days": 90}, "reason": "x"},
        {"type": "import.register", "origin": "x", "document": "x", "changed_on": None, "changes": [], "details": [],
         "rows": [{"code": "990101000000", "name": "x", "level": "county", "kind": "area", "parent": None}]},
    ]
    for n, command in enumerate(given):
        write("command", f"{n}-{command['type']}", json.dumps(command))
    write("headers", "command", b"\x06\x08application/json\n\n" + json.dumps({"id": problem, "command": given[1]}).encode())
    write("headers", "cookies", b"\x00\x00qw_lang=en; qw_session=00; a=b\n\x01en-GB,en;q=0.8,zh\n\x02text/html")
    write("headers", "form", b"\x05\x05http://localhost\n\x08application/x-www-form-urlencoded\n\nr=abc&solved=1&id=x&words=y")
    write("headers", "parts", b'\x05\x08multipart/form-data; boundary=a\n\n--a\r\nContent-Disposition: form-data; name="r"\r\n\r\nx\r\n--a--\r\n')
    write("headers", "host", b"\x01\x04[::1]:8443\n\x0apre, 192.0.2.1")


def forms():
    form = (ROOT / "demo/forms/village_look_demo.xml").read_bytes()
    write("form", "demo", form)
    for path in sorted((ROOT / "crates/xforms/tests/differential/forms").glob("*.xml")):
        if path.stat().st_size < 6000:
            write("form", path.stem[:40], path.read_bytes())
    head = "<h:html xmlns='http://www.w3.org/2002/xforms' xmlns:h='http://www.w3.org/1999/xhtml' xmlns:jr='http://openrosa.org/javarosa'><h:head><h:title>f</h:title><model>"
    small = (
        head + "<instance><data id='f' version='1'><a/><r jr:template=''><n/></r><meta><instanceID/></meta></data></instance>"
        "<bind nodeset='/data/a' type='int' required='true()' constraint='. &gt; 0'/><bind nodeset='/data/r/n' calculate='position(..) * /data/a'/>"
        "</model></h:head><h:body><input ref='/data/a'/><group><repeat nodeset='/data/r'><input ref='n'/></repeat></group></h:body></h:html>"
    )
    filled = "<data id='f' version='1'><a>3</a><r><n>3</n></r><r><n>7</n></r><meta><instanceID>uuid:1</instanceID></meta></data>"
    write("form", "filled", small + "\0" + filled)
    write("form", "doctype", "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>")
    for n, text in enumerate([
        "/data/a + 1", "../r[position() = 2]/n", "count(/data/r[n > 0]) * 2 - 1", "sum(/data/r/n) div 2", "instance('list')/root/item[name = /data/a]/label",
        "if(selected(/data/b, 'x'), concat(/data/b, '-', 'y'), '')", "format-date(date('2020-02-29'), '%Y-%n-%d')", "regex(/data/b, '^[a-z ]+')",
        "indexed-repeat(/data/r/n, /data/r, 2)", "join(', ', /data/r/n)", "round(1 div 3, 2)", "not(/data/a = 3) or (2 > 1 and true())",
        "translate(/data/b, 'xy', 'ab')", "substring-before(/data/b, ' ')", "max(/data/r/n) mod 2", "distance(/data/p)", "//n | /data/*", "randomize(instance('list')/root/item, 3)",
        "string-length(normalize-space(.))", "coalesce(/data/c, 'z')", "decimal-date-time('2020-01-01T00:00:00Z')", "-(-3)", "digest('a', 'SHA-256', 'hex')",
    ]):
        write("xpath", f"{n:02}", text)
    write("workbook", "mark-in-name", "csurvey,,,\n,type,name,label\n,select_one a,q,Q\nchoices,,,\n,list_name,name,labe\ufeffl\n,a,0,One\n")
    write("workbook", "control-in-head", "csurvey,,,\n,type,name,label::s\x17\n,text,q,Q\n")
    write("workbook", "prefix", "csurvey,,,\n,type,name,label\n,text,q:a,A\n")
    write("workbook", "csv", "csurvey,,,\n,type,name,label\n,select_one a,q,Q\n,begin repeat,r,R\n,integer,n,N\n,end repeat,,\nchoices,,,\n,list_name,name,label\n,a,1,One\n")
    with zipfile.ZipFile(ROOT / "demo/forms/village_look_demo.xlsx") as book:
        parts = [f"{name}\n".encode() + book.read(name) for name in book.namelist() if name.endswith((".xml", ".rels"))]
    kept = [part for part in parts if len(part) < 40000]
    write("workbook", "demo-parts", b"p" + b"\x1e".join(kept))
    sheet = "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>{}</sheetData></worksheet>"
    rows = [["type", "name", "label"], ["text", "a", "A"], ["calculate", "b", "${a}"]]
    cells = "".join(
        f"<row r='{r + 1}'>" + "".join(f"<c r='{'ABC'[c]}{r + 1}' t='inlineStr'><is><t>{v}</t></is></c>" for c, v in enumerate(row)) + "</row>"
        for r, row in enumerate(rows)
    )
    rels = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='rId1' Type='http://schemas.openxmlformats.org/officeDocument/2006/relationships/{}' Target='{}'/></Relationships>"
    small = {
        "[Content_Types].xml": "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>",
        "_rels/.rels": rels.format("officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": rels.format("worksheet", "worksheets/sheet1.xml"),
        "xl/workbook.xml": "<workbook xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><sheets><sheet name='survey' sheetId='1' r:id='rId1'/></sheets></workbook>",
        "xl/worksheets/sheet1.xml": sheet.format(cells),
    }
    write("workbook", "small-parts", "p" + "\x1e".join(f"{name}\n{content}" for name, content in small.items()))


def questions():
    asked = [
        (0, "state=reported,assigned&sort=-due&limit=3&count=1&q=x"), (0, "due.from=2026-01-01&due.to=2026-12-31&overdue=1"),
        (0, "after=WzEsIngiXQ&sort=due"), (1, "level=village&place=99010100000000"), (5, "by=state,field&sum=reopened"),
        (5, "by=child"), (7, "before=1-2-3&limit=5"), (9, "field=waste"), (10, "lang=en"), (11, "after=1-2-3"),
        (12, "level=child"), (13, "field=lighting&lon_e7=1190000000&lat_e7=300000000"), (16, "indicator=problems_open"),
        (17, "q=Example"), (18, "next=/console/"), (19, "r=abcdefghijkm&new=1"),
        (20, "$top=2&$count=true&$filter=__system/reviewState eq 'approved' or year(__system/submissionDate) ge 2020"),
        (20, "$filter=not (__system/submissionDate lt 2026-01-01T00:00:00.000Z)&$orderby=__system/submissionDate desc"),
        (20, "$select=n,at&$wkt=true&$skip=1"), (20, "$expand=*&$skiptoken=~1"), (21, "$top=1&$count=True"), (23, "$select=label,code"),
        (24, "state=approved&doubtful=true&current=1&received_on.from=2026-01-01"), (25, "name=households&sort=-on"),
        (26, "since=2026-01-01&never=1"), (27, "place=99010110020100&days=2"),
    ]
    for path, words in asked:
        write("questions", f"{path}-{len(words)}", bytes([path]) + words.encode())
    write("questions", "key", b"\x01limit=1\n99010100000000")


for make in (facts, chain, register, multipart, exif, commands, questions, forms):
    make()
