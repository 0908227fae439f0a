#!/usr/bin/env python3
"""Has pyODK, the client of ODK Central's makers, make its calls against the real binary.

The real binary serves a made-up county on a free port of this machine; its programme office brings a form over our own
interface, and pyODK does the rest over Central's. Ends with a line of counts that `./dev test` reads.
Usage: python pyodk_calls.py BINARY, with a Python that has pyodk.
"""

import http.client
import json
import pathlib
import sys
import tempfile
import urllib.parse

from pyodk._utils.config import CentralConfig, Config
from pyodk.client import Client
from pyodk.errors import PyODKError
from schemathesis import session, start

FORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms">
  <h:head><h:title>入户走访</h:title>
    <model>
      <instance><data id="pyodk visit" version="1"><village/><photo/><orx:meta><orx:instanceID/></orx:meta></data></instance>
      <bind nodeset="/data/village" type="string"/><bind nodeset="/data/photo" type="binary"/>
    </model>
  </h:head>
  <h:body><input ref="/data/village"/><upload ref="/data/photo" mediatype="image/*"/></h:body>
</h:html>"""


def filled(instance, village, deprecated=""):
    """The form, filled in."""
    replaced = f"<orx:deprecatedID>{deprecated}</orx:deprecatedID>" if deprecated else ""
    return (
        f'<data id="pyodk visit" version="1" xmlns:orx="http://openrosa.org/xforms"><village>{village}</village>'
        f"<photo>照片.jpg</photo><orx:meta><orx:instanceID>{instance}</orx:instanceID>{replaced}</orx:meta></data>"
    )


class Office:
    """Our own interface, as the programme office."""

    def __init__(self, address, cookie):
        self.address, self.cookie = address, cookie

    def ask(self, method, path, body=None, media="application/json"):
        server = http.client.HTTPConnection(urllib.parse.urlsplit(self.address).netloc, timeout=30)
        server.request(method, path, body, {"Content-Type": media, "X-Qianwan": "1", "Cookie": self.cookie})
        answer = server.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text)

    def offer(self, place, form=FORM, identity="0199f000-0000-7000-8000-00000000abcd"):
        brought = self.ask("POST", f"/api/forms?place={place}", form.encode(), "text/xml")
        command = {"type": "surveys.publish", "form": brought["form"], "version": "1"}
        self.ask("POST", "/api/commands", json.dumps({"id": identity, "command": command}))


class Counts:
    """What held and what did not."""

    def __init__(self):
        self.passed = self.failed = 0

    def holds(self, what, good):
        self.passed += bool(good)
        self.failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {what}", flush=True)

    def refused(self, what, status, call):
        try:
            call()
        except PyODKError as error:
            told = error.args[1].status_code
            self.holds(f"{what}: {told}", told == status)
        else:
            self.holds(f"{what} is refused", False)


def calls(counts, address, person, org, folder):
    """What pyODK does."""
    config = Config(CentralConfig(base_url=address, username=person["name"], password=person["password"], default_project_id=org))
    with Client(config=config, cache_path=f"{folder}/cache.toml") as client:
        projects = client.projects.list()
        counts.holds("projects", [p.id for p in projects] == [org])
        counts.holds("a project", client.projects.get(org).name == projects[0].name)
        forms = {f.xmlFormId: f for f in client.forms.list()}
        counts.holds("forms", "pyodk visit" in forms and forms["pyodk visit"].name == "入户走访")
        form = client.forms.get("pyodk visit")
        counts.holds("a form", (form.version, form.state, form.projectId) == ("1", "open", org))
        xml = client.session.get(f"projects/{org}/forms/pyodk%20visit.xml")
        counts.holds("the form's XML", xml.text == FORM)

        photo = pathlib.Path(folder) / "照片.jpg"
        photo.write_bytes(b"\xff\xd8\xff\xe0 not much of a photo \xff\xd9")
        made = client.submissions.create(filled("uuid:py-1", "上坞村"), form_id="pyodk visit", device_id="laptop", attachments=[photo])
        counts.holds("handing in", made.instanceId == "uuid:py-1" and made.deviceId == "laptop")
        counts.holds("with a file", [(a.name, a.exists) for a in made.attachments] == [("照片.jpg", True)])
        again = client.submissions.create(filled("uuid:py-1", "上坞村"), form_id="pyodk visit")
        counts.holds("the same again", again.instanceId == "uuid:py-1")
        other = filled("uuid:py-1", "下坞村")
        counts.refused("other content", 409, lambda: client.submissions.create(other, form_id="pyodk visit"))
        counts.refused("an unknown form", 404, lambda: client.submissions.create(other, form_id="none"))
        listed = client.submissions.list("pyodk visit")
        counts.holds("submissions", [s.instanceId for s in listed] == ["uuid:py-1"])
        one = client.submissions.get("uuid:py-1", form_id="pyodk visit")
        counts.holds("a submission", one.createdAt == made.createdAt and one.reviewState is None)
        edit = filled("uuid:py-2", "下坞村", "uuid:py-1")
        edited = client.submissions.create(edit, form_id="pyodk visit")
        counts.holds("an edit", edited.reviewState == "edited" and [a.exists for a in edited.attachments] == [True])
        listed = client.submissions.list("pyodk visit")
        counts.holds("the latest of each", [s.instanceId for s in listed] == ["uuid:py-2"])
        base = f"projects/{org}/forms/pyodk%20visit/submissions/uuid%3Apy-2"
        counts.holds("a submission's XML", client.session.get(f"{base}.xml").text == edit)
        file = client.session.get(f"{base}/attachments/{urllib.parse.quote('照片.jpg')}")
        counts.holds("a submission's file", file.content == photo.read_bytes())
        tables(counts, client)


# --- Submissions as tables.
HOUSEHOLD = """<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"><h:head><h:title>户表</h:title><model><instance><data id="pyodk table" version="1"><name/><at/><person jr:template=""><age/></person><orx:meta><orx:instanceID/></orx:meta></data></instance><bind nodeset="/data/at" type="geopoint"/><bind nodeset="/data/person/age" type="int"/></model></h:head><h:body><input ref="/data/name"/><group ref="/data/person"><repeat nodeset="/data/person"><input ref="/data/person/age"/></repeat></group></h:body></h:html>"""


