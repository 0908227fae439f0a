//! The sheet `survey`, row by row, into a tree; what cannot be read is found and passed over.

use std::collections::{HashMap, HashSet};

use super::{
    book::Sheet,
    entities::{Declarations, Saved},
    finding::{Finding, Severity, Word},
    form::{Action, Choice, Event, Form, Kind, List, Node},
    lexis,
    parameters::{self, Pairs},
    table::{Entry, Fields, Table, Value},
    types::{self, Container},
};

/// Groups within groups that are read.
pub const DEPTH_MAX: usize = 40;

/// Letters of a name.
const NAME_MAX: usize = 255;

/// Endings of files that choices come from.
pub(super) const ENDINGS: [&str; 3] = [".xml", ".csv", ".geojson"];

/// A name and its ending, the dot with it.
pub(super) fn split_ending(file: &str) -> (&str, &str) {
    match file.rfind('.') {
        Some(dot) if file[..dot].chars().any(|c| c != '.') => file.split_at(dot),
        _ => (file, ""),
    }
}

/// What was begun and not yet ended.
struct Open {
    container: Option<Container>,
    node: usize,
    row: u32,
    names: HashSet<String>,
    small: HashSet<String>,
}

/// Questions in a table, one list for all.
enum TableList {
    None,
    Begun,
    Of(String),
}

/// Reads the sheet `survey`.
pub(super) struct Reading<'a> {
    /// What was found.
    pub found: &'a mut Vec<Finding>,
    /// The form so far.
    pub form: Form,
    /// The sheet.
    pub table: &'a Table,
    /// Entities declared.
    pub declarations: &'a Declarations,
    /// What is saved to them.
    pub saved: Saved,
    /// Lists of the sheet `external_choices`; `None` without one.
    pub external: Option<HashSet<String>>,
    /// How often each name is in the sheet.
    pub names: HashMap<String, usize>,
    stack: Vec<Open>,
    table_list: TableList,
    /// Nodes that stand among the metadata.
    pub meta: Vec<Node>,
    questions: HashSet<String>,
    repeats: HashSet<String>,
    instances: HashSet<String>,
    triggers: Vec<(String, u32)>,
    geometries: Vec<(String, u32)>,
}

