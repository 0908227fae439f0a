//! XML → form.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    Action, Asked, Bind, Choices, Control, ControlKind, DataType, Field, FieldKind, Form, Group, Instance, Itemset, Language,
    Part, Problem, ProblemKind, Question, Reading, Repeat, Rule, Severity, Source, Text, graph,
};
use crate::{
    tree::{Kind, Limits, Name, NodeId, Tree},
    xpath::{Dependence, Expr, Function, Operator, Path, Reference, Segment, SyntaxProblem, parse, path_of, references},
};

/// Nodes that a primary instance may have; real forms have some thousands at most.
const MOST_FIELDS: usize = 20_000;

pub(super) fn read(bytes: &[u8]) -> Reading {
    let tree = match Tree::parse(bytes, &Limits::default()) {
        Ok(tree) => tree,
        Err(e) => {
            let line = e.line;
            return Reading { form: None, problems: vec![Problem { kind: ProblemKind::Xml(e), at: String::new(), line }] };
        }
    };
    let mut reader = Reader {
        tree: &tree,
        problems: Vec::new(),
        fields: Vec::new(),
        by_path: HashMap::new(),
        instances: HashSet::new(),
        bind_ids: HashMap::new(),
        texts: None,
        actions: Vec::new(),
    };
    let form = reader.form();
    let mut problems = reader.problems;
    problems.sort_by_key(|p| p.line);
    let refused = problems.iter().any(|p| p.severity() == Severity::Error);
    Reading { form: form.filter(|_| !refused), problems }
}

struct Reader<'t> {
    tree: &'t Tree,
    problems: Vec<Problem>,
    fields: Vec<Field>,
    by_path: HashMap<String, usize>,
    instances: HashSet<String>,
    bind_ids: HashMap<String, usize>,
    /// Ids of texts, once they were read.
    texts: Option<HashSet<String>>,
    actions: Vec<Action>,
}

impl<'t> Reader<'t> {
    fn problem(&mut self, kind: ProblemKind, at: &str, line: u32) {
        self.problems.push(Problem { kind, at: at.to_owned(), line });
    }

    fn form(&mut self) -> Option<Form> {
        let tree = self.tree;
        let top = tree.root()?;
        let head = tree.child(top, "head");
        let model = head.and_then(|h| tree.child(h, "model")).or_else(|| tree.child(top, "model"));
        let Some(model) = model else {
            self.problem(ProblemKind::NotAForm("model"), "", tree.line(top));
            return None;
        };
        let title = head.and_then(|h| tree.child(h, "title")).map(|t| tree.text(t).trim().to_owned()).unwrap_or_default();
        let mut prefixes = BTreeMap::new();
        for node in [top, model].into_iter().chain(head) {
            prefixes.extend(tree.declarations(node).filter(|(p, _)| !p.is_empty()).map(|(p, u)| (p.to_owned(), u.to_owned())));
        }
        let mut elements = tree.child_elements(model).filter(|n| tree.local(*n) == "instance");
        let Some(primary) = elements.next() else {
            self.problem(ProblemKind::NotAForm("instance"), "", tree.line(model));
            return None;
        };
        let secondary: Vec<NodeId> = elements.collect();
        let Some(root) = tree.child_elements(primary).next() else {
            self.problem(ProblemKind::NotAForm("root"), "", tree.line(primary));
            return None;
        };
        let namespace = tree.declarations(root).find(|(p, _)| p.is_empty()).map(|(_, u)| u.to_owned());
        let id = tree.attribute(root, "id").map(str::trim).filter(|i| !i.is_empty()).map(str::to_owned).or(namespace);
        let Some(id) = id else {
            self.problem(ProblemKind::NoFormId, "", tree.line(root));
            return None;
        };
        let version = tree.any_attribute(root, "version").map(str::to_owned);
        if !self.fields_of(root) {
            self.problem(ProblemKind::TooLarge(MOST_FIELDS, "nodes"), "", tree.line(root));
            return None;
        }
        let body = tree.child(top, "body");
        self.mark_repeats(body);
        let instances = self.secondary(secondary);
        let languages = self.languages(model);
        for bind in tree.child_elements(model).filter(|n| tree.local(*n) == "bind") {
            self.bind(bind);
        }
        let at_root = self.fields[0].reference();
        self.actions_in(model, &at_root);
        let body = body.map(|body| self.controls(body, &at_root)).unwrap_or_default();
        let order = match graph::order(&self.fields, &self.by_path) {
            Ok(order) => order,
            Err(graph::NoOrder::TooManyPatterns) => {
                self.problem(ProblemKind::TooLarge(graph::MOST_PATTERNS, "references with * or //"), "", 0);
                Vec::new()
            }
            Err(graph::NoOrder::Cycle(cycle)) => {
                let line = cycle.first().and_then(|p| self.by_path.get(p)).map_or(0, |n| self.fields[*n].bind.line);
                let at = cycle.first().cloned().unwrap_or_default();
                self.problem(ProblemKind::Cycle(cycle), &at, line);
                Vec::new()
            }
        };
        let key = tree.child(model, "submission").and_then(|s| tree.any_attribute(s, "base64RsaPublicKey"));
        let entities = tree.attributes(model).find(|(n, _)| n.local == "entities-version").map(|(_, v)| v.to_owned());
        Some(Form {
            title,
            id,
            version,
            fields: std::mem::take(&mut self.fields),
            instances,
            languages,
            body,
            actions: std::mem::take(&mut self.actions),
            public_key: key.map(str::to_owned),
            entities_version: entities,
            prefixes,
            by_path: std::mem::take(&mut self.by_path),
            order,
        })
    }

