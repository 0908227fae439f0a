//! The tree as XForm XML.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{
    finding::{Finding, Severity, Word},
    form::{Form, Kind, List, Node, names},
    lexis::{self, Reference},
    survey::{ENDINGS, split_ending},
    table::{Fields, Value},
    types,
    xml::{Element, Kid},
};

/// Namespaces that every form declares.
const NAMESPACES: [(&str, &str); 7] = [
    ("xmlns", "http://www.w3.org/2002/xforms"),
    ("xmlns:h", "http://www.w3.org/1999/xhtml"),
    ("xmlns:ev", "http://www.w3.org/2001/xml-events"),
    ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
    ("xmlns:jr", "http://openrosa.org/javarosa"),
    ("xmlns:orx", "http://openrosa.org/xforms"),
    ("xmlns:odk", "http://www.opendatakit.org/xforms"),
];

/// Paths and repeated texts of a form, bytes.
const WRITTEN_MAX: usize = 64 << 20;

/// Attributes of a bind that hold expressions.
const EXPRESSIONS: [&str; 5] = ["calculate", "constraint", "readonly", "required", "relevant"];

/// A text that may be in several languages, and the node whose names it uses.
struct Text {
    text: String,
    context: Option<usize>,
}

/// Texts by language, id and form, all in the order in which they came.
#[derive(Default)]
struct Itext {
    languages: Vec<String>,
    /// Ids, with the forms that any language has: `long`, `guidance`, or a kind of medium.
    ids: Vec<(String, Vec<&'static str>)>,
    index: HashMap<String, usize>,
    texts: HashMap<(usize, usize, &'static str), Text>,
}

impl Itext {
    fn add(&mut self, language: &str, id: &str, form: &'static str, text: &str, context: Option<usize>) {
        let l = self.languages.iter().position(|l| l == language).unwrap_or_else(|| {
            self.languages.push(language.to_owned());
            self.languages.len() - 1
        });
        let i = *self.index.entry(id.to_owned()).or_insert_with(|| {
            self.ids.push((id.to_owned(), Vec::new()));
            self.ids.len() - 1
        });
        if !self.ids[i].1.contains(&form) {
            self.ids[i].1.push(form);
        }
        self.texts.insert((l, i, form), Text { text: text.to_owned(), context });
    }

    /// A text in its languages, or in the default language.
    fn value(&mut self, id: &str, form: &'static str, value: &Value, default: &str, context: Option<usize>) {
        match value {
            Value::Text(text) => self.add(default, id, form, text, context),
            Value::Map(map) => {
                for (language, value) in &map.0 {
                    if let Value::Text(text) = value {
                        self.add(language, id, form, text, context);
                    }
                }
            }
        }
    }
}

/// What a written form consists of beside its XML.
pub(super) struct Written {
    /// The document.
    pub document: String,
    /// Files that it expects beside it.
    pub attachments: BTreeSet<String>,
    /// The path of each node.
    pub paths: Vec<String>,
}

/// Writes a form; findings of severity error mean that what is written is of no use.
pub(super) fn write(form: &Form, found: &mut Vec<Finding>) -> Written {
    let names = names(form);
    let order = form.in_order();
    let mut paths = vec![String::new(); form.nodes.len()];
    for at in &order {
        let node = &form.nodes[*at];
        let attribute = if matches!(node.kind, Kind::Attribute { .. }) { "@" } else { "" };
        paths[*at] = format!("{}/{attribute}{}", node.parent.map_or("", |p| paths[p].as_str()), node.name);
    }
    let mut set_by: HashMap<&str, Vec<usize>> = HashMap::new();
    for at in &order {
        for trigger in &form.nodes[*at].triggers {
            set_by.entry(trigger).or_default().push(*at);
        }
    }
    let translated = form.lists.iter().filter(|l| in_itext(l)).map(|l| l.name.as_str()).collect();
    let mut writer = Writer {
        translated,
        left: WRITTEN_MAX,
        form,
        names,
        order,
        paths,
        set_by,
        found,
        searched: HashMap::new(),
        attachments: BTreeSet::new(),
    };
    let document = writer.document();
    Written { document, attachments: writer.attachments, paths: writer.paths }
}

struct Writer<'a> {
    form: &'a Form,
    names: HashMap<&'a str, Option<usize>>,
    /// Nodes, each before those that it holds.
    order: Vec<usize>,
    paths: Vec<String>,
    /// Nodes set when the question of a name changes.
    set_by: HashMap<&'a str, Vec<usize>>,
    found: &'a mut Vec<Finding>,
    /// Lists whose choices stand in the question, because `search()` looks for more; with the question.
    searched: HashMap<&'a str, &'a str>,
    attachments: BTreeSet<String>,
    /// Lists whose labels stand among the texts by language.
    translated: HashSet<&'a str>,
    /// Bytes that may still be written beyond what the workbook holds.
    left: usize,
}

impl<'a> Writer<'a> {
    fn node(&self, at: usize) -> &'a Node {
        &self.form.nodes[at]
    }

