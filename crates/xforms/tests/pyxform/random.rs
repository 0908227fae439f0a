//! Made-up forms from a seed, over what the converter covers; some of them are wrong on purpose.

/// SplitMix64 (Steele, Lea and Flood 2014).
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Columns of the sheet `survey` that are made; those with a language once for each.
const COLUMNS: [&str; 24] = [
    "type",
    "name",
    "label",
    "hint",
    "guidance_hint",
    "relevant",
    "constraint",
    "constraint_message",
    "required",
    "required_message",
    "readonly",
    "calculation",
    "default",
    "trigger",
    "choice_filter",
    "parameters",
    "appearance",
    "repeat_count",
    "image",
    "audio",
    "bind::jr:x",
    "body::accuracy",
    "instance::kind",
    "save_to",
];

/// A workbook: sheets, each with rows of cells, the first the headers.
pub type Workbook = Vec<(&'static str, Vec<Vec<String>>)>;

struct Maker<'a> {
    dice: &'a mut Dice,
    rows: Vec<Vec<String>>,
    headers: Vec<String>,
    names: Vec<String>,
    questions: Vec<String>,
    repeats: Vec<String>,
    depth: usize,
    count: usize,
    languages: bool,
    entities: bool,
    /// Whether things may be wrong.
    wrong: bool,
}