    /// The primary instance's nodes; the same path twice is one field. Whether they are not too many.
    fn fields_of(&mut self, root: NodeId) -> bool {
        let tree = self.tree;
        let mut left: Vec<(NodeId, Option<usize>)> = vec![(root, None)];
        while let Some((node, parent)) = left.pop() {
            if self.fields.len() > MOST_FIELDS {
                return false;
            }
            let path = match parent {
                Some(parent) => format!("{}/{}", self.fields[parent].path, tree.local(node)),
                None => format!("/{}", tree.local(node)),
            };
            let is_template = tree.attributes(node).any(|(n, _)| n.local == "template" && !n.namespace.is_empty());
            let known = self.by_path.get(&path).copied();
            let leaf = tree.is_leaf(node);
            let number = match known {
                Some(number) => number,
                None => {
                    let name = tree.name(node).cloned().unwrap_or_else(|| Name::plain(""));
                    self.field(path.clone(), name, parent, if leaf { FieldKind::Leaf } else { FieldKind::Group }, tree.line(node))
                }
            };
            let field = &mut self.fields[number];
            field.initially += usize::from(!is_template);
            if known.is_none() && leaf {
                field.default = tree.text(node).into_owned();
            }
            if !leaf {
                field.kind = FieldKind::Group;
            }
            for (name, value) in tree.attributes(node) {
                let marks =
                    parent.is_none() && matches!(name.local.as_str(), "id" | "version" | "uiVersion" | "prefix" | "delimiter");
                let path = format!("{path}/@{}", name.local);
                if marks || name.local == "template" || self.by_path.contains_key(&path) {
                    continue;
                }
                let mut own = name.clone();
                own.local = format!("@{}", own.local);
                let number = self.field(path, own, Some(number), FieldKind::Attribute, tree.line(node));
                self.fields[number].default = value.to_owned();
                self.fields[number].initially = 1;
            }
            let mut children: Vec<NodeId> = tree.child_elements(node).collect();
            children.reverse();
            left.extend(children.into_iter().map(|c| (c, Some(number))));
        }
        true
    }

    fn field(&mut self, path: String, name: Name, parent: Option<usize>, kind: FieldKind, line: u32) -> usize {
        let number = self.fields.len();
        self.by_path.insert(path.clone(), number);
        if let Some(parent) = parent {
            self.fields[parent].children.push(number);
        }
        self.fields.push(Field {
            path,
            name,
            kind,
            parent,
            children: Vec::new(),
            bind: Bind::default(),
            default: String::new(),
            initially: 0,
            asked: None,
            set_by_action: false,
            line,
        });
        number
    }