impl<'a> Reading<'a> {
    /// Before the first row.
    pub fn new(
        form: Form,
        table: &'a Table,
        declarations: &'a Declarations,
        external: Option<HashSet<String>>,
        found: &'a mut Vec<Finding>,
    ) -> Reading<'a> {
        let root = Open { container: None, node: 0, row: 0, names: HashSet::new(), small: HashSet::new() };
        Reading {
            found,
            form,
            table,
            declarations,
            saved: Saved::default(),
            external,
            names: HashMap::new(),
            stack: vec![root],
            table_list: TableList::None,
            meta: Vec::new(),
            questions: HashSet::new(),
            repeats: HashSet::new(),
            instances: HashSet::new(),
            triggers: Vec::new(),
            geometries: Vec::new(),
        }
    }

    fn find(&mut self, severity: Severity, row: u32, path: &[&str], word: Word) {
        let column = if path.is_empty() { None } else { self.table.column(path).cloned() };
        self.found.push(Finding { severity, sheet: Some("survey".into()), row: Some(row), column, word });
    }

    fn error(&mut self, row: u32, path: &[&str], word: Word) {
        self.find(Severity::Error, row, path, word);
    }

    fn warn(&mut self, row: u32, path: &[&str], word: Word) {
        self.find(Severity::Warning, row, path, word);
    }

    fn top(&self) -> usize {
        self.stack.last().map_or(0, |open| open.node)
    }

    /// Reads all rows, and what can be seen only at the end.
    pub fn rows(&mut self) {
        for entry in &self.table.entries {
            self.row(entry);
            if self.found.len() > super::FINDINGS_MAX {
                return;
            }
        }
        while self.stack.len() > 1 {
            if let Some(open) = self.stack.pop() {
                let kind = open.container.map_or("", Container::name).to_owned();
                let name = self.form.nodes[open.node].name.clone();
                self.error(open.row, &["type"], Word::NotEnded { kind, name });
            }
        }
        for (name, row) in std::mem::take(&mut self.triggers) {
            if !self.questions.contains(&name) {
                self.error(row, &["trigger"], Word::ReferenceUnknown { name });
            }
        }
        for (name, row) in std::mem::take(&mut self.geometries) {
            let repeat = lexis::only_reference(&name).is_some_and(|r| self.repeats.contains(r.name));
            let known = self.instances.contains(&name) || self.form.list(&name).is_some() || self.declarations.has(&name);
            if !repeat && !known {
                self.error(row, &["parameters"], Word::GeometryUnknown { name });
            }
        }
    }

    fn row(&mut self, entry: &Entry) {
        let row = entry.shown;
        let mut fields = entry.fields.clone();
        if let Some(disabled) = fields.take("disabled") {
            self.warn(row, &["disabled"], Word::DisabledUsed);
            if disabled.text().and_then(types::yes_no) == Some(true) {
                return;
            }
        }
        if fields.0.is_empty() {
            return;
        }
        let kind = types::newer(fields.text("type").unwrap_or_default()).to_owned();
        if kind.is_empty() {
            let comment = fields.get("name").is_none() && fields.get("label").is_none();
            let (severity, word) =
                if comment { (Severity::Warning, Word::CommentRow) } else { (Severity::Error, Word::TypeMissing) };
            return self.find(severity, row, &["type"], word);
        }
        let triggers = match fields.text("trigger").map(str::to_owned) {
            Some(text) => self.trigger(row, &text),
            None => Vec::new(),
        };
        let default = fields.text("default").map(str::to_owned);
        let dynamic = default.as_deref().is_some_and(|d| lexis::is_dynamic(d, &kind));
        let parameters = parameters::parse(fields.text("parameters").unwrap_or_default()).unwrap_or_else(|| {
            self.error(row, &["parameters"], Word::ParametersMalformed);
            Pairs::new()
        });
        if kind == "audit" {
            if let Some(name) = fields.text("name").filter(|n| *n != "audit").map(str::to_owned) {
                self.error(row, &["name"], Word::NameReserved { name });
            }
            let mut node = self.node("audit".into(), row, &kind, &mut fields);
            (node.default, node.dynamic, node.triggers) = (default, dynamic, triggers);
            return self.audit(node, &parameters);
        }
        if kind == "calculate" && fields.map("bind").and_then(|b| b.get("calculate")).is_none() && !dynamic {
            let name = fields.text("name").unwrap_or_default().to_owned();
            self.error(row, &["bind", "calculate"], Word::CalculationMissing { name });
        }
        if matches!(kind.as_str(), "subscriberid" | "simserial") {
            self.warn(row, &["type"], Word::MetadataDeprecated { name: kind.clone() });
        }
        if let Some(setting) = match kind.as_str() {
            "form_title" | "set_form_title" => Some("title"),
            "form_id" | "set_form_id" => Some("id_string"),
            "prefix" => Some("prefix"),
            _ => None,
        } {
            return self.form.settings.set_text(setting, fields.text("name").unwrap_or_default());
        }
        let end = types::end(&kind);
        let name = if end.is_some() { String::new() } else { self.name(entry, &fields, &kind) };
        self.save(row, &mut fields, &name, end.is_some() || types::begin(&kind).is_some());
        if let Some(container) = end {
            self.table_list = TableList::None;
            if self.stack.len() > 1 && self.stack.last().is_some_and(|open| open.container == Some(container)) {
                self.stack.pop();
            } else {
                self.error(row, &["type"], Word::NotBegun { kind: container.name().into() });
            }
            return;
        }
        if types::refused(&kind) {
            return self.error(row, &["type"], Word::TypeNotSupported { name: kind });
        }
        let mut node = self.node(name, row, &kind, &mut fields);
        node.filter = fields.text("choice_filter").map(str::to_owned);
        node.default = default;
        node.dynamic = dynamic;
        node.triggers = triggers;
        node.parameters = parameters;
        if let Some((container, list)) = types::begin(&kind) {
            return self.begin(entry, node, container, list, fields.text("intent"));
        }
        if dynamic {
            node.actions.push(Action { name: "setvalue", event: Event::FirstLoad, value: None, quality: None });
            if self.stack.iter().any(|open| open.container == Some(Container::Repeat)) {
                node.actions.push(Action { name: "setvalue", event: Event::NewRepeat, value: None, quality: None });
            }
        }
        self.questions.insert(node.name.clone());
        match kind.as_str() {
            "csv-external" | "xml-external" => {
                self.instances.insert(split_ending(&node.name).0.to_owned());
                node.kind = Kind::External { ending: if kind == "csv-external" { "csv" } else { "xml" } };
                let top = self.top();
                self.form.add(top, node);
            }
            _ => match types::select(&kind) {
                Some(select) => self.select(entry.number, node, &select),
                None => self.question(node),
            },
        }
    }

    /// Texts by language stand where no language can be meant.
    fn nested(&mut self, node: &Node) {
        const MESSAGES: [&str; 3] = ["jr:constraintMsg", "jr:requiredMsg", "jr:noAppErrorString"];
        let mut wrong: Vec<(&str, String)> = Vec::new();
        for (field, fields) in [("bind", &node.bind), ("control", &node.control), ("instance", &node.instance)] {
            for (name, value) in &fields.0 {
                if value.map().is_some() && !(field == "bind" && MESSAGES.contains(&name.as_str())) {
                    wrong.push((field, name.clone()));
                }
                if !lexis::is_name(name) {
                    wrong.push((field, name.clone()));
                }
            }
        }
        wrong.extend(node.media.0.iter().filter(|(n, _)| !types::MEDIA.contains(&n.as_str())).map(|(n, _)| ("media", n.clone())));
        for (field, header) in wrong {
            let path = [field, header.as_str()];
            self.error(node.row, &path, Word::ColumnNotUnderstood { header: header.clone() });
        }
    }

    fn trigger(&mut self, row: u32, text: &str) -> Vec<String> {
        let parts: Vec<_> = text.split(',').map(|part| (part, lexis::references(part))).collect();
        if !lexis::may_refer(text) || parts.iter().any(|(part, refs)| refs.len() > 1 || !lexis::well_formed(part)) {
            self.error(row, &["trigger"], Word::ReferenceMalformed);
            return Vec::new();
        }
        let names: Vec<String> = parts.iter().flat_map(|(_, refs)| refs.iter().map(|r| r.name.to_owned())).collect();
        self.triggers.extend(names.iter().map(|name| (name.clone(), row)));
        names
    }

    /// A node with what every row may hold.
    fn node(&mut self, name: String, row: u32, kind: &str, fields: &mut Fields) -> Node {
        for field in ["bind", "control", "instance", "media"] {
            if let Some(Value::Text(_)) = fields.get(field) {
                self.error(row, &[field], Word::ColumnNotUnderstood { header: field.into() });
            }
        }
        let mut node = Node::new(name, Kind::Root, row);
        node.type_name = kind.to_owned();
        node.label = fields.take("label");
        node.hint = fields.take("hint");
        node.guidance = fields.take("guidance_hint");
        node.media = fields.take_map("media");
        node.bind = fields.take_map("bind");
        node.control = fields.take_map("control");
        node.instance = fields.take_map("instance");
        self.nested(&node);
        node
    }

    fn audit(&mut self, mut node: Node, pairs: &Pairs) {
        let Some(kind) = types::question("audit") else { return };
        node.kind = Kind::Question(kind);
        if node.dynamic {
            node.actions.push(Action { name: "setvalue", event: Event::FirstLoad, value: None, quality: None });
        }
        for word in parameters::audit(pairs, &mut node.bind) {
            self.error(node.row, &["parameters"], word);
        }
        self.meta.push(node);
    }

    /// The name of a row, checked against those beside it.
    fn name(&mut self, entry: &Entry, fields: &Fields, kind: &str) -> String {
        let row = entry.shown;
        let name = match fields.text("name") {
            Some(name) => name.to_owned(),
            None if kind == "note" => format!("generated_note_name_{}", entry.number),
            None => {
                self.error(row, &["name"], Word::NameMissing);
                return String::new();
            }
        };
        if !lexis::is_name(&name) || name.chars().nth(NAME_MAX).is_some() {
            self.error(row, &["name"], Word::NameInvalid { name: name.clone() });
            return name;
        }
        *self.names.entry(name.clone()).or_default() += 1;
        if name == "meta" {
            self.error(row, &["name"], Word::NameReserved { name: name.clone() });
            return name;
        }
        let Some(open) = self.stack.last_mut() else { return name };
        let small = !open.small.insert(name.to_lowercase());
        if !open.names.insert(name.clone()) {
            self.error(row, &["name"], Word::NameTwice { name: name.clone() });
        } else if small {
            self.warn(row, &["name"], Word::NameCase { name: name.clone() });
        }
        name
    }

    /// What is saved to an entity, and which entity's expressions name this row.
    fn save(&mut self, row: u32, fields: &mut Fields, name: &str, container: bool) {
        let path: Vec<usize> = self.stack.iter().map(|open| open.node).collect();
        let target = fields.map("bind").and_then(|b| b.text("entities:saveto")).map(str::to_owned);
        if let Some(target) = target {
            match self.saved.property(self.declarations, &target, row, &path, container) {
                Ok(property) => {
                    let mut bind = fields.take_map("bind");
                    bind.set_text("entities:saveto", property);
                    fields.set("bind", Value::Map(bind));
                }
                Err(word) => self.error(row, &["bind", "entities:saveto"], word),
            }
        }
        self.saved.named(self.declarations, name, &path);
    }

    fn begin(&mut self, entry: &Entry, mut node: Node, container: Container, list: Option<&str>, intent: Option<&str>) {
        let row = entry.shown;
        node.filter = None;
        node.default = None;
        let name = node.name.clone();
        if container == Container::Repeat && !name.is_empty() {
            if name == self.form.nodes[0].name {
                self.error(row, &["name"], Word::RepeatNamedLikeForm { name: name.clone() });
            } else if !self.repeats.insert(name.clone()) {
                self.error(row, &["name"], Word::RepeatNameTwice { name: name.clone() });
            }
            if node.label.is_none() && node.media.0.is_empty() {
                self.warn(row, &["label"], Word::RepeatWithoutLabel { name: name.clone() });
            }
        }
        node.kind = match container {
            Container::Group => Kind::Group { shown: true },
            Container::Repeat => Kind::Repeat,
            Container::Loop => Kind::Loop { list: list.unwrap_or_default().to_owned() },
        };
        if container == Container::Loop {
            match list {
                None => self.error(row, &["type"], Word::LoopWithoutList),
                Some(list) if self.form.list(list).is_none() => {
                    self.error(row, &["type"], Word::ListUnknown { list: list.to_owned() });
                }
                Some(_) => {}
            }
        }
        let top = self.top();
        if let Some(count) = node.control.text("jr:count").map(str::to_owned)
            && lexis::only_reference(&count).is_none()
        {
            // An element of its own, so that any expression may stand there.
            let counter = format!("{name}_count");
            self.form.add(top, Node::calculated(&counter, row, &[("readonly", "true()"), ("calculate", &count)]));
            node.control.set_text("jr:count", format!("${{{counter}}}"));
        }
        if let Some(intent) = intent {
            node.control.set_text("intent", intent);
        }
        let mut heading = None;
        if let Some(appearance) = node.control.text("appearance").map(str::to_owned)
            && appearance.split_whitespace().any(|word| word == "table-list")
        {
            self.table_list = TableList::Begun;
            let rest = appearance.split_whitespace().filter(|word| *word != "table-list");
            node.control.set_text("appearance", std::iter::once("field-list").chain(rest).collect::<Vec<_>>().join(" "));
            if node.label.is_some() || node.hint.is_some() {
                let kind = types::question("note").map_or(Kind::Group { shown: true }, Kind::Question);
                let mut note = Node::new(format!("generated_table_list_label_{}", entry.number), kind, row);
                note.type_name = "note".into();
                note.label = node.label.take();
                note.hint = node.hint.take();
                heading = Some(note);
            }
        }
        let at = self.form.add(top, node);
        if let Some(note) = heading {
            self.form.add(at, note);
        }
        self.stack.push(Open { container: Some(container), node: at, row, names: HashSet::new(), small: HashSet::new() });
        if self.stack.len() == DEPTH_MAX + 2 {
            self.error(row, &["type"], Word::TooDeep { max: DEPTH_MAX.to_string() });
        }
    }

    fn select(&mut self, number: u32, mut node: Node, select: &types::Select<'_>) {
        let row = node.row;
        let list = select.list;
        let (stem, ending) = split_ending(list);
        let file = ENDINGS.contains(&ending);
        let reference = !lexis::references(list).is_empty();
        let outside = select.kind == "select one external";
        node.kind = types::question(select.kind).map_or(Kind::Group { shown: true }, Kind::Question);
        node.type_name = select.kind.to_owned();
        if outside {
            match &self.external {
                None => self.error(row, &["type"], Word::NoChoicesSheet { list: list.to_owned() }),
                Some(lists) if !lists.contains(list) => self.error(row, &["type"], Word::ListUnknown { list: list.to_owned() }),
                Some(_) => {}
            }
            if node.filter.is_none() {
                self.error(row, &["choice_filter"], Word::ExternalWithoutFilter { name: node.name.clone() });
            }
        } else {
            self.instances.insert(stem.to_owned());
        }
        if select.from_file && (!file || stem.contains('.')) {
            self.error(row, &["type"], Word::FileUnknown { name: list.to_owned() });
        } else if !outside && !file && !reference && self.form.list(list).is_none() {
            let list = list.to_owned();
            let word = if self.form.lists.is_empty() { Word::NoChoicesSheet { list } } else { Word::ListUnknown { list } };
            self.error(row, &["type"], word);
        }
        if select.kind == "select all that apply"
            && let Some(name) = self.form.list(list).and_then(|l| l.spaced.clone())
        {
            self.error(row, &["type"], Word::ChoiceNameSpace { list: list.to_owned(), name });
        }
        let accepted: &[&str] = if select.from_file { &["label", "randomize", "seed", "value"] } else { &["randomize", "seed"] };
        for word in self.choosing(&node.parameters, accepted) {
            self.error(row, &["parameters"], word);
        }
        if select.other {
            self.other(row, &node, list);
        }
        node.itemset = Some(list.to_owned());
        if outside {
            node.query = true;
        } else if !file && !reference && (node.filter.is_some() || node.parameter("randomize") != Some("true")) {
            node.list = Some(list.to_owned());
        }
        let top = self.top();
        match &self.table_list {
            TableList::None => {}
            TableList::Begun => {
                if node.filter.is_some() {
                    self.error(row, &["choice_filter"], Word::TableWithFilter);
                }
                self.table_list = TableList::Of(list.to_owned());
                let mut header = Node::new(format!("reserved_name_for_field_list_labels_{number}"), node.kind.clone(), row);
                header.type_name = select.kind.to_owned();
                header.control.set_text("appearance", "label");
                header.itemset = Some(list.to_owned());
                self.form.add(top, header);
            }
            TableList::Of(expected) if expected != list => {
                let word = Word::TableMixed { list: list.to_owned(), expected: expected.clone() };
                self.error(row, &["type"], word);
            }
            TableList::Of(_) => {}
        }
        if !matches!(self.table_list, TableList::None) {
            node.control.set_text("appearance", "list-nolabel");
        }
        let name = node.name.clone();
        self.form.add(top, node);
        if select.other {
            let Some(kind) = types::question("text") else { return };
            let mut text = Node::new(format!("{name}_other"), Kind::Question(kind), row);
            text.type_name = "text".into();
            text.label = Some("Specify other.".into());
            text.bind.set_text("relevant", format!("selected(../{name}, 'other')"));
            self.form.add(top, text);
        }
    }

    /// Parameters of questions with choices.
    fn choosing(&self, pairs: &Pairs, accepted: &[&str]) -> Vec<Word> {
        let mut found = parameters::unknown(pairs, accepted);
        for name in ["value", "label"] {
            if let Some(value) = parameters::get(pairs, name).filter(|v| !lexis::is_name(v)) {
                found.push(Word::ParameterInvalid { name: name.into(), value: value.to_owned() });
            }
        }
        found.extend(parameters::one_of(pairs, "randomize", &["true", "false"]).err());
        if let Some(seed) = parameters::get(pairs, "seed") {
            if parameters::get(pairs, "randomize").is_none() {
                found.push(Word::ParameterNeeds { name: "seed".into(), other: "randomize".into() });
            } else if lexis::only_reference(seed).is_none() && seed.parse::<f64>().is_err() {
                found.push(Word::ParameterInvalid { name: "seed".into(), value: seed.to_owned() });
            }
        }
        found
    }

    /// "Other" among the choices of a list, in each of its languages.
    fn other(&mut self, row: u32, node: &Node, list: &str) {
        if node.filter.is_some() {
            self.error(row, &["choice_filter"], Word::OtherWithFilter);
        }
        let known = self.form.index.get(list).copied().and_then(|at| self.form.lists.get_mut(at));
        let Some(List { choices, .. }) = known.filter(|l| !l.choices.is_empty()) else {
            return self.error(row, &["type"], Word::OtherWithoutList { list: list.to_owned() });
        };
        if choices.iter().any(|c| c.name() == "other") {
            return;
        }
        let mut languages: Vec<&str> = Vec::new();
        for (language, _) in choices.iter().filter_map(|c| c.fields.map("label")).flat_map(|l| &l.0) {
            if !languages.contains(&language.as_str()) {
                languages.push(language);
            }
        }
        let label = if languages.is_empty() {
            Value::from("Other")
        } else {
            Value::Map(Fields(languages.into_iter().map(|l| (l.to_owned(), Value::from("Other"))).collect()))
        };
        choices.push(Choice { fields: Fields(vec![("name".into(), "other".into()), ("label".into(), label)]) });
    }

    /// A question that is neither group nor choice.
    fn question(&mut self, mut node: Node) {
        let row = node.row;
        // A place on the map, with the tags of a list.
        if let Some((_, tags)) = node.type_name.split_once("osm ") {
            node.itemset = tags.split_whitespace().next().map(str::to_owned);
            node.type_name = "osm".into();
        }
        let Some(kind) = types::question(&node.type_name).filter(|k| !matches!(k.control, "select" | "select1" | "odk:rank"))
        else {
            return self.error(row, &["type"], Word::TypeUnknown { name: node.type_name });
        };
        node.kind = Kind::Question(kind);
        if !kind.hint.is_empty() && node.hint.is_none() {
            node.hint = Some(kind.hint.into());
        }
        let pairs = node.parameters.clone();
        let mut wrong = Vec::new();
        match node.type_name.as_str() {
            "range" => {
                let appearance = node.control.text("appearance").unwrap_or_default().to_owned();
                match parameters::range(&pairs, &appearance, &self.form.lists, &mut node.control, &mut node.bind) {
                    Ok(labels) => node.itemset = labels,
                    Err(words) => wrong.extend(words),
                }
            }
            "text" => {
                wrong.extend(parameters::unknown(&pairs, &["rows"]));
                wrong.extend(parameters::whole(&pairs, "rows").err());
                if let Some(rows) = parameters::get(&pairs, "rows") {
                    node.control.set_text("rows", rows);
                }
            }
            "photo" => {
                if let Some(default) = node.default.as_mut().filter(|d| !d.contains("jr://images/")) {
                    default.insert_str(0, "jr://images/");
                }
                wrong.extend(parameters::unknown(&pairs, &["app", "max-pixels"]));
                wrong.extend(parameters::whole(&pairs, "max-pixels").err());
                if let Some(pixels) = parameters::get(&pairs, "max-pixels") {
                    node.bind.set_text("orx:max-pixels", pixels);
                }
                if let Some(app) = parameters::get(&pairs, "app")
                    && matches!(node.control.text("appearance"), None | Some("annotate"))
                {
                    if parameters::is_package(app) {
                        node.control.set_text("intent", app);
                    } else {
                        wrong.push(Word::ParameterInvalid { name: "app".into(), value: app.to_owned() });
                    }
                }
            }
            "audio" | "background-audio" => {
                wrong.extend(parameters::unknown(&pairs, &["quality"]));
                let values: &[&str] = &["voice-only", "low", "normal", "external"];
                let background = node.type_name == "background-audio";
                match parameters::one_of(&pairs, "quality", &values[..if background { 3 } else { 4 }]) {
                    Ok(quality) if background => {
                        node.actions.push(Action { name: "odk:recordaudio", event: Event::Load, value: None, quality });
                    }
                    Ok(Some(quality)) => node.bind.set_text("odk:quality", quality),
                    Ok(None) => {}
                    Err(word) => wrong.push(word),
                }
            }
            "geopoint" | "geoshape" | "geotrace" => wrong.extend(self.geometry(&pairs, &mut node)),
            "start-geopoint" => {
                node.actions.push(Action { name: "odk:setgeopoint", event: Event::FirstLoad, value: None, quality: None });
            }
            "background-geopoint" => {
                if node.triggers.is_empty() {
                    self.error(row, &["trigger"], Word::TriggerMissing { name: node.name.clone() });
                }
                if node.bind.get("calculate").is_some() {
                    self.error(row, &["bind", "calculate"], Word::CalculationNotAllowed { name: node.name.clone() });
                }
            }
            _ => {}
        }
        for word in wrong {
            self.error(row, &["parameters"], word);
        }
        let top = self.top();
        self.form.add(top, node);
    }

    fn geometry(&mut self, pairs: &Pairs, node: &mut Node) -> Vec<Word> {
        let mut wrong = Vec::new();
        if node.type_name == "geopoint" {
            wrong.extend(parameters::unknown(
                pairs,
                &["allow-mock-accuracy", "capture-accuracy", "reference-geometry", "warning-accuracy"],
            ));
            for (name, attribute) in
                [("capture-accuracy", "accuracyThreshold"), ("warning-accuracy", "unacceptableAccuracyThreshold")]
            {
                match parameters::numeric(pairs, name) {
                    Ok(Some(value)) => node.control.set_text(attribute, value),
                    Ok(None) => {}
                    Err(word) => wrong.push(word),
                }
            }
        } else {
            wrong.extend(parameters::unknown(pairs, &["allow-mock-accuracy", "incremental", "reference-geometry"]));
            match parameters::get(pairs, "incremental") {
                Some(value) if types::yes_no(value) == Some(true) => node.control.set_text("incremental", "true"),
                Some(value) => wrong.push(Word::ParameterInvalid { name: "incremental".into(), value: value.to_owned() }),
                None => {}
            }
        }
        match parameters::one_of(pairs, "allow-mock-accuracy", &["true", "false"]) {
            Ok(Some(value)) => node.bind.set_text("odk:allow-mock-accuracy", value),
            Ok(None) => {}
            Err(word) => wrong.push(word),
        }
        if let Some(geometry) = parameters::get(pairs, "reference-geometry") {
            self.geometries.push((geometry.to_owned(), node.row));
            node.itemset = Some(geometry.to_owned());
        }
        wrong
    }
}

/// References in the cells of a sheet: each must be well-formed and lead to one name. `read` says which columns count.
pub(super) fn check_references(
    sheet: &Sheet,
    table: &Table,
    read: impl Fn(&[String]) -> bool,
    names: &HashMap<String, usize>,
    found: &mut Vec<Finding>,
) {
    for row in &sheet.rows {
        if found.len() > super::FINDINGS_MAX {
            return;
        }
        for (column, text) in row.cells.iter().filter(|(_, text)| lexis::may_refer(text)) {
            let Some((place, path)) = table.columns.get(*column) else { continue };
            if !read(path) {
                continue;
            }
            let mut words = Vec::new();
            if !lexis::well_formed(text) {
                words.push(Word::ReferenceMalformed);
            }
            for reference in lexis::references(text) {
                let name = reference.name.to_owned();
                match names.get(&name) {
                    None => words.push(Word::ReferenceUnknown { name }),
                    Some(1) => {}
                    Some(_) => words.push(Word::ReferenceAmbiguous { name }),
                }
            }
            found.extend(words.into_iter().map(|word| Finding {
                severity: Severity::Error,
                sheet: Some(sheet.name.clone()),
                row: Some(row.shown),
                column: Some(place.clone()),
                word,
            }));
        }
    }
}
