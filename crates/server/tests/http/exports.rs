//! Lists taken away as files: the same rows, harmless in a spreadsheet, marked as what they are.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use serde_json::json;

use crate::{persons::csv_rows, world::*};

fn sheet(reply: &Reply) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(reply.body.clone())).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

fn plain(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::Float(f) => format!("{f}"),
        Data::Int(i) => i.to_string(),
        Data::String(s) => s.clone(),
        other => panic!("{other:?}: neither number nor text"),
    }
}

#[test]
fn the_same_rows_as_the_list() {
    let filters = [
        ("problems", "field=waste"),
        ("problems", "state=assigned,claimed&sort=due"),
        ("problems", "overdue=1"),
        ("problems", "q=%E8%B7%AF"),
        ("problems", "reported_on.from=2026-06-01&reported_on.to=2026-06-30"),
        ("places", "level=village"),
        ("places", ""),
        ("counts", "what=hamlets"),
        ("rules", ""),
        ("topics", ""),
    ];
    for (view, filter) in filters {
        let count = SHARED.get(&format!("/api/rows/{view}?count=1&limit=1&{filter}")).by("office").send().json()["count"]
            .as_u64()
            .unwrap() as usize;
        let csv = SHARED.get(&format!("/api/export/{view}.csv?{filter}")).by("office").send();
        let xlsx = SHARED.get(&format!("/api/export/{view}.xlsx?{filter}")).by("office").send();
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert_eq!(xlsx.header("content-type"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
        for (reply, kind) in [(&csv, "csv"), (&xlsx, "xlsx")] {
            assert_eq!(reply.header("content-disposition"), format!("attachment; filename=\"qianwan-{view}-{TODAY}.{kind}\""));
        }
        let (lines, cells) = (csv_rows(&csv), sheet(&xlsx));
        assert_eq!(lines.len(), count + 1, "{view}?{filter}");
        // The sheet opens with the mark; the CSV carries it as its last column.
        assert!(plain(&cells[0][0]).contains("演示"), "{:?}", cells[0]);
        assert!(lines[0].last().unwrap().contains("演示") && lines[1..].iter().all(|l| l.last().unwrap() == "1"));
        assert_eq!(cells.len(), lines.len() + 1);
        let mut widest = 0;
        for (line, row) in lines.iter().zip(&cells[1..]) {
            let own: Vec<String> = line[..line.len() - 1].iter().map(|c| c.strip_prefix('\'').unwrap_or(c).to_owned()).collect();
            let theirs: Vec<String> = (0..own.len()).map(|i| row.get(i).map(plain).unwrap_or_default()).collect();
            assert_eq!(own, theirs, "{view}?{filter}");
            widest = widest.max(own.len());
        }
        assert!(widest > 3);
    }
}

#[test]
fn words_stay_words_in_a_spreadsheet() {
    let world = World::own();
    let formulas = [
        "=1+1",
        "+1",
        "-1+2",
        "@SUM(A1)",
        "=HYPERLINK(\"http://evil.example\",\"点我\")",
        "＝1+1",
        "＠SUM(A1)",
        "a,\"b\"\nc;d\t,e",
        "'quoted",
    ];
    for words in formulas {
        world.done(
            "office",
            json!({ "type": "problems.report", "place": place(At::Village).id, "field": "industry", "text": words }),
        );
    }
    let filter = format!("field=industry&place={}&reported_on.from={TODAY}", place(At::Village).id);
    let lines = csv_rows(&world.get(&format!("/api/export/problems.csv?{filter}")).by("office").send());
    let words_at = (0..lines[0].len()).find(|i| lines[1..].iter().any(|l| l[*i].contains("HYPERLINK"))).unwrap();
    let mut told: Vec<&str> = lines[1..].iter().map(|l| l[words_at].as_str()).collect();
    told.sort_unstable();
    for cell in lines[1..].iter().flatten() {
        assert!(!cell.starts_with(['=', '+', '@', '＝', '＋', '＠', '\t', '\r']), "{cell:?}");
        assert!(!cell.starts_with('-') || cell.parse::<i64>().is_ok(), "{cell:?}");
    }
    assert!(told.contains(&"'=1+1") && told.contains(&"a,\"b\"\nc;d,e"), "{told:?}");
    let xlsx = world.get(&format!("/api/export/problems.xlsx?{filter}")).by("office").send();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(xlsx.body.clone())).unwrap();
    let name = book.sheet_names()[0].clone();
    assert!(book.worksheet_formula(&name).unwrap().used_cells().next().is_none(), "no cell is a formula");
    let texts: Vec<String> = sheet(&xlsx).iter().flatten().map(plain).collect();
    assert!(texts.contains(&"=1+1".to_owned()));
}

#[test]
fn wrong_names_and_filters() {
    for file in ["problems", "problems.pdf", "nothing.csv", ".csv", "problems.csv.xlsx", "..%2Fproblems.csv"] {
        SHARED.get(&format!("/api/export/{file}")).by("office").send().refused(404, "not-found");
    }
    SHARED.get("/api/export/problems.csv?nothing=1").by("office").send().refused(422, "bad-query");
    SHARED.get("/api/export/problems.csv").by("village").send().refused(403, "forbidden");
    for (language, title) in [("zh-CN", "所在地"), ("en", "Lies in")] {
        let lines = csv_rows(&SHARED.get("/api/export/rules.csv").by("office").header("accept-language", language).send());
        assert!(lines[0].contains(&title.to_owned()), "{:?}", lines[0]);
    }
}

#[test]
fn without_a_demo_there_is_no_mark() {
    let real = World::own().with(|s| s.demo = false);
    let csv = real.get("/api/export/rules.csv").by("office").send();
    assert!(!csv_rows(&csv)[0].last().unwrap().contains("演示"));
    assert!(!plain(&sheet(&real.get("/api/export/rules.xlsx").by("office").send())[0][0]).contains("演示"));
    assert!(real.get("/api/rows/rules").by("office").send().json().get("demo").is_none());
    assert!(!real.get("/").send().text().contains("qw-band"));
}
