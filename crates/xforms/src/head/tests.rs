use super::*;

/// A form with a little of everything, written for these tests.
const FORM: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
  <h:head>
    <h:title>入户 &amp; 走访</h:title>
    <model>
      <itext><translation lang="中文"><text id="a"><value form="image">jr://images/厕所.png</value><value form="audio">jr://audio/a.mp3</value><value>有没有</value></text></translation></itext>
      <instance><data id="visit" version="2026112301"><village/><photo/><drawing>jr://images/base.png</drawing><g><film/></g><meta><instanceID/></meta></data></instance>
      <instance id="villages" src="jr://file-csv/villages.csv"/>
      <instance id="again" src="jr://file-csv/villages.csv"/>
      <instance id="last" src="jr://instance/last-saved"/>
      <instance id="yes"><root><item><name>1</name><label>jr://images/not-here.png</label></item></root></instance>
      <bind nodeset="/data/photo" type="binary"/>
      <bind nodeset="/data/g/film" type="binary"/>
      <bind nodeset="/data/village" type="string"/>
    </model>
  </h:head>
  <h:body><input ref="/data/village" appearance="search('towns')"/></h:body>
</h:html>"#;

fn form(text: &str) -> Result<FormHead> {
    form_head(text.as_bytes())
}

fn small(inside: &str, after: &str) -> String {
    format!("<html><head><model><instance>{inside}</instance>{after}</model></head></html>")
}

#[test]
fn a_form_says_what_it_is() {
    let head = form(FORM).unwrap();
    assert_eq!((head.id.as_str(), head.version.as_deref()), ("visit", Some("2026112301")));
    assert_eq!((head.title.as_str(), head.root.as_str(), head.encrypted), ("入户 & 走访", "data", false));
    let files: Vec<(&str, FileKind)> = head.files.iter().map(|f| (f.name.as_str(), f.kind)).collect();
    let expected = [
        ("厕所.png", FileKind::Image),
        ("a.mp3", FileKind::Audio),
        ("base.png", FileKind::Image),
        ("villages.csv", FileKind::Data),
        ("towns.csv", FileKind::Data),
    ];
    assert_eq!(files, expected);
    assert_eq!(head.file_questions, ["/data/photo", "/data/g/film"]);
}