    /// Counts what is written beyond what the workbook holds; a small workbook could ask for a form without end.
    fn spend(&mut self, bytes: usize) {
        if self.left > 0 && bytes >= self.left {
            self.error(None, Word::TooLarge { max: (WRITTEN_MAX >> 20).to_string() });
        }
        self.left = self.left.saturating_sub(bytes);
    }

    fn error(&mut self, at: Option<usize>, word: Word) {
        self.find(Severity::Error, at, word);
    }

    fn find(&mut self, severity: Severity, at: Option<usize>, word: Word) {
        let row = at.map(|at| self.node(at).row).filter(|row| *row > 0);
        self.found.push(Finding { severity, sheet: Some("survey".into()), row, column: None, word });
    }

    fn document(&mut self) -> String {
        let form = self.form;
        self.find_searches();
        let mut html = Element::new("h:html");
        for (name, uri) in NAMESPACES {
            html.set(name, uri);
        }
        let mut prefixes: HashSet<&str> = NAMESPACES.iter().filter_map(|(name, _)| name.strip_prefix("xmlns:")).collect();
        prefixes.insert("xml");
        for declared in form.setting("namespaces").unwrap_or_default().split_whitespace() {
            if let Some((prefix, uri)) = declared.split_once('=')
                && !prefix.is_empty()
                && !uri.contains('=')
                && !prefixes.contains(prefix)
            {
                let uri = uri.replace(['"', '\''], "");
                if uri.is_empty() || prefix == "xmlns" || !lexis::is_plain_name(prefix) {
                    self.error_in_settings(Word::NamespaceInvalid { text: declared.to_owned() });
                }
                html.set(format!("xmlns:{prefix}"), uri);
                prefixes.insert(prefix);
            }
        }
        if form.entities.is_some() {
            html.set("xmlns:entities", "http://www.opendatakit.org/xforms/entities");
            prefixes.insert("entities");
        }
        self.prefixes(&prefixes);
        let title = form.setting("title").or(form.setting("id_string")).unwrap_or_default();
        let model = self.model();
        let mut body = Element::new("h:body");
        if let Some(style) = form.setting("style") {
            body.set("class", style);
        }
        for child in &self.node(0).children {
            if let Some(control) = self.control(*child) {
                body.push(control);
            }
        }
        html.kid(Element::new("h:head").kid(Element::new("h:title").text(title)).kid(model)).kid(body).document()
    }

    /// Names that came with a prefix: something must declare it.
    fn prefixes(&mut self, known: &HashSet<&str>) {
        let form = self.form;
        let attributes = form.settings.map("attribute").into_iter().flat_map(|map| &map.0).map(|(name, _)| (0, name));
        let of_nodes = form.nodes.iter().enumerate().flat_map(|(at, node)| {
            let keys = [&node.bind, &node.control, &node.instance].into_iter().flat_map(|map| &map.0).map(|(name, _)| name);
            std::iter::once(&node.name).chain(keys).map(move |name| (at, name))
        });
        for (at, name) in attributes.chain(of_nodes) {
            if lexis::prefix(name).is_some_and(|prefix| !known.contains(prefix)) {
                let word = Word::PrefixUnknown { name: name.clone() };
                // The form itself is named in its settings.
                if at == 0 { self.error_in_settings(word) } else { self.error(Some(at), word) }
            }
        }
    }

    fn error_in_settings(&mut self, word: Word) {
        let sheet = Some("settings".into());
        self.found.push(Finding { severity: Severity::Error, sheet, row: None, column: None, word });
    }

    // The model.

    fn model(&mut self) -> Element {
        let form = self.form;
        let mut model = Element::new("model").with("odk:xforms-version", "1.0.0");
        if let Some(version) = form.entities {
            model.set("entities:entities-version", version);
        }
        if let Some(submission) = self.submission() {
            model.push(submission);
        }
        let itext = self.itext();
        if !itext.languages.is_empty() {
            let element = self.write_itext(&itext);
            model.push(element);
        }
        model.push(Element::new("instance").kid(self.primary()));
        for instance in self.secondary() {
            model.push(instance);
        }
        for at in self.order.clone() {
            self.bind(at, &mut model);
        }
        model
    }