    fn mark_repeats(&mut self, body: Option<NodeId>) {
        let tree = self.tree;
        let Some(body) = body else { return };
        for node in tree.descendants(body).filter(|n| tree.local(*n) == "repeat") {
            let Some(written) = tree.attribute(node, "nodeset").or(tree.attribute(node, "ref")) else { continue };
            // A repeat's own reference may be relative to the groups around it.
            let mut above: Vec<&str> =
                tree.ancestors(node).filter_map(|n| tree.attribute(n, "nodeset").or(tree.attribute(n, "ref"))).collect();
            above.reverse();
            let context = above.iter().fold(self.fields[0].reference(), |at, w| resolve(w, &at).unwrap_or(at));
            if let Some(number) = resolve(written, &context).and_then(|r| self.by_path.get(&r.to_string()).copied()) {
                self.fields[number].kind = FieldKind::Repeat;
            }
        }
    }

    fn secondary(&mut self, elements: Vec<NodeId>) -> Vec<Instance> {
        let tree = self.tree;
        let mut out = Vec::new();
        for node in elements {
            let line = tree.line(node);
            let Some(id) = tree.attribute(node, "id") else { continue };
            if !self.instances.insert(id.to_owned()) {
                self.problem(ProblemKind::DuplicateInstance(id.to_owned()), "", line);
                continue;
            }
            let source = match tree.attribute(node, "src") {
                Some(uri) => Source::External(uri.to_owned()),
                None => Source::Inline(copy(tree, node)),
            };
            out.push(Instance { id: id.to_owned(), source, line });
        }
        out
    }

    fn languages(&mut self, model: NodeId) -> Vec<Language> {
        let tree = self.tree;
        let Some(itext) = tree.child(model, "itext") else { return Vec::new() };
        let root = self.fields[0].reference();
        let mut out = Vec::new();
        let mut ids = HashSet::new();
        for translation in tree.child_elements(itext).filter(|n| tree.local(*n) == "translation") {
            let mut texts: HashMap<String, Vec<(Option<String>, Text)>> = HashMap::new();
            for text in tree.child_elements(translation).filter(|n| tree.local(*n) == "text") {
                let Some(id) = tree.attribute(text, "id") else { continue };
                ids.insert(id.to_owned());
                let forms = texts.entry(id.to_owned()).or_default();
                for value in tree.child_elements(text).filter(|n| tree.local(*n) == "value") {
                    let words = self.words(value, &root, id);
                    forms.push((tree.attribute(value, "form").map(str::to_owned), words));
                }
            }
            let name = tree.attribute(translation, "lang").unwrap_or_default().to_owned();
            let default = tree.attribute(translation, "default").is_some_and(|d| d != "false()");
            out.push(Language { name, default, texts });
        }
        self.texts = Some(ids);
        out
    }

    /// An expression, with what is wrong with it noted.
    fn rule(&mut self, what: &str, text: &str, context: &Reference, line: u32) -> Option<Rule> {
        if text.trim().is_empty() {
            return None;
        }
        let at = context.to_string();
        let expr = match parse(text) {
            Ok(expr) => expr,
            Err(error) => {
                let text = text.chars().take(200).collect();
                self.problem(ProblemKind::BadExpression { what: what.to_owned(), text, error }, &at, line);
                return None;
            }
        };
        let mut unknown = Vec::new();
        expr.visit(&mut |e| {
            if let Expr::Call { function: Function::Instance, arguments } = e
                && let Some(Expr::Literal(id)) = arguments.first()
                && !self.instances.contains(id)
            {
                unknown.push(id.clone());
            }
        });
        for id in unknown {
            self.problem(ProblemKind::UnknownInstance(id), &at, line);
        }
        let all = references(&expr, context);
        for reference in &all {
            let plain = reference.0.iter().all(|s| matches!(s, Segment::Name(n) if !n.starts_with('@')));
            if plain && !reference.0.is_empty() && !self.by_path.contains_key(&reference.to_string()) {
                self.problem(ProblemKind::RefersToNothing { what: what.to_owned(), path: reference.to_string() }, &at, line);
            }
        }
        // Conditions of other kinds may mention their own node; that is not history.
        let of_history = what == "calculate" && all.contains(context);
        if of_history && !matches!(expr, Expr::Path(_)) && feeds_on_itself(&expr, context) {
            self.problem(ProblemKind::OwnValue(what.to_owned()), &at, line);
        }
        let rule = plain_rule(text, expr);
        Some(Rule { of_the_moment: of_history || rule.of_the_moment, by_clock: !of_history && rule.by_clock, ..rule })
    }