def household(number):
    """One household of two."""
    people = "".join(f"<person><age>{age}</age></person>" for age in (number, number + 30))
    return (
        f'<data id="pyodk table" version="1" xmlns:orx="http://openrosa.org/xforms"><name>第{number}户</name><at>30.5 119.6 12 8</at>'
        f"{people}<orx:meta><orx:instanceID>uuid:t-{number}</orx:instanceID></orx:meta></data>"
    )


def tables(counts, client):
    """Tables through OData."""
    form = "pyodk table"
    for number in range(5):
        client.submissions.create(household(number), form_id=form)
    table = client.submissions.get_table(form_id=form, count=True)
    counts.holds("a table", table["@odata.count"] == 5 and {r["name"] for r in table["value"]} == {f"第{n}户" for n in range(5)})
    row = next(r for r in table["value"] if r["__id"] == "uuid:t-2")
    counts.holds("a point", row["at"]["type"] == "Point" and row["at"]["coordinates"] == [119.6, 30.5, 12])
    counts.holds("as WKT", client.submissions.get_table(form_id=form, wkt=True)["value"][0]["at"] == "POINT (119.6 30.5 12)")
    people = client.submissions.get_table(form_id=form, table_name="Submissions.person", count=True)
    counts.holds("a repeat", people["@odata.count"] == 10 and sum(r["__Submissions-id"] == "uuid:t-2" for r in people["value"]) == 2)
    first = client.submissions.get_table(form_id=form, top=2, count=True)
    rest = client.submissions.get_table(form_id=form, skip=2)
    whole = [r["__id"] for r in table["value"]]
    counts.holds("pages", [r["__id"] for r in first["value"] + rest["value"]] == whole and first["@odata.count"] == 5)
    following = client.session.get(first["@odata.nextLink"]).json()
    counts.holds("the next page", [r["__id"] for r in following["value"]] == whole[2:4])
    expanded = client.submissions.get_table(form_id=form, expand="*", filter="year(__system/submissionDate) eq year(now())")
    counts.holds("expanded and filtered", all(len(r["person"]) == 2 for r in expanded["value"]) and len(expanded["value"]) == 5)
    none = client.submissions.get_table(form_id=form, filter="__system/reviewState eq 'approved'", count=True)
    counts.holds("a filter for none", none["value"] == [] and none["@odata.count"] == 0)
    counts.refused("a filter by answers", 501, lambda: client.submissions.get_table(form_id=form, filter="name eq 'x'"))


CHOICES = "name,label\na,甲组\nb,乙组\n"


def with_choices(version, title="巡查表"):
    """A form that looks its choices up in a file."""
    instance = '</instance><instance id="groups" src="jr://file-csv/groups.csv"/>'
    body = FORM.replace("</instance>", instance).replace('id="pyodk visit" version="1"', f'id="pyodk rounds" version="{version}"')
    return body.replace("入户走访", title)