    fn submission(&self) -> Option<Element> {
        let mut element = Element::new("submission");
        let mut any = false;
        let mut set = |name: &'static str, value: Option<&str>| {
            if let Some(value) = value {
                any = true;
                element.set(name, value);
            }
        };
        let url = self.form.setting("submission_url");
        set("action", url);
        set("method", url.map(|_| "post"));
        set("base64RsaPublicKey", self.form.setting("public_key"));
        set("orx:auto-send", self.form.setting("auto_send"));
        set("orx:auto-delete", self.form.setting("auto_delete"));
        let editable = self.form.setting("client_editable").and_then(types::yes_no) == Some(true);
        set("odk:client-editable", editable.then_some("true"));
        any.then_some(element)
    }

    fn primary(&mut self) -> Element {
        let form = self.form;
        let mut root = self.instance(0, false);
        for (name, value) in form.settings.map("attribute").map(|m| m.0.as_slice()).unwrap_or_default() {
            if let Value::Text(text) = value {
                root.set(name.clone(), text.clone());
            }
        }
        root.set("id", form.setting("id_string").unwrap_or_default());
        for (setting, attribute) in
            [("instance_xmlns", "xmlns"), ("version", "version"), ("prefix", "odk:prefix"), ("delimiter", "odk:delimiter")]
        {
            if let Some(value) = form.setting(setting) {
                root.set(attribute, value);
            }
        }
        root
    }

    fn attributes(&mut self, at: usize, element: &mut Element) {
        for (name, value) in &self.node(at).instance.0 {
            if let Value::Text(text) = value {
                let text = self.expression(text, Some(at), false, false);
                element.set(name.clone(), text);
            }
        }
    }

    /// The element of a node. A repeat stands twice, first as a template; within what is no template repeats stand once.
    fn instance(&mut self, at: usize, within: bool) -> Element {
        let node = self.node(at);
        let mut element = Element::new(node.name.clone());
        self.attributes(at, &mut element);
        for child in &node.children {
            match &self.node(*child).kind {
                Kind::External { .. } => {}
                Kind::Attribute { value } => element.set(self.node(*child).name.clone(), value.clone()),
                Kind::Repeat if !within => {
                    let template = self.template(*child);
                    element.push(template);
                    let first = self.instance(*child, true);
                    element.push(first);
                }
                _ => {
                    let kid = self.instance(*child, within);
                    element.push(kid);
                }
            }
        }
        if let (Kind::Question(_), Some(default), false) = (&node.kind, &node.default, node.dynamic)
            && !default.is_empty()
        {
            element = element.text(default.clone());
            if let Some(file) = default.strip_prefix("jr://images/") {
                self.attachments.insert(file.to_owned());
            }
        }
        element
    }

    fn template(&mut self, at: usize) -> Element {
        let node = self.node(at);
        let mut element = Element::new(node.name.clone()).with("jr:template", "");
        for child in &node.children {
            match &self.node(*child).kind {
                Kind::External { .. } => {}
                Kind::Repeat => element.push(self.template(*child)),
                _ => element.push(self.instance(*child, false)),
            }
        }
        element
    }

    /// Instances beside the primary one: files, the last saved submission, lists.
    fn secondary(&mut self) -> Vec<Element> {
        let mut wanted: Vec<(Option<usize>, String, String)> = Vec::new();
        let mut last_saved = false;
        let mut externals = BTreeSet::new();
        for at in self.order.clone() {
            let node = self.node(at);
            if let Kind::External { ending } = node.kind {
                if !externals.insert(node.name.clone()) {
                    self.error(Some(at), Word::InstanceClash { name: node.name.clone() });
                }
                let scheme = if ending == "csv" { "file-csv" } else { "file" };
                wanted.push((Some(at), node.name.clone(), format!("jr://{scheme}/{}.{ending}", node.name)));
                continue;
            }
            let binds = EXPRESSIONS.iter().filter_map(|name| node.bind.text(name));
            let expressions: Vec<&str> = binds.chain(node.filter.as_deref()).chain(node.default.as_deref()).collect();
            for expression in &expressions {
                for file in pulled(expression) {
                    wanted.push((Some(at), file.clone(), format!("jr://file-csv/{file}.csv")));
                }
                last_saved |=
                    matches!(node.kind, Kind::Question(_)) && lexis::references(expression).iter().any(|r| r.last_saved);
            }
            if let (Kind::Question(kind), Some(itemset)) = (&node.kind, &node.itemset)
                && matches!(kind.control, "select" | "select1" | "odk:rank")
            {
                let (stem, ending) = split_ending(itemset);
                if ENDINGS.contains(&ending) {
                    let scheme = if ending == ".csv" { "file-csv" } else { "file" };
                    wanted.push((Some(at), stem.to_owned(), format!("jr://{scheme}/{itemset}")));
                }
            }
        }
        if last_saved {
            wanted.push((None, "__last-saved".into(), "jr://instance/last-saved".into()));
        }
        let mut seen: HashMap<String, String> = HashMap::new();
        let mut instances = Vec::new();
        for (at, name, source) in wanted {
            match seen.get(&name) {
                Some(other) if *other == source => {}
                Some(_) => self.error(at, Word::InstanceClash { name }),
                None => {
                    if let Some((_, file)) = source.split_once("jr://file").and_then(|(_, rest)| rest.split_once('/')) {
                        self.attachments.insert(file.to_owned());
                    }
                    instances.push(Element::new("instance").with("id", name.clone()).with("src", source.clone()));
                    seen.insert(name, source);
                }
            }
        }
        for list in &self.form.lists {
            if self.searched.contains_key(list.name.as_str()) {
                continue;
            }
            if seen.contains_key(&list.name) {
                self.error(None, Word::InstanceClash { name: list.name.clone() });
            }
            instances.push(choices(list));
        }
        instances
    }

    fn bind(&mut self, at: usize, model: &mut Element) {
        let node = self.node(at);
        if matches!(node.kind, Kind::External { .. }) {
            return;
        }
        let mut bind = Element::new("bind").with("nodeset", self.paths[at].clone());
        let usual = if let Kind::Question(kind) = &node.kind { kind.bind } else { &[] };
        for (name, value) in usual.iter().filter(|(name, _)| node.bind.get(name).is_none()) {
            bind.set(*name, *value);
        }
        for (name, value) in &node.bind.0 {
            if name == "calculate" && !node.triggers.is_empty() {
                continue;
            }
            let message = matches!(name.as_str(), "jr:constraintMsg" | "jr:requiredMsg" | "jr:noAppErrorString");
            let value = match value {
                Value::Map(_) => format!("jr:itext('{}:{name}')", self.paths[at]),
                Value::Text(text) if message && name != "jr:noAppErrorString" && !lexis::references(text).is_empty() => {
                    format!("jr:itext('{}:{name}')", self.paths[at])
                }
                Value::Text(text) => match types::yes_no(text).filter(|_| EXPRESSIONS.contains(&name.as_str())) {
                    Some(true) => "true()".into(),
                    Some(false) => "false()".into(),
                    None => self.expression(text, Some(at), false, false),
                },
            };
            bind.set(name.clone(), value);
        }
        if !usual.is_empty() || !node.bind.0.is_empty() {
            model.push(bind);
        }
        for action in self.actions(at, false) {
            model.push(action);
        }
    }

    /// What happens to a node, in a repeat that is added or otherwise.
    fn actions(&mut self, at: usize, in_repeat: bool) -> Vec<Element> {
        let node = self.node(at);
        let mut elements = Vec::new();
        for action in &node.actions {
            if in_repeat != (action.event == super::form::Event::NewRepeat) {
                continue;
            }
            let mut element = Element::new(action.name).with("ref", self.paths[at].clone()).with("event", action.event.name());
            if action.name == "setvalue" {
                let value = match (&node.default, action.value) {
                    (Some(default), _) if node.dynamic => self.expression(default, Some(at), false, false),
                    (Some(default), _) => default.clone(),
                    (None, value) => value.unwrap_or_default().to_owned(),
                };
                if !value.is_empty() {
                    element.set("value", value);
                }
            }
            if let Some(quality) = &action.quality {
                element.set("odk:quality", quality.clone());
            }
            elements.push(element);
        }
        elements
    }

    // Texts.

    /// Whether the label stands among the texts by language.
    fn label_in_itext(node: &Node) -> bool {
        node.label.as_ref().is_some_and(|l| l.map().is_some()) || !node.media.0.is_empty()
    }

    fn itext(&mut self) -> Itext {
        let (form, default) = (self.form, self.form.language.as_str());
        let mut itext = Itext::default();
        for list in form.lists.iter().filter(|l| in_itext(l)) {
            for (i, choice) in list.choices.iter().enumerate() {
                let id = format!("{}-{i}", list.name);
                if let Some(label) = choice.fields.get("label") {
                    itext.value(&id, "long", label, default, None);
                }
                self.media(&mut itext, &id, choice.fields.map("media"));
            }
        }
        for at in self.order.clone() {
            let (node, path) = (self.node(at), self.paths[at].clone());
            if !node.is_section() && !matches!(node.kind, Kind::Question(_)) {
                continue;
            }
            for name in ["jr:constraintMsg", "jr:requiredMsg", "jr:noAppErrorString"] {
                match node.bind.get(name) {
                    Some(message @ Value::Map(_)) => itext.value(&format!("{path}:{name}"), "long", message, default, Some(at)),
                    Some(message @ Value::Text(text)) if name != "jr:noAppErrorString" && !lexis::references(text).is_empty() => {
                        itext.value(&format!("{path}:{name}"), "long", message, default, Some(at));
                    }
                    _ => {}
                }
            }
            if let Some(label) = node.label.as_ref().filter(|_| Self::label_in_itext(node)) {
                itext.value(&format!("{path}:label"), "long", label, default, Some(at));
            }
            if let Some(hint) = node.hint.as_ref().filter(|h| h.map().is_some() || node.guidance.is_some()) {
                itext.value(&format!("{path}:hint"), "long", hint, default, Some(at));
            }
            if let Some(guidance) = &node.guidance {
                itext.value(&format!("{path}:hint"), "guidance", guidance, default, Some(at));
            }
        }
        for at in self.order.clone() {
            let (node, path) = (self.node(at), self.paths[at].clone());
            self.media(&mut itext, &format!("{path}:label"), Some(&node.media));
        }
        itext
    }

    fn media(&mut self, itext: &mut Itext, id: &str, media: Option<&Fields>) {
        for (name, value) in media.map(|m| m.0.as_slice()).unwrap_or_default() {
            if let Some(kind) = types::MEDIA.into_iter().find(|k| k == name) {
                itext.value(id, kind, value, &self.form.language, None);
            }
        }
    }

    fn write_itext(&mut self, itext: &Itext) -> Element {
        let mut element = Element::new("itext");
        self.spend(itext.languages.len() * itext.ids.iter().map(|(id, forms)| id.len() * forms.len()).sum::<usize>());
        if self.left == 0 {
            return element;
        }
        for (l, language) in itext.languages.iter().enumerate() {
            let mut translation = Element::new("translation").with("lang", language.clone());
            if *language == self.form.language {
                translation.set("default", "true()");
            }
            for (i, (id, forms)) in itext.ids.iter().enumerate() {
                let mut text = Element::new("text").with("id", id.clone());
                for form in forms {
                    let mut value = Element::new("value");
                    // What one language has all have, if only as a hyphen; of media, nothing.
                    let (content, context) = itext.texts.get(&(l, i, form)).map_or(("-", None), |t| (t.text.as_str(), t.context));
                    match *form {
                        "long" => {}
                        "guidance" => value.set("form", "guidance"),
                        _ if content == "-" => continue,
                        kind => value.set("form", kind),
                    }
                    if let Some(folder) = match *form {
                        "image" | "big-image" => Some("images"),
                        "audio" => Some("audio"),
                        "video" => Some("video"),
                        _ => None,
                    } {
                        value = value.text(format!("jr://{folder}/"));
                        if !lexis::may_refer(content) {
                            self.attachments.insert(content.to_owned());
                        }
                    }
                    value.extend(self.shown(content, context));
                    text.push(value);
                }
                translation.push(text);
            }
            element.push(translation);
        }
        element
    }

    /// A text to be shown: values of questions stand in it as outputs.
    fn shown(&mut self, text: &str, context: Option<usize>) -> Vec<Kid> {
        if text == "-" {
            return vec![Kid::Text(text.to_owned())];
        }
        let mut parts: Vec<(usize, usize, String)> = Vec::new();
        let around = Surroundings::of(text);
        let instances = lexis::instance_paths(text);
        for (start, end) in &instances {
            let value = self.expression(&text[*start..*end], context, false, false);
            parts.push((*start, *end, value));
        }
        for reference in lexis::references(text) {
            if !instances.iter().any(|(start, end)| *start <= reference.start && reference.end <= *end) {
                let value = self.path_to(&reference, (text, &around), context, false, false);
                parts.push((reference.start, reference.end, value));
            }
        }
        parts.sort_by_key(|(start, ..)| *start);
        let (mut kids, mut from) = (Vec::new(), 0);
        for (start, end, value) in parts {
            if from < start {
                kids.push(Kid::Text(text[from..start].to_owned()));
            }
            kids.push(Kid::Element(Element::new("output").with("value", value)));
            from = end;
        }
        if from < text.len() {
            kids.push(Kid::Text(text[from..].to_owned()));
        }
        kids
    }

    // Expressions.

    /// An expression with paths instead of references.
    fn expression(&mut self, text: &str, context: Option<usize>, current: bool, above: bool) -> String {
        if !lexis::may_refer(text) {
            return text.to_owned();
        }
        let around = Surroundings::of(text);
        let (mut out, mut from) = (String::with_capacity(text.len() + 32), 0);
        for reference in lexis::references(text) {
            out.push_str(&text[from..reference.start]);
            out.push_str(&self.path_to(&reference, (text, &around), context, current, above));
            from = reference.end;
        }
        out.push_str(&text[from..]);
        out
    }

    /// The path that a reference means: within one repeat relative, otherwise from the top. `current`: from within a predicate.
    /// `above`: for choices out of a repeat, from above it.
    fn path_to(
        &mut self,
        reference: &Reference<'_>,
        (text, around): (&str, &Surroundings),
        context: Option<usize>,
        current: bool,
        above: bool,
    ) -> String {
        if self.left == 0 {
            return String::new();
        }
        let name = reference.name;
        let target = match self.names.get(name) {
            Some(Some(target)) => *target,
            Some(None) => {
                self.error(context, Word::ReferenceAmbiguous { name: name.to_owned() });
                return String::new();
            }
            None => {
                self.error(context, Word::ReferenceUnknown { name: name.to_owned() });
                return String::new();
            }
        };
        if let Some(context) = context
            && !reference.last_saved
            && around.goes_relative(reference, text)
        {
            let current = current || around.in_predicate(reference);
            if let Some(path) = self.relative(context, target, name, current, above) {
                self.spend(path.len());
                return path;
            }
        }
        self.spend(self.paths[target].len());
        let instance = if reference.last_saved { "instance('__last-saved')" } else { "" };
        format!(" {instance}{} ", self.paths[target])
    }

    /// What holds a node, from the nearest to the whole form.
    fn holders(&self, at: usize) -> impl Iterator<Item = usize> + use<'a> {
        let form = self.form;
        std::iter::successors(form.nodes[at].parent, |p| form.nodes[*p].parent)
    }

    fn relative(&self, context: usize, target: usize, name: &str, current: bool, above: bool) -> Option<String> {
        let holders: Vec<usize> = self.holders(target).collect();
        let shared = |fit: &dyn Fn(&Node) -> bool| {
            self.holders(context).enumerate().find(|(_, h)| fit(self.node(*h)) && holders.contains(h)).map(|(i, h)| (i + 1, h))
        };
        let (repeat_steps, repeat) = shared(&Node::is_repeat)?;
        let nearest = |at: usize| self.holders(at).find(|h| self.node(*h).is_repeat());
        let from_above =
            above && nearest(target) == Some(repeat) && (nearest(repeat).is_none() || nearest(context) != Some(repeat));
        let (steps, from) = if from_above {
            (repeat_steps + 1, self.node(repeat).parent?)
        } else {
            shared(&|node| matches!(node.kind, Kind::Group { .. } | Kind::Repeat))?
        };
        let path = &self.paths[target][self.paths[from].len()..];
        let path = if path.ends_with(name) { path.to_owned() } else { format!("/{name}") };
        let start = if current { " current()/" } else { " " };
        Some(format!("{start}{}{path} ", vec![".."; steps].join("/")))
    }

    // The body.

    fn control(&mut self, at: usize) -> Option<Element> {
        let node = self.node(at);
        match &node.kind {
            Kind::Group { shown: true } | Kind::Root | Kind::Loop { .. } => {
                let mut group = Element::new("group");
                self.control_attributes(at, &mut group);
                group.set("ref", self.paths[at].clone());
                if node.label.is_some() {
                    let label = self.label(at);
                    group.push(label);
                }
                for child in &node.children {
                    if let Some(control) = self.control(*child) {
                        group.push(control);
                    }
                }
                Some(group)
            }
            Kind::Repeat => Some(self.repeat(at)),
            Kind::Question(kind) => self.question(at, kind),
            Kind::Group { shown: false } | Kind::External { .. } | Kind::Entity | Kind::Attribute { .. } | Kind::EntityLabel => {
                None
            }
        }
    }

    fn control_attributes(&mut self, at: usize, element: &mut Element) {
        for (name, value) in &self.node(at).control.0 {
            if let Value::Text(text) = value {
                let text = self.expression(text, Some(at), false, false);
                element.set(name.clone(), text);
            }
        }
    }

    fn repeat(&mut self, at: usize) -> Element {
        let mut repeat = Element::new("repeat").with("nodeset", self.paths[at].clone());
        self.control_attributes(at, &mut repeat);
        for child in &self.node(at).children {
            if let Some(control) = self.control(*child) {
                repeat.push(control);
            }
        }
        // Defaults of what this repeat holds; a repeat in it sees to its own.
        let mut left: Vec<usize> = self.node(at).children.iter().rev().copied().collect();
        while let Some(inner) = left.pop() {
            for action in self.actions(inner, true) {
                repeat.push(action);
            }
            if !self.node(inner).is_repeat() {
                left.extend(self.node(inner).children.iter().rev());
            }
        }
        let label = self.label(at);
        Element::new("group").with("ref", self.paths[at].clone()).kid(label).kid(repeat)
    }

    fn label(&mut self, at: usize) -> Element {
        let node = self.node(at);
        let mut label = Element::new("label");
        if Self::label_in_itext(node) {
            label.set("ref", format!("jr:itext('{}:label')", self.paths[at]));
        } else if let Some(Value::Text(text)) = &node.label {
            label.extend(self.shown(text, Some(at)));
        }
        label
    }

    fn question(&mut self, at: usize, kind: &'static types::Type) -> Option<Element> {
        let node = self.node(at);
        let set = self.set_by.get(node.name.as_str()).cloned().unwrap_or_default();
        let computed = node.bind.get("calculate").is_some() || !node.triggers.is_empty();
        let unseen = node.type_name == "calculate" || (computed && node.label.is_none() && node.hint.is_none());
        if unseen || matches!(kind.control, "" | "action") {
            // Nothing changes it, so that nothing would ever be set.
            for target in set {
                let word = Word::TriggerNotVisible { name: node.name.clone(), target: self.node(target).name.clone() };
                let geopoint = self.node(target).type_name == "background-geopoint";
                let severity = if unseen && !geopoint { Severity::Error } else { Severity::Warning };
                self.find(severity, Some(target), word);
            }
            return None;
        }
        let mut control = Element::new(kind.control).with("ref", self.paths[at].clone());
        if !kind.media.is_empty() {
            control.set("mediatype", kind.media);
        }
        self.control_attributes(at, &mut control);
        let labelled = node.label.is_some() || !node.media.0.is_empty();
        if !labelled && node.hint.is_none() {
            self.error(Some(at), Word::LabelMissing { name: node.name.clone() });
        }
        if node.media.get("big-image").is_some() && node.media.get("image").is_none() {
            self.error(Some(at), Word::BigImageAlone { name: node.name.clone() });
        }
        let label = self.label(at);
        control.push(label);
        if node.guidance.is_some() || node.hint.as_ref().is_some_and(|h| h.map().is_some()) {
            control.push(Element::new("hint").with("ref", format!("jr:itext('{}:hint')", self.paths[at])));
        } else if let Some(Value::Text(hint)) = &node.hint {
            let mut element = Element::new("hint");
            element.extend(self.shown(hint, Some(at)));
            control.push(element);
        }
        self.choosing(at, kind, &mut control);
        for (acts, name) in [(false, "setvalue"), (true, "odk:setgeopoint")] {
            for target in set.iter().copied() {
                if (self.node(target).type_name == "background-geopoint") != acts {
                    continue;
                }
                self.spend(self.paths[target].len());
                if self.left == 0 {
                    break;
                }
                let mut action = Element::new(name).with("ref", self.paths[target].clone()).with("event", "xforms-value-changed");
                if let Some(calculation) = self.node(target).bind.text("calculate").filter(|c| !c.is_empty() && !acts) {
                    let value = self.expression(calculation, Some(at), false, false);
                    action.set("value", value);
                }
                control.push(action);
            }
        }
        Some(control)
    }

    /// What may be chosen.
    fn choosing(&mut self, at: usize, kind: &'static types::Type, control: &mut Element) {
        let node = self.node(at);
        let Some(itemset) = node.itemset.as_deref() else { return };
        if node.query {
            let filter = node.filter.as_deref().unwrap_or_default();
            let predicate = self.expression(filter, Some(at), true, false);
            control.set("query", format!("instance('{itemset}')/root/item[{predicate}]"));
            self.attachments.insert("itemsets.csv".into());
            return;
        }
        if kind.media == "osm/*" {
            for tag in self.form.tags.iter().filter(|l| l.name == itemset).flat_map(|l| &l.choices) {
                let mut label = Element::new("label");
                label.extend(tag.fields.text("label").map(|text| Kid::Text(text.to_owned())));
                control.push(Element::new("tag").with("key", tag.name()).kid(label));
            }
            return;
        }
        let list = self.form.list(itemset);
        let chosen = kind.control.starts_with("select") || kind.control == "odk:rank";
        if let (true, Some(list)) = (chosen && searches(node), list) {
            return self.inline(node, list, control);
        }
        let geometry = kind.bind.iter().any(|(_, v)| v.starts_with("geo"));
        let (stem, ending) = split_ending(itemset);
        let reference = lexis::references(itemset).first().copied();
        let (mut nodeset, value, mut label, mut filter);
        if ENDINGS.contains(&ending) && !geometry {
            nodeset = format!("instance('{stem}')/root/item");
            let usual = if ending == ".geojson" { ("id", "title") } else { ("name", "label") };
            value = node.parameter("value").unwrap_or(usual.0).to_owned();
            label = node.parameter("label").unwrap_or(usual.1).to_owned();
            filter = String::new();
        } else if reference.is_some() {
            let path = self.expression(itemset, Some(at), false, true).trim().to_owned();
            if geometry {
                (nodeset, value, label, filter) = (path, "geometry".into(), "geometry".into(), "./geometry != ''".into());
            } else {
                let (above, last) = path.rsplit_once('/').unwrap_or(("", &path));
                (nodeset, value, label) = (above.to_owned(), last.to_owned(), last.to_owned());
                filter = format!("./{last} != ''");
            }
        } else {
            nodeset = format!("instance('{itemset}')/root/item");
            (value, label) = ("name".into(), "label".into());
            if list.is_some_and(|l| self.translated.contains(l.name.as_str())) {
                label = "jr:itext(itextId)".into();
            }
            filter = String::new();
        }
        if let Some(given) = &node.filter {
            filter = self.expression(given, Some(at), true, reference.is_some());
            if reference.is_some() {
                filter = filter.replace(&format!("current()/{nodeset}"), ".").replace(&nodeset, ".");
            }
        }
        if !filter.is_empty() {
            nodeset = format!("{nodeset}[{filter}]");
        }
        if node.parameter("randomize") == Some("true") {
            nodeset = match node.parameter("seed") {
                Some(seed) => format!("randomize({nodeset}, {})", self.expression(seed, Some(at), false, false).trim()),
                None => format!("randomize({nodeset})"),
            };
        }
        let set = Element::new("itemset").with("nodeset", nodeset);
        control.push(set.kid(Element::new("value").with("ref", value)).kid(Element::new("label").with("ref", label)));
        if kind.control.starts_with("input") && !geometry {
            self.error(Some(at), Word::TypeUnknown { name: node.type_name.clone() });
        }
    }

    /// Choices that stand in the question itself, beside those that `search()` finds.
    fn inline(&mut self, node: &'a Node, list: &'a List, control: &mut Element) {
        for (i, choice) in list.choices.iter().enumerate() {
            let mut label = Element::new("label");
            if self.translated.contains(list.name.as_str()) {
                label.set("ref", format!("jr:itext('{}-{i}')", list.name));
            } else if let (Some(_), Some(text)) = (&node.label, choice.fields.text("label")) {
                label.extend(self.shown(text, None));
            }
            control.push(Element::new("item").kid(label).kid(Element::new("value").text(choice.name())));
        }
        if let Some((_, arguments)) = node.control.text("appearance").and_then(|a| a.split_once("search("))
            && let Some(file) = arguments.split(['\'', '"']).nth(1)
        {
            self.attachments.insert(format!("{file}.csv"));
        }
    }

    /// Which lists are used by `search()`; such a list can be used in no other way.
    fn find_searches(&mut self) {
        let mut others: Vec<(&'a str, &'a str)> = Vec::new();
        for at in self.order.clone() {
            let node = self.node(at);
            let (Kind::Question(kind), Some(itemset)) = (&node.kind, node.itemset.as_deref()) else { continue };
            if !(kind.control.starts_with("select") || kind.control == "odk:rank") {
                continue;
            }
            if !searches(node) {
                if let Some(list) = &node.list {
                    others.push((list, &node.name));
                }
            } else if ENDINGS.contains(&split_ending(itemset).1) {
                self.error(Some(at), Word::SearchWithFile { name: node.name.clone() });
            } else {
                self.searched.entry(itemset).or_insert(&node.name);
            }
        }
        for (list, other) in others {
            if let Some(name) = self.searched.get(list) {
                let word = Word::SearchShared { list: list.into(), name: (*name).into(), other: other.into() };
                self.error(self.names.get(other).copied().flatten(), word);
            }
        }
    }
}