impl Maker<'_> {
    fn reference(&mut self) -> String {
        if self.names.is_empty() {
            return "1".into();
        }
        let at = self.dice.below(self.names.len());
        if self.dice.one_in(12) { format!("${{last-saved#{}}}", self.names[at]) } else { format!("${{{}}}", self.names[at]) }
    }

    fn plain_reference(&mut self) -> String {
        let at = self.dice.below(self.names.len().max(1));
        self.names.get(at).map_or_else(String::new, |n| format!("${{{n}}}"))
    }

    fn question_reference(&mut self) -> String {
        let at = self.dice.below(self.questions.len().max(1));
        self.questions.get(at).map_or_else(String::new, |n| format!("${{{n}}}"))
    }

    fn expression(&mut self) -> String {
        let (a, b) = (self.reference(), self.reference());
        match self.dice.below(13) {
            0 => format!("{a} = 'x < y'"),
            1 => format!("{a} + {b} > 3"),
            2 => format!("if({a} != '', {b}, \"q\")"),
            3 => format!("instance('l1')/root/item[name = {a}]/label"),
            4 => format!("pulldata('villages', 'n', 'k', {a})"),
            5 => format!("count({a}) mod 2"),
            6 => "true".into(),
            7 => format!("concat({a}, ' & ', {b})"),
            8 => format!("selected({a}, 'a') and {b} >= 1"),
            9 if !self.repeats.is_empty() => {
                let at = self.dice.below(self.repeats.len());
                let (a, b) = (self.plain_reference(), self.plain_reference());
                format!("indexed-repeat({a}, ${{{}}}, {b})", self.repeats[at])
            }
            10 => format!("sum({a}) - position(..)"),
            11 => format!("instance('l2')/root/item[pid = {a} and name = {b}]/pop"),
            _ => "today()".into(),
        }
    }

    fn text(&mut self, what: &str) -> String {
        let count = self.count;
        match self.dice.below(9) {
            0 => format!("{what} {count} of {}?", self.reference()),
            1 => format!("{what} <b> & \"{count}\" {} {}", self.reference(), self.reference()),
            2 => format!("{what}  {count} 问题"),
            3 => format!("{what} instance('l1')/root/item[name = {}]/label {count}", self.reference()),
            4 => format!("{what} ‘{count}’"),
            _ => format!("{what} {count}"),
        }
    }

    fn set(&mut self, row: &mut [String], column: &str, value: String) {
        let found: Vec<usize> = self
            .headers
            .iter()
            .enumerate()
            .filter(|(_, h)| *h == column || h.starts_with(&format!("{column}::")))
            .map(|(i, _)| i)
            .collect();
        for (i, at) in found.iter().enumerate() {
            // Now and then one language is missing.
            if i == 0 || !self.dice.one_in(6) {
                row[*at] = if i == 0 { value.clone() } else { format!("{value} ({i})") };
            }
        }
    }

    fn question(&mut self) {
        self.count += 1;
        let kinds = [
            "text",
            "integer",
            "decimal",
            "note",
            "date",
            "time",
            "dateTime",
            "geopoint",
            "geotrace",
            "geoshape",
            "image",
            "audio",
            "video",
            "file",
            "barcode",
            "acknowledge",
            "calculate",
            "hidden",
            "range",
            "select_one l1",
            "select_multiple l1",
            "select_one l2",
            "rank l1",
            "select_one_from_file towns.csv",
            "select_multiple_from_file roads.xml",
            "select_one_from_file wells.geojson",
            "start",
            "end",
            "today",
            "deviceid",
            "username",
            "phonenumber",
            "email",
            "background-audio",
            "start-geopoint",
            "audit",
            "csv-external",
            "xml-external",
            "select_one l3 or_other",
            "background-geopoint",
            "select_one_external x1",
            "select_one l9",
            "string",
            "select_one ${",
            "nonsense",
        ];
        let at = self.dice.below(kinds.len());
        let mut kind = kinds[at].to_owned();
        if at >= kinds.len() - 4 && !(self.wrong && self.dice.one_in(3)) {
            kind = "integer".into();
        }
        if kind == "select_one ${" {
            kind = format!("select_one {}", self.plain_reference());
        }
        let mut name = format!("q{}", self.count);
        if kind == "audit" {
            name = String::new();
        } else if self.wrong && self.dice.one_in(20) {
            name = self.dice.pick(&["q1", "", "1x", "meta", "Q2", "q x"]).into();
        }
        let mut row = vec![String::new(); self.headers.len()];
        self.set(&mut row, "type", kind.clone());
        self.set(&mut row, "name", name.clone());
        if kind.ends_with("-external") && self.depth > 0 {
            self.set(&mut row, "type", "text".into());
            kind = "text".into();
        }
        if kind.ends_with("-external") {
            self.rows.push(row);
            return;
        }
        if !(self.wrong && self.dice.one_in(10) || kind == "calculate" || kind == "hidden") {
            let text = self.text("Label");
            self.set(&mut row, "label", text);
        }
        for (column, chance) in [("hint", 5), ("guidance_hint", 9)] {
            if self.dice.one_in(chance) {
                let text = self.text("Hint");
                self.set(&mut row, column, text);
            }
        }
        for (column, chance) in [("relevant", 4), ("constraint", 5), ("required", 6), ("readonly", 12)] {
            if self.dice.one_in(chance) {
                let text = if matches!(column, "required" | "readonly") && self.dice.one_in(2) {
                    "yes".into()
                } else {
                    self.expression()
                };
                self.set(&mut row, column, text);
            }
        }
        for (column, chance) in [("constraint_message", 8), ("required_message", 10)] {
            if self.dice.one_in(chance) {
                let text = self.text("Must");
                self.set(&mut row, column, text);
            }
        }
        if kind == "calculate" || (kind != "background-geopoint" && self.dice.one_in(20)) {
            let text = self.expression();
            self.set(&mut row, "calculation", text);
        }
        if self.dice.one_in(6) {
            let value = match self.dice.below(6) {
                0 => "now()".into(),
                1 => self.reference(),
                2 => "2026-11-25".into(),
                3 => "a b".into(),
                4 => "1 + 1".into(),
                _ => "7".into(),
            };
            self.set(&mut row, "default", value);
        }
        if self.questions.is_empty() {
        } else if (kind == "calculate" && self.dice.one_in(4)) || kind == "background-geopoint" || self.dice.one_in(25) {
            let value = if self.dice.one_in(4) {
                format!("{}, {}", self.question_reference(), self.question_reference())
            } else {
                self.question_reference()
            };
            self.set(&mut row, "trigger", value);
        }
        if kind.ends_with("or_other") || kind.starts_with("select_one l1") && !self.wrong {
        } else if kind.ends_with("_external x1") || kind == "select_one l2" || (kind.starts_with("select") && self.dice.one_in(6))
        {
            let value = format!("pid = {}", self.reference());
            self.set(&mut row, "choice_filter", value);
        }
        let parameters = match kind.as_str() {
            _ if !self.wrong && self.dice.one_in(2) => "",
            "range" if !self.wrong => self.dice.pick(&[
                "start=0 end=10 step=2",
                "start=0;end=1;step=0.1",
                "start=5, end=1",
                "start=0 end=4 tick_interval=2",
            ]),
            "image" if !self.wrong => self.dice.pick(&["max-pixels=1024", "app=org.example.cam"]),
            k if k.starts_with("select_one l") && !self.wrong => self.dice.pick(&["randomize=true", "randomize=true seed=42"]),
            "text" if !self.wrong => "rows=3",
            "range" => self.dice.pick(&[
                "start=0 end=10 step=2",
                "start=0;end=1;step=0.1",
                "start=5, end=1",
                "step=0",
                "start=0 end=4 tick_interval=2",
                "",
            ]),
            "text" => self.dice.pick(&["rows=3", "", "", "x=1"]),
            "image" => self.dice.pick(&["max-pixels=1024", "app=org.example.cam", "", "max-pixels=a"]),
            "audio" | "background-audio" => self.dice.pick(&["quality=low", "quality=normal", ""]),
            "geopoint" => self.dice.pick(&[
                "capture-accuracy=2.5",
                "warning-accuracy=20 allow-mock-accuracy=true",
                "",
                "reference-geometry=l1",
            ]),
            "geotrace" | "geoshape" => self.dice.pick(&["incremental=true", "allow-mock-accuracy=false", ""]),
            "audit" => self.dice.pick(&[
                "location-priority=balanced location-min-interval=60 location-max-age=120",
                "track-changes=true identify-user=true",
                "",
                "track-changes-reasons=on-form-edit",
            ]),
            k if k.contains("from_file") => self.dice.pick(&["value=ID label=nm", "", "randomize=true"]),
            k if k.starts_with("select_one l") => {
                self.dice.pick(&["randomize=true", "randomize=true seed=42", "", "", "", "seed=1"])
            }
            _ => "",
        };
        self.set(&mut row, "parameters", parameters.to_owned());
        if self.dice.one_in(6) {
            let value = match self.dice.below(8) {
                0 if kind.starts_with("select_one l1") => "minimal search('towns')".into(),
                1 => "multiline".into(),
                2 => "label".into(),
                3 => format!("w1 {}", self.reference()),
                _ => "w2 quick".into(),
            };
            self.set(&mut row, "appearance", value);
        }
        for (column, value, chance) in [
            ("image", "a.png", 12),
            ("audio", "a.mp3", 15),
            ("bind::jr:x", "y", 20),
            ("instance::kind", "t", 20),
            ("body::accuracy", "5", 25),
        ] {
            if self.dice.one_in(chance) {
                self.set(&mut row, column, value.to_owned());
            }
        }
        if self.entities && (self.depth == 0 || self.wrong) && self.dice.one_in(8) {
            let value = if self.wrong && self.dice.one_in(5) { "name".into() } else { format!("p{}", self.count) };
            self.set(&mut row, "save_to", value);
        }
        self.rows.push(row);
        if !name.is_empty() && !kind.contains("external") && kind != "audit" {
            self.names.push(name.clone());
            self.questions.push(name);
        }
    }

    fn container(&mut self) {
        self.count += 1;
        let kind = if self.dice.one_in(2) { "repeat" } else { "group" };
        let name = format!("{}{}", &kind[..1], self.count);
        let mut row = vec![String::new(); self.headers.len()];
        let separator = if self.dice.one_in(2) { " " } else { "_" };
        self.set(&mut row, "type", format!("begin{separator}{kind}"));
        self.set(&mut row, "name", name.clone());
        if !self.dice.one_in(4) {
            let text = self.text("Group");
            self.set(&mut row, "label", text);
        }
        if self.dice.one_in(4) {
            let text = self.expression();
            self.set(&mut row, "relevant", text);
        }
        if kind == "repeat" && self.dice.one_in(3) {
            let text = match self.dice.below(3) {
                0 => "3".into(),
                1 => self.plain_reference(),
                _ => self.expression(),
            };
            self.set(&mut row, "repeat_count", text);
        }
        if self.dice.one_in(3) {
            let value = self.dice.pick(&["field-list", "w3", "table-list", "compact"]).to_owned();
            self.set(&mut row, "appearance", value);
        }
        if self.dice.one_in(10) {
            self.set(&mut row, "instance::kind", "t2".into());
        }
        self.rows.push(row);
        self.names.push(name.clone());
        if kind == "repeat" {
            self.repeats.push(name);
        }
        self.depth += 1;
        for _ in 0..1 + self.dice.below(4) {
            self.something();
        }
        self.depth -= 1;
        if self.wrong && self.dice.one_in(20) {
            return;
        }
        let mut row = vec![String::new(); self.headers.len()];
        self.set(&mut row, "type", format!("end{separator}{kind}"));
        self.rows.push(row);
    }

    fn something(&mut self) {
        if self.depth < 4 && self.dice.one_in(5) { self.container() } else { self.question() }
    }
}