def writing(counts, address, people, org, folder):
    """What pyODK does where it changes forms, submissions and phones, and reads entity lists."""
    person = {p["name"]: p for p in people}

    def client_of(name):
        central = CentralConfig(
            base_url=address, username=name, password=person[name]["password"], default_project_id=org
        )
        return Client(config=Config(central), cache_path=f"{folder}/{name}.toml")

    with client_of("office") as office, client_of("head") as head, client_of("admin") as admin:
        groups = pathlib.Path(folder) / "groups.csv"
        groups.write_text(CHOICES)
        form = office.forms.create(with_choices("1"), attachments=[groups])
        counts.holds("a form made, with its file", (form.xmlFormId, form.version) == ("pyodk rounds", "1"))
        counts.holds("and published", office.forms.get("pyodk rounds").publishedAt is not None)
        counts.refused("made twice", 409, lambda: office.forms.create(with_choices("1"), attachments=[groups]))
        counts.refused("made by who may not", 403, lambda: head.forms.create(with_choices("1")))
        office.forms.update("pyodk rounds", definition=with_choices("2", "巡查表（二）"))
        counts.holds("its next version", office.forms.get("pyodk rounds").version == "2")
        groups.write_text(CHOICES + "c,丙组\n")
        office.forms.update("pyodk rounds", attachments=[groups], version_updater=lambda v: str(int(v) + 1))
        counts.holds("another file, another version", office.forms.get("pyodk rounds").version == "3")
        office.forms.update("pyodk rounds", attachments=[groups])
        dated = office.forms.get("pyodk rounds").version
        counts.holds("its version by the clock", len(dated) > 10 and office.forms.get_xml("pyodk rounds").count(dated) == 1)
        book = pathlib.Path(__file__).parent.parent / "demo" / "forms" / "village_look_demo.xlsx"
        made = office.forms.create(book)
        counts.holds("a form from a workbook", made.xmlFormId == "village_look_demo")

        head.submissions.create(filled("uuid:py-10", "上坞村"), form_id="pyodk visit")
        office.submissions.edit(
            "uuid:py-10", filled("uuid:py-11", "下坞村", "uuid:py-10"), form_id="pyodk visit", comment="村名写错了"
        )
        edited = office.submissions.get("uuid:py-11", form_id="pyodk visit")
        counts.holds("an edit with a comment", edited.reviewState == "edited")
        stray = filled("uuid:py-12", "村", "uuid:py-10")
        counts.refused(
            "an edit of what was replaced", 409, lambda: office.submissions.edit("uuid:py-10", stray, form_id="pyodk visit")
        )
        said = head.submissions.add_comment("uuid:py-10", "已电话核实", form_id="pyodk visit")
        counts.holds("a comment", said.body == "已电话核实")
        head.submissions.review("uuid:py-10", "hasIssues", form_id="pyodk visit", comment="照片不清")
        counts.holds("a review", head.submissions.get("uuid:py-11", form_id="pyodk visit").reviewState == "hasIssues")
        words = [c.body for c in head.submissions.list_comments("uuid:py-10", form_id="pyodk visit")]
        counts.holds("what was said", words[0] == "照片不清" and {"已电话核实", "村名写错了"} <= set(words) and len(words) == 4)
        head.submissions.review("uuid:py-11", "approved", form_id="pyodk visit")
        counts.holds("approved", head.submissions.get("uuid:py-11", form_id="pyodk visit").reviewState == "approved")
        files = head.session.get(f"projects/{org}/forms/pyodk%20visit/submissions/uuid%3Apy-11/versions").json()
        counts.holds("versions", [v["instanceId"] for v in files] == ["uuid:py-11", "uuid:py-10"])

        phones = admin.projects.create_app_users(["下乡一组", "下乡二组"], forms=["pyodk visit"])
        counts.holds("phones", [p.displayName for p in phones] == ["下乡一组", "下乡二组"] and all(p.token for p in phones))
        refused = lambda: office.projects.create_app_users(["x"])  # noqa: E731
        counts.refused("phones by who may not", 403, refused)

        lists = {e.name for e in office.entity_lists.list()}
        counts.holds("entity lists", {"places", "pyodk rounds.groups"} <= lists)
        places = office.entity_lists.get("places")
        counts.holds("one with its properties", "households" in [p.name for p in places.properties])
        found = office.entities.list("places")
        counts.holds("entities", len(found) > 10 and len({e.uuid for e in found}) == len(found))
        table = office.entities.get_table("places", top=3, skip=1, count=True, select="__id,label,code")
        rows = table["value"]
        counts.holds("a page of them", len(rows) == 3 and table["@odata.count"] == len(found) and rows[0]["__id"] == found[1].uuid)
        table = office.entities.get_table("pyodk rounds.groups")
        counts.holds("a file of a form", [(r["name"], r["label"]) for r in table["value"]][-1] == ("c", "丙组"))
        counts.refused("writing entities", 405, lambda: office.entities.create("x", {"name": "x"}, entity_list_name="places"))


def main():
    binary = str(pathlib.Path(sys.argv[1]).resolve())
    counts = Counts()
    with tempfile.TemporaryDirectory(prefix="qianwan-pyodk-") as folder:
        county, address, people = start(binary, f"{folder}/data")
        try:
            person = next(p for p in people if p["name"] == "office")
            office = Office(address, session(address, person))
            place = office.ask("GET", "/api/session")["home"]
            office.offer(place["id"])
            office.offer(place["id"], HOUSEHOLD, "0199f000-0000-7000-8000-00000000abce")
            calls(counts, address, person, int(place["code"][:6]), folder)
            writing(counts, address, people, int(place["code"][:6]), folder)
        finally:
            county.terminate()
            county.wait(30)
    print(f"pyodk: {counts.passed} passed, {counts.failed} failed")
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