/// Whether a question looks for its choices in a file as the old way was.
fn searches(node: &Node) -> bool {
    let appearance = node.control.text("appearance").unwrap_or_default();
    appearance.split_once("search(").is_some_and(|(_, rest)| rest.contains(')'))
}

/// Whether the labels of a list stand among the texts by language.
fn in_itext(list: &List) -> bool {
    list.choices.iter().any(|choice| {
        choice.fields.map("media").is_some_and(|m| !m.0.is_empty())
            || match choice.fields.get("label") {
                Some(Value::Map(_)) => true,
                Some(Value::Text(text)) => !lexis::references(text).is_empty(),
                None => false,
            }
    })
}

fn choices(list: &List) -> Element {
    let itext = in_itext(list);
    let mut root = Element::new("root");
    for (i, choice) in list.choices.iter().enumerate() {
        let mut item = Element::new("item");
        if itext {
            item.push(Element::new("itextId").text(format!("{}-{i}", list.name)));
        }
        item.push(Element::new("name").text(choice.name()));
        if let Some(label) = choice.fields.text("label").filter(|_| !itext) {
            item.push(Element::new("label").text(label));
        }
        for (name, value) in &choice.fields.0 {
            if let (false, Value::Text(text)) = (matches!(name.as_str(), "name" | "label" | "media"), value) {
                item.push(Element::new(name.clone()).text(text.clone()));
            }
        }
        root.push(item);
    }
    Element::new("instance").with("id", list.name.clone()).kid(root)
}