/// Makes a form.
pub fn workbook(dice: &mut Dice) -> Workbook {
    let languages = dice.one_in(2);
    let entities = dice.one_in(3);
    let wrong = dice.one_in(4);
    let mut headers = Vec::new();
    for column in COLUMNS {
        let translated =
            matches!(column, "label" | "hint" | "guidance_hint" | "constraint_message" | "required_message" | "image" | "audio");
        match (translated && languages, dice.below(5)) {
            (true, 0) => headers.extend([column.to_owned(), format!("{column}::English (en)")]),
            (true, _) => headers.extend([format!("{column}::中文 (zh)"), format!("{column}::English (en)")]),
            (false, _) if column == "save_to" && !entities => {}
            (false, _) => headers.push(column.to_owned()),
        }
    }
    let mut maker = Maker {
        dice,
        rows: Vec::new(),
        headers: headers.clone(),
        names: Vec::new(),
        questions: Vec::new(),
        repeats: Vec::new(),
        depth: 0,
        count: 0,
        languages,
        entities,
        wrong,
    };
    for _ in 0..3 + maker.dice.below(14) {
        maker.something();
    }
    let languages = maker.languages;
    let (mut survey, a_name) = (vec![headers], maker.names.first().cloned());
    survey.extend(std::mem::take(&mut maker.rows));
    let text = |t: &str| t.to_owned();
    let label = if languages { ["label::中文 (zh)", "label::English (en)"] } else { ["label", "x_note"] };
    let mut choices = vec![["list_name", "name", label[0], label[1], "pid", "pop"].map(text).to_vec()];
    for (list, count) in [("l1", 3), ("l2", 4), ("l3", 2)] {
        for i in 0..count {
            let mut shown = format!("Choice {list} {i} <");
            if list == "l3" && dice.one_in(6) {
                shown.push_str(&a_name.as_ref().map(|n| format!(" ${{{n}}}")).unwrap_or_default());
            }
            let second = if languages || dice.one_in(3) { format!("Second {i}") } else { String::new() };
            choices.push(vec![text(list), format!("c{i}"), shown, second, format!("c{}", i % 2), format!("{}", i * 100)]);
        }
    }
    if wrong && dice.one_in(5) {
        choices.push(["l1", "c0", "Again", "Again", "", ""].map(text).to_vec());
    }
    let mut settings = vec![Vec::new(), Vec::new()];
    for (header, value, chance) in [
        ("form_id", "f1", 2),
        ("form_title", "A <form>", 2),
        ("version", "2026112501", 2),
        ("default_language", "中文 (zh)", 2),
        ("instance_name", "concat('a', today())", 4),
        ("style", "pages", 4),
        ("submission_url", "https://example.invalid/submission", 8),
        ("public_key", "MIIB", 8),
        ("auto_send", "true", 8),
        ("name", "root1", 8),
        ("instance_xmlns", "http://example.invalid/i", 12),
        ("delimiter", "+", 12),
        ("prefix", "p", 12),
        ("auto_delete", "false", 12),
        ("omit_instanceID", "yes", 15),
        ("namespaces", "ex=\"http://example.invalid/ex\"", 8),
        ("attribute::kind", "k", 8),
        ("allow_choice_duplicates", "yes", 6),
        ("clean_text_values", "no", 8),
        ("client_editable", "yes", 8),
    ] {
        if dice.one_in(chance) {
            settings[0].push(text(header));
            settings[1].push(text(value));
        }
    }
    let outside = vec![["list_name", "name", "label"].map(text).to_vec(), ["x1", "a", "A"].map(text).to_vec()];
    let mut book = vec![("survey", survey), ("choices", choices), ("external_choices", outside)];
    if !settings[0].is_empty() {
        book.push(("settings", settings));
    }
    if entities {
        let name = a_name.unwrap_or_else(|| "q1".into());
        let mut rows = vec![["list_name", "label", "entity_id", "create_if", "update_if"].map(text).to_vec()];
        let reference = format!("${{{name}}}");
        rows.push(match dice.below(4) {
            0 => [&text("trees"), &reference, &text(""), &text(""), &text("")].map(Clone::clone).to_vec(),
            1 => [&text("trees"), &text("'x'"), &text(""), &format!("{reference} = 1"), &text("")].map(Clone::clone).to_vec(),
            2 => [&text("trees"), &reference, &reference, &text(""), &text("")].map(Clone::clone).to_vec(),
            _ => [&text("trees"), &reference, &reference, &text("1 = 1"), &text("2 = 2")].map(Clone::clone).to_vec(),
        });
        book.push(("entities", rows));
    }
    book
}

/// A workbook as the CSV file that holds all sheets.
pub fn csv(book: &Workbook) -> String {
    let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let mut out = String::new();
    for (sheet, rows) in book {
        out.push_str(&format!("{sheet},,,,\n"));
        for row in rows {
            out.push_str(&format!(",{}\n", row.iter().map(quoted).collect::<Vec<_>>().join(",")));
        }
    }
    out
}

/// A workbook as a file of today.
pub fn xlsx(book: &Workbook) -> Vec<u8> {
    let mut file = rust_xlsxwriter::Workbook::new();
    for (name, rows) in book {
        let sheet = file.add_worksheet();
        sheet.set_name(*name).expect("a name");
        for (r, row) in rows.iter().enumerate() {
            for (c, cell) in row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                match cell.parse::<f64>() {
                    Ok(number) if r > 0 => sheet.write(r as u32, c as u16, number).expect("a number"),
                    _ => sheet.write(r as u32, c as u16, cell).expect("a text"),
                };
            }
        }
    }
    file.save_to_buffer().expect("a workbook")
}