    /// The field that an attribute names.
    fn target(&mut self, what: &str, node: NodeId, context: &Reference) -> Option<usize> {
        let tree = self.tree;
        let line = tree.line(node);
        if let Some(id) = tree.attribute(node, "bind") {
            let known = self.bind_ids.get(id).copied();
            if known.is_none() {
                self.problem(ProblemKind::UnknownBind(id.to_owned()), "", line);
            }
            return known;
        }
        let Some(written) = tree.attribute(node, "nodeset").or(tree.attribute(node, "ref")) else {
            self.problem(ProblemKind::NoReference, &context.to_string(), line);
            return None;
        };
        let found = match parse(written) {
            Ok(expr) => path_of(&expr, context).and_then(|r| self.by_path.get(&r.to_string()).copied()),
            Err(error) => {
                let text = written.chars().take(200).collect();
                self.problem(ProblemKind::BadExpression { what: what.to_owned(), text, error }, &context.to_string(), line);
                return None;
            }
        };
        if found.is_none() {
            self.problem(ProblemKind::UnknownNode { what: what.to_owned(), path: written.to_owned() }, written, line);
        }
        found
    }

    fn bind(&mut self, node: NodeId) {
        let tree = self.tree;
        let root = self.fields[0].reference();
        let line = tree.line(node);
        let number = match self.target("bind", node, &root) {
            Some(number) => number,
            None => match self.missing_attribute(node, &root) {
                Some(number) => number,
                None => return,
            },
        };
        if let Some(id) = tree.attribute(node, "id") {
            self.bind_ids.insert(id.to_owned(), number);
        }
        let context = self.fields[number].reference();
        let path = self.fields[number].path.clone();
        let mut bind = std::mem::take(&mut self.fields[number].bind);
        if bind.line != 0 {
            self.problem(ProblemKind::DuplicateBind, &path, line);
        }
        bind.line = line;
        let mut preload = None;
        let mut parameters = String::new();
        for (name, value) in tree.attributes(node) {
            let rule = |reader: &mut Reader, what: &str| reader.rule(what, value, &context, line);
            match (name.namespace.is_empty(), name.local.as_str()) {
                (true, "type") => bind.data_type = self.data_type(value, &path, line),
                (true, "relevant") => bind.relevant = rule(self, "relevant").or(bind.relevant),
                (true, "required") => bind.required = rule(self, "required").or(bind.required),
                (true, "constraint") => bind.constraint = rule(self, "constraint").or(bind.constraint),
                (true, "calculate") => bind.calculate = rule(self, "calculate").or(bind.calculate),
                (true, "readonly") => bind.readonly = rule(self, "readonly").or(bind.readonly),
                (false, "constraintMsg") => bind.constraint_message = Some(self.message(value, &context, line)),
                (false, "requiredMsg") => bind.required_message = Some(self.message(value, &context, line)),
                (false, "preload") => preload = Some(value.to_owned()),
                (false, "preloadParams") => parameters = value.to_owned(),
                (false, "saveto") => bind.save_to = Some(value.to_owned()),
                _ => {}
            }
        }
        bind.preload = preload.map(|p| (p, parameters)).or(bind.preload);
        self.fields[number].bind = bind;
    }

    /// A bind may name an attribute that the instance leaves out. The problem noted for it is taken back.
    fn missing_attribute(&mut self, node: NodeId, root: &Reference) -> Option<usize> {
        let written = self.tree.attribute(node, "nodeset")?;
        let reference = resolve(written, root)?;
        let (Segment::Name(last), above) = reference.0.split_last()? else { return None };
        let parent = self.by_path.get(&Reference(above.to_vec()).to_string()).copied().filter(|_| last.starts_with('@'))?;
        self.problems.pop();
        Some(self.field(reference.to_string(), Name::plain(last), Some(parent), FieldKind::Attribute, self.tree.line(node)))
    }