/// Files that `pulldata()` reads.
fn pulled(expression: &str) -> Vec<String> {
    if !expression.contains('(') || !expression.contains("pulldata(") {
        return Vec::new();
    }
    let calls = expression.split("pulldata").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('('));
    calls.filter_map(|rest| rest.split_once(',')).map(|(first, _)| first.replace(['\'', '"'], "").trim().to_owned()).collect()
}

/// What of a text decides how its references are written.
struct Surroundings {
    /// Predicates, if the text has a path into a secondary instance.
    predicates: Vec<(usize, usize)>,
    /// Calls of `indexed-repeat()`.
    calls: Vec<(usize, usize)>,
}

impl Surroundings {
    fn of(text: &str) -> Surroundings {
        if !text.contains('(') {
            return Surroundings { predicates: Vec::new(), calls: Vec::new() };
        }
        let spans = |open: &str, close: char| {
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some(start) = text[from..].find(open).map(|at| from + at) {
                let Some(end) = text[start..].find(close).map(|at| start + at + 1) else { break };
                found.push((start, end));
                from = end;
            }
            found
        };
        let predicates = if text.contains("instance(") { spans("[", ']') } else { Vec::new() };
        Surroundings { predicates, calls: spans("indexed-repeat(", ')') }
    }

    /// The span that a reference stands in.
    fn around(spans: &[(usize, usize)], reference: &Reference<'_>) -> Option<(usize, usize)> {
        let at = spans.partition_point(|(_, end)| *end < reference.end);
        spans.get(at).copied().filter(|(start, _)| *start <= reference.start)
    }

    /// Whether a reference stands in a predicate of a path into a secondary instance.
    fn in_predicate(&self, reference: &Reference<'_>) -> bool {
        Surroundings::around(&self.predicates, reference).is_some()
    }

    /// Whether a reference becomes a relative path. Of the arguments of `indexed-repeat()` only the indices do.
    fn goes_relative(&self, reference: &Reference<'_>, text: &str) -> bool {
        let Some((start, end)) = Surroundings::around(&self.calls, reference) else { return true };
        let whole = &text[reference.start..reference.end];
        let arguments = text[start..end].trim_end_matches(')').split_once('(').map_or("", |(_, a)| a).split(',');
        let index = arguments.enumerate().filter(|(_, a)| a.trim().contains(whole)).map(|(i, _)| i).last();
        index.is_some_and(|i| ![0, 1, 3, 5].contains(&i))
    }
}