#[test]
fn little_is_needed() {
    let head = form(&small(r#"<d id="a"/>"#, "")).unwrap();
    assert_eq!((head.id.as_str(), head.version, head.title.as_str()), ("a", None, "a"));
    let head = form(&small(r#"<d xmlns="http://example.org/a"/>"#, "")).unwrap();
    assert_eq!((head.id.as_str(), head.root_namespace.as_deref()), ("http://example.org/a", Some("http://example.org/a")));
    let head =
        form(&small(r#"<d id="a" xmlns:orx="x" orx:version="7"/>"#, r#"<submission base64RsaPublicKey="AAAA"/>"#)).unwrap();
    assert_eq!((head.version.as_deref(), head.encrypted), (Some("7"), true));
    assert!(!form(&small(r#"<d id="a"/>"#, r#"<submission action="https://example.org"/>"#)).unwrap().encrypted);
    let mark = format!("\u{FEFF}{}", small(r#"<d id="a"/>"#, ""));
    assert_eq!(form(&mark).unwrap().id, "a");
}

#[test]
fn what_is_no_form_says_why() {
    let missing = |part| Err(HeadError::Missing { missing: part });
    assert_eq!(form("<html><head/></html>"), missing(Part::Model));
    assert_eq!(form("<html><head><model/></head></html>"), missing(Part::Instance));
    assert_eq!(form(&small("", "")), missing(Part::Root));
    assert_eq!(form(&small("<d/>", "")), missing(Part::FormId));
    assert_eq!(form(&small(r#"<d id=" "/>"#, "")), missing(Part::FormId));
    assert_eq!(form(&small(r#"<d id="a"/><d id="b"/>"#, "")), Err(HeadError::Twice { part: Part::Root }));
    let two = "<html><head><title>a</title><title>b</title><model><instance><d id='a'/></instance></model></head></html>";
    assert_eq!(form(two), Err(HeadError::Twice { part: Part::Title }));
    let two = "<html><head><model><instance><d id='a'/></instance></model><model/></head></html>";
    assert_eq!(form(two), Err(HeadError::Twice { part: Part::Model }));
    for (broken, why) in [
        ("", "no root"),
        ("words", "outside"),
        ("<a><b></a>", ""),
        ("<a>", "broken off"),
        ("<a/><b/>", "second root"),
        ("<a x='1' x='2'/>", ""),
        ("<a>&unknown;</a>", "unknown entity"),
        ("<a b=c/>", ""),
        ("<a", ""),
    ] {
        match form(broken) {
            Err(HeadError::NotXml { why: told, .. }) => assert!(told.contains(why), "{broken}: {told}"),
            other => panic!("{broken}: {other:?}"),
        }
    }
    let long = small(&format!(r#"<d id="{}"/>"#, "长".repeat(201)), "");
    assert_eq!(form(&long), Err(HeadError::BadWord { part: Part::FormId, found: "长".repeat(40) }));
    for name in ["../etc/passwd", "a/b.csv", "a\\b.csv", ".."] {
        let bad = small(r#"<d id="a"/>"#, &format!(r#"<instance id="x" src="jr://file-csv/{name}"/>"#));
        assert_eq!(form(&bad), Err(HeadError::BadWord { part: Part::FileName, found: name.into() }));
    }
}

#[test]
fn bombs_are_not_lit() {
    let laughs = r#"<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><html>&b;</html>"#;
    assert_eq!(form(laughs), Err(HeadError::Doctype));
    let outside = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>"#;
    assert_eq!(form(outside), Err(HeadError::Doctype));
    assert_eq!(submission_head(outside.as_bytes(), &[]), Err(HeadError::Doctype));
    let deep = "<a>".repeat(100_000);
    assert_eq!(form(&deep), Err(HeadError::TooDeep { max: DEPTH_MAX }));
    assert_eq!(form_head(&vec![b' '; FORM_MAX + 1]), Err(HeadError::TooLarge { max: FORM_MAX }));
    let many: String = (0..1001).map(|n| format!(r#"<instance id="x" src="jr://file-csv/{n}.csv"/>"#)).collect();
    assert_eq!(form(&small(r#"<d id="a"/>"#, &many)), Err(HeadError::TooManyFiles { max: FILES_MAX }));
    let long = format!("<d id=\"a\"><meta><instanceID>{}</instanceID></meta></d>", "x".repeat(10_000_000));
    assert!(matches!(submission_head(long.as_bytes(), &[]), Err(HeadError::BadWord { part: Part::InstanceId, .. })));
}

#[test]
fn only_utf_8_is_read() {
    assert_eq!(form_head(b"<a>\xB4\xE5</a>"), Err(HeadError::NotUtf8), "GBK");
    assert_eq!(form_head(b"\xFF\xFE<\0a\0/\0>\0"), Err(HeadError::NotUtf8), "UTF-16");
    assert_eq!(form(r#"<?xml version="1.0" encoding="GB18030"?><a/>"#), Err(HeadError::NotUtf8));
    assert_eq!(form("<a>\0</a>"), Err(HeadError::NotUtf8));
}

const FILLED: &str = r#"<?xml version='1.0' ?><data id="visit" version="2026112301" xmlns:orx="http://openrosa.org/xforms"><village>上坞村</village><photo>1700000000001.jpg</photo><g><film>影.mp4</film><film>影.mp4</film></g><note>other.jpg</note><orx:meta><orx:instanceID>uuid:1</orx:instanceID><orx:deprecatedID> uuid:0 </orx:deprecatedID></orx:meta></data>"#;

#[test]
fn a_filled_form_says_what_it_is() {
    let questions = ["/data/photo".to_owned(), "/data/g/film".to_owned()];
    let head = submission_head(FILLED.as_bytes(), &questions).unwrap();
    assert_eq!((head.id.as_str(), head.version.as_deref(), head.root.as_str()), ("visit", Some("2026112301"), "data"));
    assert_eq!((head.instance.as_str(), head.deprecated.as_deref()), ("uuid:1", Some("uuid:0")));
    assert_eq!(head.mentioned, ["1700000000001.jpg", "影.mp4"]);
    assert!(!head.encrypted);
    assert!(submission_head(FILLED.as_bytes(), &[]).unwrap().mentioned.is_empty());
    // An instance id that is an answer is none.
    let answer = r#"<data id="a"><instanceID>uuid:9</instanceID><g><meta><instanceID>uuid:8</instanceID></meta></g></data>"#;
    assert_eq!(submission_head(answer.as_bytes(), &[]), Err(HeadError::Missing { missing: Part::InstanceId }));
    let two = r#"<data id="a"><meta><instanceID>1</instanceID><instanceID>2</instanceID></meta></data>"#;
    assert_eq!(submission_head(two.as_bytes(), &[]), Err(HeadError::Twice { part: Part::InstanceId }));
    let none = r#"<data><meta><instanceID>1</instanceID></meta></data>"#;
    assert_eq!(submission_head(none.as_bytes(), &[]), Err(HeadError::Missing { missing: Part::FormId }));
    let path = r#"<data id="a"><photo>../../x.jpg</photo><meta><instanceID>1</instanceID></meta></data>"#;
    assert!(matches!(submission_head(path.as_bytes(), &questions), Err(HeadError::BadWord { part: Part::FileName, .. })));
    // Written in pieces, it is one text.
    let pieces = r#"<data id="a"><photo>a&amp;<![CDATA[b<]]>&#x6751;.jpg</photo><meta><instanceID>1</instanceID></meta></data>"#;
    assert_eq!(submission_head(pieces.as_bytes(), &questions).unwrap().mentioned, ["a&b<村.jpg"]);
}

#[test]
fn answers_are_listed_as_they_stand() {
    let answers = leaves(FILLED.as_bytes(), 100, 4).unwrap();
    let expected = [
        ("/data/village", "上坞村"),
        ("/data/photo", "1700"),
        ("/data/g/film", "影.mp"),
        ("/data/g/film", "影.mp"),
        ("/data/note", "othe"),
        ("/data/meta/instanceID", "uuid"),
        ("/data/meta/deprecatedID", "uui"),
    ];
    let found: Vec<(&str, &str)> = answers.iter().map(|(p, t)| (p.as_str(), t.as_str())).collect();
    assert_eq!(found, expected);
    assert_eq!(leaves(FILLED.as_bytes(), 2, 100).unwrap().len(), 2);
    assert!(leaves(b"<a", 2, 100).is_err());
}

#[test]
fn an_encrypted_one_says_no_more_than_its_envelope() {
    let sealed = r#"<data id="visit" version="1" encrypted="yes" xmlns="http://www.opendatakit.org/xforms/encrypted"><base64EncryptedKey>AAAA</base64EncryptedKey><orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:1</orx:instanceID></orx:meta><media><file>a.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile><base64EncryptedElementSignature>AAAA</base64EncryptedElementSignature></data>"#;
    let head = submission_head(sealed.as_bytes(), &["/data/photo".to_owned()]).unwrap();
    assert!(head.encrypted);
    assert_eq!(head.mentioned, ["a.jpg.enc", "submission.xml.enc"]);
}

/// Whatever comes in, it ends, and truncated it is never taken for whole.
#[test]
fn cut_anywhere_it_is_refused() {
    for text in [FORM, FILLED] {
        for at in (0..text.trim_end().len()).filter(|at| text.is_char_boundary(*at)) {
            assert!(form(&text[..at]).is_err() && submission_head(&text.as_bytes()[..at], &[]).is_err(), "{at}");
        }
    }
}

/// The collected forms of others, where they lie beside the project.
#[test]
fn the_collected_forms_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forms");
    let Ok(index) = std::fs::read_to_string(folder.join("INDEX.csv")) else {
        eprintln!("skipped: the collected forms are not beside the project");
        return;
    };
    let (mut forms, mut filled, mut refused) = (0, 0, Vec::new());
    for line in index.lines().skip(1) {
        let mut cells = line.split(',');
        let (Some(file), Some(kind)) = (cells.next(), cells.next()) else { continue };
        let Ok(bytes) = std::fs::read(folder.join(file)) else { continue };
        match kind {
            "xform" => match form_head(&bytes) {
                Ok(head) => {
                    assert!(!head.id.is_empty() && !head.title.is_empty(), "{file}");
                    forms += 1;
                }
                Err(e) => refused.push(format!("{file}: {e}")),
            },
            "instance" => match submission_head(&bytes, &[]) {
                Ok(head) => {
                    assert!(!head.instance.is_empty(), "{file}");
                    filled += 1;
                }
                Err(e) => refused.push(format!("{file}: {e}")),
            },
            "xml-malformed" => assert!(form_head(&bytes).is_err(), "{file}"),
            _ => {}
        }
    }
    eprintln!("{forms} forms and {filled} filled forms read; refused:\n{}", refused.join("\n"));
    assert!(forms >= 270 && filled >= 25, "{forms} {filled}: {refused:?}");
}