    fn data_type(&mut self, written: &str, at: &str, line: u32) -> DataType {
        match written.rsplit(':').next().unwrap_or_default() {
            "string" | "" => DataType::Text,
            "int" | "integer" | "long" => DataType::Integer,
            "decimal" | "double" | "float" => DataType::Decimal,
            "boolean" => DataType::Boolean,
            "date" => DataType::Date,
            "time" => DataType::Time,
            "dateTime" | "datetime" => DataType::DateTime,
            "geopoint" => DataType::Geopoint,
            "geotrace" => DataType::Geotrace,
            "geoshape" => DataType::Geoshape,
            "binary" => DataType::Binary,
            "barcode" => DataType::Barcode,
            "intent" => DataType::Intent,
            "select1" => DataType::SelectOne,
            "select" => DataType::Select,
            "rank" => DataType::Rank,
            _ => {
                self.problem(ProblemKind::UnknownType(written.to_owned()), at, line);
                DataType::Text
            }
        }
    }

    /// A message: words, or `jr:itext('…')`.
    fn message(&mut self, text: &str, context: &Reference, line: u32) -> Text {
        match text.trim_start().starts_with("jr:itext") {
            true => self.itext(text, context, line).unwrap_or_default(),
            false => Text(vec![Part::Words(text.to_owned())]),
        }
    }

    fn itext(&mut self, text: &str, context: &Reference, line: u32) -> Option<Text> {
        let rule = self.rule("ref", text, context, line)?;
        match rule.expr {
            Expr::Call { function: Function::Itext, ref arguments } => match arguments.first() {
                Some(Expr::Literal(id)) => {
                    if self.texts.as_ref().is_none_or(|known| !known.contains(id)) {
                        self.problem(ProblemKind::UnknownText(id.clone()), &context.to_string(), line);
                    }
                    Some(Text(vec![Part::Itext(id.clone())]))
                }
                _ => Some(Text(vec![Part::Output(rule.clone())])),
            },
            _ => Some(Text(vec![Part::Output(rule)])),
        }
    }

    /// Words with outputs.
    fn words(&mut self, node: NodeId, context: &Reference, whose: &str) -> Text {
        let tree = self.tree;
        let mut parts = Vec::new();
        for child in tree.descendants(node) {
            if tree.kind(child) == Kind::Text {
                parts.push(Part::Words(tree.text(child).into_owned()));
            } else if tree.local(child) == "output" {
                let value = tree.attribute(child, "value").or(tree.attribute(child, "ref"));
                let line = tree.line(child);
                // Texts are shared by many questions, so what a relative path means is not known here.
                if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
                    match parse(value) {
                        Ok(expr) => {
                            parts.push(Part::Output(plain_rule(value, expr)));
                        }
                        Err(error) => {
                            let text = value.chars().take(200).collect();
                            let at = if whose.is_empty() { context.to_string() } else { whose.to_owned() };
                            self.problem(ProblemKind::BadExpression { what: "output".into(), text, error }, &at, line);
                        }
                    }
                }
            }
        }
        Text(parts)
    }

    fn label(&mut self, node: NodeId, which: &str, context: &Reference) -> Option<Text> {
        let tree = self.tree;
        let label = tree.child(node, which)?;
        match tree.attribute(label, "ref") {
            Some(text) => self.itext(text, context, tree.line(label)),
            None => Some(self.words(label, context, "")),
        }
    }

    fn actions_in(&mut self, node: NodeId, context: &Reference) {
        let tree = self.tree;
        for action in tree.child_elements(node).filter(|n| matches!(tree.local(*n), "setvalue" | "setgeopoint")) {
            let line = tree.line(action);
            let Some(field) = self.target("setvalue", action, context) else { continue };
            self.fields[field].set_by_action = true;
            let at = self.fields[field].reference();
            let value = tree.attribute(action, "value").map(str::to_owned).and_then(|v| self.rule("value", &v, &at, line));
            let events = tree.any_attribute(action, "event").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            let geopoint = tree.local(action) == "setgeopoint";
            self.actions.push(Action { geopoint, events, field, value, text: tree.text(action).into_owned(), line });
        }
    }

    fn controls(&mut self, around: NodeId, context: &Reference) -> Vec<Control> {
        let tree = self.tree;
        let mut out = Vec::new();
        self.actions_in(around, context);
        for node in tree.child_elements(around) {
            let line = tree.line(node);
            let appearance = tree.attribute(node, "appearance").unwrap_or_default().to_owned();
            let kind = match tree.local(node) {
                "input" => ControlKind::Input,
                "secret" => ControlKind::Secret,
                "select" => ControlKind::Select,
                "select1" => ControlKind::SelectOne,
                "rank" => ControlKind::Rank,
                "trigger" => ControlKind::Trigger,
                "upload" => ControlKind::Upload(tree.attribute(node, "mediatype").unwrap_or_default().to_owned()),
                "range" => {
                    let bound = |name| tree.attribute(node, name).and_then(|v| v.trim().parse().ok());
                    ControlKind::Range(bound("start"), bound("end"), bound("step"))
                }
                "group" => {
                    let named = tree.attribute(node, "ref").or(tree.attribute(node, "nodeset")).or(tree.attribute(node, "bind"));
                    let field = match named {
                        Some("") | None => None,
                        Some(_) => self.target("group", node, context),
                    };
                    let inner = field.map_or_else(|| context.clone(), |f| self.fields[f].reference());
                    let label = self.label(node, "label", &inner);
                    let controls = self.controls(node, &inner);
                    out.push(Control::Group(Group { field, label, appearance, controls, line }));
                    continue;
                }
                "repeat" => {
                    let Some(field) = self.target("repeat", node, context) else { continue };
                    let inner = self.fields[field].reference();
                    let count = tree
                        .attributes(node)
                        .find(|(n, _)| n.local == "count" && !n.namespace.is_empty())
                        .map(|(_, v)| v.to_owned());
                    let count = count.and_then(|c| self.rule("count", &c, &inner, line));
                    let fixed = tree.attributes(node).any(|(n, v)| n.local == "noAddRemove" && v != "false()");
                    let controls = self.controls(node, &inner);
                    out.push(Control::Repeat(Repeat { field, count, fixed, appearance, controls, line }));
                    continue;
                }
                "label" | "hint" | "setvalue" | "setgeopoint" | "itemset" | "item" | "help" | "alert" | "recordaudio" => continue,
                other => {
                    self.problem(ProblemKind::UnknownControl(other.to_owned()), &context.to_string(), line);
                    continue;
                }
            };
            let what = tree.local(node).to_owned();
            let Some(field) = self.target(&what, node, context) else { continue };
            let own = self.fields[field].reference();
            self.actions_in(node, &own);
            let label = self.label(node, "label", &own);
            let hint = self.label(node, "hint", &own);
            let choices = match kind {
                ControlKind::Select | ControlKind::SelectOne | ControlKind::Rank => self.choices(node, &own, &appearance),
                _ if tree.attribute(node, "query").is_some() => self.choices(node, &own, &appearance),
                _ => Choices::None,
            };
            // A field asked in two places takes what either offers.
            let asked = match self.fields[field].asked.take() {
                None => Asked { control: kind.clone(), choices: choices.clone() },
                Some(before) => match (before.choices, &choices) {
                    (Choices::Listed(mut a), Choices::Listed(b)) => {
                        a.extend(b.iter().cloned());
                        Asked { control: before.control, choices: Choices::Listed(a) }
                    }
                    (Choices::None, _) => Asked { control: kind.clone(), choices: Choices::None },
                    _ => Asked { control: before.control, choices: Choices::Elsewhere },
                },
            };
            self.fields[field].asked = Some(asked);
            out.push(Control::Question(Box::new(Question { kind, field, label, hint, appearance, choices, line })));
        }
        out
    }

    fn choices(&mut self, node: NodeId, context: &Reference, appearance: &str) -> Choices {
        let tree = self.tree;
        // Columns there may have names that no element has, such as `1a`, so that not all of it need make sense.
        if let Some(query) = tree.attribute(node, "query")
            && let Err(error) = parse(query)
            && error.problem != SyntaxProblem::Unexpected
        {
            let text = query.chars().take(200).collect();
            let kind = ProblemKind::BadExpression { what: "query".into(), text, error };
            self.problem(kind, &context.to_string(), tree.line(node));
        }
        if appearance.contains("search(") || tree.attribute(node, "query").is_some() {
            return Choices::Elsewhere;
        }
        if let Some(itemset) = tree.child(node, "itemset") {
            let line = tree.line(itemset);
            let nodeset = tree.attribute(itemset, "nodeset").unwrap_or_default().to_owned();
            let nodeset = self.rule("nodeset", &nodeset, context, line);
            let mut part = |which: &str| {
                let child = tree.child(itemset, which)?;
                let text = tree.attribute(child, "ref")?;
                // Relative to the items, which are usually not of the primary instance.
                match parse(text) {
                    Ok(expr) => Some(plain_rule(text, expr)),
                    Err(error) => {
                        let text = text.chars().take(200).collect();
                        self.problem(
                            ProblemKind::BadExpression { what: which.to_owned(), text, error },
                            &context.to_string(),
                            line,
                        );
                        None
                    }
                }
            };
            let value = part("value").or_else(|| part("copy"));
            let label = part("label");
            return match (nodeset, value) {
                (Some(nodeset), Some(value)) => Choices::Itemset(Box::new(Itemset { nodeset, value, label })),
                _ => Choices::Elsewhere,
            };
        }
        let mut listed = Vec::new();
        for item in tree.child_elements(node).filter(|n| tree.local(*n) == "item") {
            let value = tree.child(item, "value").map(|v| tree.text(v).trim().to_owned()).unwrap_or_default();
            let label = self.label(item, "label", context).unwrap_or_default();
            listed.push((value, label));
        }
        if listed.is_empty() {
            self.problem(ProblemKind::NoChoices, &context.to_string(), tree.line(node));
            return Choices::Elsewhere;
        }
        Choices::Listed(listed)
    }
}

/// Whether a value is worked out from itself, as in `. + 1` or `concat(., 'x')`, so that it would never come to rest. What keeps a
/// value that is there, as `coalesce(., 'x')` does, comes to rest, and so does what reads another instance of the repeat.
fn feeds_on_itself(expr: &Expr, own: &Reference) -> bool {
    use Operator::{Add, Divide, Modulo, Multiply, Subtract};
    let mut left = vec![expr];
    while let Some(expr) = left.pop() {
        match expr {
            Expr::Path(Path { steps, .. }) | Expr::Filter { steps, .. }
                if steps.iter().all(|s| s.predicates.is_empty()) && path_of(expr, own).as_ref() == Some(own) =>
            {
                return true;
            }
            Expr::Binary(Add | Subtract | Multiply | Divide | Modulo, a, b) => left.extend([a.as_ref(), b.as_ref()]),
            Expr::Negate(a) => left.push(a),
            Expr::Call { function: Function::Concat | Function::Join, arguments } => left.extend(arguments),
            _ => {}
        }
    }
    false
}

/// An expression where history plays no part.
fn plain_rule(text: &str, expr: Expr) -> Rule {
    let moment = expr.moment();
    Rule { text: text.to_owned(), of_the_moment: moment != Dependence::Nothing, by_clock: moment == Dependence::Clock, expr }
}

/// A path attribute as a reference.
fn resolve(written: &str, context: &Reference) -> Option<Reference> {
    parse(written).ok().and_then(|e| path_of(&e, context))
}

/// What is within an element, as a document of its own.
fn copy(from: &Tree, within: NodeId) -> Tree {
    let mut out = Tree::new();
    // What comes next, and where it goes.
    let mut left: Vec<(NodeId, NodeId)> = Vec::new();
    let push = |left: &mut Vec<(NodeId, NodeId)>, node: NodeId, to: NodeId| {
        let mut children: Vec<NodeId> = from.children(node).collect();
        children.reverse();
        left.extend(children.into_iter().map(|c| (c, to)));
    };
    let top = out.document();
    push(&mut left, within, top);
    while let Some((node, to)) = left.pop() {
        match from.name(node) {
            Some(name) => {
                let made = out.add_element(to, name, from.line(node));
                for (name, value) in from.attributes(node) {
                    out.add_attribute(made, name, value);
                }
                push(&mut left, node, made);
            }
            // White space between elements says nothing, and is most of such a file.
            None if from.text(node).trim().is_empty() && from.parent(node).is_some_and(|p| !from.is_leaf(p)) => {}
            None => {
                if to != top {
                    out.add_text(to, &from.text(node));
                }
            }
        }
    }
    out
}
