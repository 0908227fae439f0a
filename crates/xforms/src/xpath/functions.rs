//! The functions.

use std::{borrow::Cow, collections::HashMap, f64::consts::PI};

use base64::Engine;
use sha2::Digest;

use super::{
    dates::{Local, parse_time},
    evaluate::{Dialect, EvalError, Evaluator, Focus, NodeRef},
    expr::{Expr, Function},
    geo,
    value::Value,
};

type Result<T> = std::result::Result<T, EvalError>;

/// The node above the root of a secondary instance.
pub(super) fn document(ev: &Evaluator, id: &str) -> Option<NodeRef> {
    let at = ev.world.secondary.iter().position(|(known, _)| *known == id)?;
    let number = u16::try_from(at + 1).ok()?;
    Some(NodeRef { document: number, node: ev.tree(number).document(), attribute: None })
}

/// Base64 with or without padding, as clients take it.
const LENIENT: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// White space of XML.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(SPACE).filter(|w| !w.is_empty())
}

/// Text of the argument, or of the context node.
fn text_or_here<'t>(ev: &Evaluator<'t>, arguments: &[Expr], focus: Focus) -> Result<Cow<'t, str>> {
    match arguments.first() {
        Some(argument) => ev.text(argument, focus),
        None => Ok(ev.text_of(focus.node)),
    }
}

/// The first node of the argument, or the context node.
fn node_or_here(ev: &Evaluator, arguments: &[Expr], focus: Focus, whose: &'static str) -> Result<Option<NodeRef>> {
    match arguments.first() {
        Some(argument) => Ok(ev.nodes(argument, focus, whose)?.first().copied()),
        None => Ok(Some(focus.node)),
    }
}

/// Texts of all arguments, each node of a node-set by itself.
fn texts<'t>(ev: &Evaluator<'t>, arguments: &[Expr], focus: Focus) -> Result<Vec<Cow<'t, str>>> {
    let mut out = Vec::new();
    for argument in arguments {
        match ev.value(argument, focus)? {
            Value::Nodes(nodes) => out.extend(nodes.into_iter().map(|n| ev.text_of(n))),
            other => out.push(ev.to_text(other)),
        }
    }
    Ok(out)
}

fn numbers(ev: &Evaluator, arguments: &[Expr], focus: Focus) -> Result<Vec<f64>> {
    let mut out = Vec::new();
    for argument in arguments {
        match ev.value(argument, focus)? {
            Value::Nodes(nodes) => out.extend(nodes.into_iter().map(|n| ev.read_number(&ev.text_of(n)))),
            other => out.push(ev.to_number(&other)),
        }
    }
    Ok(out)
}

/// Truth of each argument, each node of a node-set by itself: a node is true when it holds `1` or `true` or another text but `0`, `false`.
fn truths(ev: &Evaluator, argument: &Expr, focus: Focus) -> Result<Vec<bool>> {
    Ok(match ev.value(argument, focus)? {
        Value::Nodes(nodes) => nodes.into_iter().map(|n| !ev.text_of(n).trim_matches(SPACE).is_empty()).collect(),
        other => vec![ev.to_boolean(&other)],
    })
}

/// XPath's rounding: halves go up.
fn round_half_up(n: f64) -> f64 {
    (n + 0.5).floor()
}

pub(super) fn call<'t>(ev: &Evaluator<'t>, function: Function, a: &[Expr], focus: Focus) -> Result<Value<'t>> {
    use Function as F;
    let text = |n: usize| ev.text(&a[n], focus);
    let number = |n: usize| ev.number(&a[n], focus);
    let math = |f: fn(f64) -> f64| number(0).map(|n| Value::Number(f(n)));
    let own = |s: String| Value::Text(Cow::Owned(s));
    let offset = ev.world.now.offset_minutes;
    Ok(match function {
        F::Last => Value::Number(focus.size as f64),
        F::Position => match a.first() {
            None => Value::Number(focus.position as f64),
            Some(argument) => match ev.nodes(argument, focus, "position")?.as_slice() {
                [] => Value::Number(f64::NAN),
                [node, ..] => {
                    let tree = ev.tree(node.document);
                    let name = tree.name_number(node.node);
                    let elements = std::iter::successors(Some(node.node), |n| tree.previous_sibling(*n))
                        .filter(|n| tree.kind(*n) == crate::tree::Kind::Element);
                    Value::Number(elements.take_while(|n| tree.name_number(*n) == name).count() as f64)
                }
            },
        },
        F::Count => Value::Number(ev.nodes(&a[0], focus, "count")?.len() as f64),
        F::Id => {
            let wanted = texts(ev, a, focus)?;
            let wanted: Vec<&str> = wanted.iter().flat_map(|t| words(t)).collect();
            let tree = ev.tree(focus.node.document);
            let fits = |n: &crate::tree::NodeId| tree.any_attribute(*n, "id").is_some_and(|id| wanted.contains(&id));
            let found = tree.descendants(tree.document()).filter(fits);
            Value::Nodes(found.map(|node| NodeRef { node, attribute: None, ..focus.node }).collect())
        }
        F::LocalName | F::Name | F::NamespaceUri => {
            let Some(node) = node_or_here(ev, a, focus, "name")? else { return Ok(own(String::new())) };
            let tree = ev.tree(node.document);
            let name = match node.attribute {
                Some(n) => tree.attributes(node.node).nth(usize::from(n)).map(|(name, _)| name),
                None => tree.name(node.node),
            };
            own(match (name, function) {
                (None, _) => String::new(),
                (Some(name), F::LocalName) => name.local.clone(),
                (Some(name), F::NamespaceUri) => name.namespace.clone(),
                (Some(name), _) => name.qualified().into_owned(),
            })
        }
        F::String => Value::Text(text_or_here(ev, a, focus)?),
        F::Concat => {
            let parts = texts(ev, a, focus)?;
            ev.grow(parts.iter().map(|p| p.len()).sum())?;
            own(parts.concat())
        }
        F::Join => {
            let glue = text(0)?;
            let parts = texts(ev, &a[1..], focus)?;
            ev.grow(parts.iter().map(|p| p.len().saturating_add(glue.len())).fold(0, usize::saturating_add))?;
            own(parts.join(&glue))
        }
        F::StartsWith => Value::Boolean(text(0)?.starts_with(text(1)?.as_ref())),
        F::EndsWith => Value::Boolean(text(0)?.ends_with(text(1)?.as_ref())),
        F::Contains => Value::Boolean(text(0)?.contains(text(1)?.as_ref())),
        F::SubstringBefore => {
            let (whole, part) = (text(0)?, text(1)?);
            own(whole.find(part.as_ref()).map_or("", |at| &whole[..at]).to_owned())
        }
        F::SubstringAfter => {
            let (whole, part) = (text(0)?, text(1)?);
            own(whole.find(part.as_ref()).map_or("", |at| &whole[at + part.len()..]).to_owned())
        }
        F::Substring => {
            let whole = text(0)?;
            let start = round_half_up(number(1)?);
            let end = match a.len() {
                3 => start + round_half_up(number(2)?),
                _ => f64::INFINITY,
            };
            let inside = |n: usize| (n as f64 + 1.0) >= start && (n as f64 + 1.0) < end;
            own(whole.chars().enumerate().filter(|(n, _)| inside(*n)).map(|(_, c)| c).collect())
        }
        F::Substr => {
            let whole: Vec<char> = text(0)?.chars().collect();
            let length = whole.len() as f64;
            let place = |n: f64| if n < 0.0 { (length + n.trunc()).max(0.0) } else { n.trunc().min(length) };
            let start = place(number(1)?);
            let end = if a.len() == 3 { place(number(2)?) } else { length };
            let fits = !start.is_nan() && !end.is_nan() && start < end;
            own(if fits { whole[start as usize..end as usize].iter().collect() } else { String::new() })
        }
        F::StringLength => Value::Number(text_or_here(ev, a, focus)?.encode_utf16().count() as f64),
        F::NormalizeSpace => {
            let whole = text_or_here(ev, a, focus)?;
            own(words(&whole).collect::<Vec<_>>().join(" "))
        }
        F::Translate => {
            let (whole, from, to) = (text(0)?, text(1)?, text(2)?);
            let mut to = to.chars();
            let mut becomes: HashMap<char, Option<char>> = HashMap::new();
            for c in from.chars() {
                let other = to.next();
                becomes.entry(c).or_insert(other);
            }
            own(whole.chars().filter_map(|c| becomes.get(&c).copied().unwrap_or(Some(c))).collect())
        }
        F::Boolean => Value::Boolean(ev.boolean(&a[0], focus)?),
        F::Not => Value::Boolean(!ev.boolean(&a[0], focus)?),
        F::True => Value::Boolean(true),
        F::False => Value::Boolean(false),
        F::Lang => {
            let wanted = text(0)?.to_lowercase();
            let tree = ev.tree(focus.node.document);
            let here = std::iter::once(focus.node.node).chain(tree.ancestors(focus.node.node));
            let known = here.filter_map(|n| tree.attributes(n).find(|(n, _)| n.prefix == "xml" && n.local == "lang")).next();
            let fits = |lang: &str| lang == wanted || lang.strip_prefix(wanted.as_str()).is_some_and(|r| r.starts_with('-'));
            Value::Boolean(known.is_some_and(|(_, lang)| fits(&lang.to_lowercase())))
        }
        F::Number => match a.first() {
            Some(argument) => Value::Number(ev.number(argument, focus)?),
            None => Value::Number(ev.read_number(&ev.text_of(focus.node))),
        },
        F::Sum => {
            let nodes = ev.nodes(&a[0], focus, "sum")?;
            if nodes.is_empty() && ev.world.dialect == Dialect::WebForms {
                return Ok(Value::Number(f64::NAN));
            }
            Value::Number(nodes.into_iter().map(|n| ev.read_number(&ev.text_of(n))).fold(0.0, |s, n| s + n))
        }
        F::Floor => math(f64::floor)?,
        F::Ceiling => math(f64::ceil)?,
        // Halves go away from zero, as both clients have it; XPath would round -2.5 to -2.
        F::Round => {
            let n = number(0)?;
            let places = if a.len() == 2 { number(1)?.trunc() } else { 0.0 };
            if places == 0.0 {
                Value::Number((n.abs() + 0.5).floor().copysign(n))
            } else if places.abs() > 300.0 || places.is_nan() {
                Value::Number(f64::NAN)
            } else {
                let shift = 10_f64.powi(places.abs() as i32);
                let rounded =
                    if places > 0.0 { (n.abs() * shift + 0.5).floor() / shift } else { (n.abs() / shift + 0.5).floor() * shift };
                Value::Number(rounded.copysign(n))
            }
        }
        F::If => match ev.boolean(&a[0], focus)? {
            true => ev.value(&a[1], focus)?,
            false => ev.value(&a[2], focus)?,
        },
        F::Coalesce => {
            for argument in a {
                let found = ev.text(argument, focus)?;
                if !found.is_empty() {
                    return Ok(Value::Text(found));
                }
            }
            own(String::new())
        }
        F::Once => {
            let known = ev.text_of(focus.origin);
            match known.is_empty() {
                true => Value::Text(text(0)?),
                false => Value::Text(known),
            }
        }
        F::Selected | F::IsSelected => {
            let (list, wanted) = (text(0)?, text(1)?);
            let wanted = wanted.trim_matches(SPACE);
            Value::Boolean(match wanted.is_empty() {
                true => list.trim_matches(SPACE).is_empty(),
                false => words(&list).any(|w| w == wanted),
            })
        }
        F::SelectedAt => {
            let (list, at) = (text(0)?, number(1)?);
            let found = if at >= 0.0 { words(&list).nth(at as usize) } else { None };
            own(found.unwrap_or_default().to_owned())
        }
        F::CountSelected => Value::Number(words(&text(0)?).count() as f64),
        F::ChoiceName => {
            let (value, question) = (text(0)?, text(1)?);
            own(ev.world.hooks.choice_name(ev, &value, &question, focus).unwrap_or_default())
        }
        F::Itext => own(ev.world.hooks.itext(&text(0)?).unwrap_or_default()),
        F::IndexedRepeat => indexed_repeat(ev, a, focus)?,
        F::Instance => {
            let id = text(0)?;
            Value::Nodes(vec![document(ev, &id).ok_or_else(|| EvalError::NoInstance(id.into_owned()))?])
        }
        F::Current => Value::Nodes(vec![focus.origin]),
        F::Int => math(f64::trunc)?,
        F::Pow => Value::Number(number(0)?.powf(number(1)?)),
        F::Log => math(f64::ln)?,
        F::Log10 => math(f64::log10)?,
        F::Exp => math(f64::exp)?,
        F::Exp10 => math(|n| 10_f64.powf(n))?,
        F::Abs => math(f64::abs)?,
        F::Sqrt => math(f64::sqrt)?,
        F::Sin => math(f64::sin)?,
        F::Cos => math(f64::cos)?,
        F::Tan => math(f64::tan)?,
        F::Asin => math(f64::asin)?,
        F::Acos => math(f64::acos)?,
        F::Atan => math(f64::atan)?,
        F::Atan2 => Value::Number(number(0)?.atan2(number(1)?)),
        F::Pi => Value::Number(PI),
        F::Min | F::Max => {
            let all = numbers(ev, a, focus)?;
            let pick = if function == F::Min { f64::min } else { f64::max };
            Value::Number(match all.iter().any(|n| n.is_nan()) {
                true => f64::NAN,
                false => all.into_iter().reduce(pick).unwrap_or(f64::NAN),
            })
        }
        F::Date => match ev.value(&a[0], focus)? {
            Value::Boolean(_) => own(String::new()),
            value => match ev.to_moment(value) {
                Some(m) => Value::Moment(m),
                None => own(String::new()),
            },
        },
        F::DateTime => match ev.to_moment(ev.value(&a[0], focus)?) {
            Some(m) => Value::Moment(Local { timed: true, ..m }),
            None => own(String::new()),
        },
        F::Today => Value::Moment(Local { days: ev.world.now.local().days.floor(), timed: false }),
        F::Now => Value::Moment(ev.world.now.local()),
        F::DecimalDateTime => {
            let value = ev.value(&a[0], focus)?;
            Value::Number(ev.to_moment(value).map_or(f64::NAN, |m| m.days - ev.midnight()))
        }
        F::DecimalTime => {
            let whole = text(0)?;
            let of_moment = || super::dates::parse_moment(&whole, offset).map(|m| m.days.rem_euclid(1.0));
            Value::Number(parse_time(&whole, offset).or_else(of_moment).unwrap_or(f64::NAN))
        }
        F::FormatDate | F::FormatDateTime => {
            let value = ev.value(&a[0], focus)?;
            let format = text(1)?;
            let whole = ev.to_text(value.clone());
            let as_time = || parse_time(&whole, offset).map(|days| Local { days, timed: true });
            match ev.to_moment(value).or_else(as_time) {
                Some(m) => own(m.format(&format)),
                None => own(String::new()),
            }
        }
        F::BooleanFromString => Value::Boolean(matches!(text(0)?.as_ref(), "1" | "true")),
        F::Regex => {
            let (whole, pattern) = (text(0)?, text(1)?);
            Value::Boolean(ev.pattern(&pattern, ev.world.dialect == Dialect::Collect)?.is_match(&whole))
        }
        F::CountNonEmpty => {
            let nodes = ev.nodes(&a[0], focus, "count-non-empty")?;
            Value::Number(nodes.into_iter().filter(|n| !ev.text_of(*n).is_empty()).count() as f64)
        }
        F::Checklist => {
            let mut hits = 0.0;
            for argument in &a[2..] {
                hits += truths(ev, argument, focus)?.into_iter().filter(|t| *t).count() as f64;
            }
            within(hits, number(0)?, number(1)?)
        }
        F::WeightedChecklist => {
            if a.len() % 2 == 1 {
                return Err(EvalError::Argument("weighted-checklist"));
            }
            let mut hits = 0.0;
            for pair in a[2..].chunks_exact(2) {
                let weights = numbers(ev, &pair[1..], focus)?;
                let truths = truths(ev, &pair[0], focus)?;
                hits += truths.into_iter().zip(weights).filter(|(t, _)| *t).map(|(_, w)| w).sum::<f64>();
            }
            within(hits, number(0)?, number(1)?)
        }
        F::Area | F::EnclosedArea => Value::Number(geo::area_m2(&texts(ev, a, focus)?)),
        F::Distance => Value::Number(geo::distance_m(&texts(ev, a, focus)?)),
        F::Geofence => Value::Boolean(geo::inside(&text(0)?, &text(1)?)),
        F::Intersects => Value::Boolean(geo::crosses_itself(&text(0)?)),
        F::Uuid => {
            let bits = (u128::from(ev.random_bits()) << 64) | u128::from(ev.random_bits());
            // Version 4, variant 10 (RFC 9562).
            let bits = bits & !(0xF << 76) & !(0x3 << 62) | (4 << 76) | (2 << 62);
            let hex = format!("{bits:032x}");
            let whole = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
            match a.len() {
                0 => own(whole),
                _ => {
                    let length = number(0)?;
                    let fits = (0.0..=1000.0).contains(&length);
                    own(if fits { whole.chars().cycle().take(length as usize).collect() } else { String::new() })
                }
            }
        }
        F::Random => Value::Number((ev.random_bits() >> 11) as f64 / (1_u64 << 53) as f64),
        F::Randomize => {
            let nodes = ev.nodes(&a[0], focus, "randomize")?;
            let seed = match a.len() {
                1 => (ev.random_bits() >> 34) as i64,
                _ => {
                    let seed = ev.value(&a[1], focus)?;
                    let n = ev.to_number(&seed);
                    match n.is_nan() {
                        false => n as i64,
                        true => match ev.to_text(seed).as_ref() {
                            "" => 0,
                            words => {
                                let hash = sha2::Sha256::digest(words.as_bytes());
                                i64::from_be_bytes([hash[0], hash[1], hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]])
                            }
                        },
                    }
                }
            };
            Value::Nodes(shuffled(nodes, seed))
        }
        F::Digest => {
            let (whole, algorithm) = (text(0)?, text(1)?);
            let bytes = whole.as_bytes();
            let hash = match algorithm.as_ref() {
                "MD5" => md5::Md5::digest(bytes).to_vec(),
                "SHA-1" => sha1::Sha1::digest(bytes).to_vec(),
                "SHA-256" => sha2::Sha256::digest(bytes).to_vec(),
                "SHA-384" => sha2::Sha384::digest(bytes).to_vec(),
                "SHA-512" => sha2::Sha512::digest(bytes).to_vec(),
                _ => return Err(EvalError::Argument("digest")),
            };
            let encoding = if a.len() == 3 { text(2)? } else { Cow::Borrowed("base64") };
            own(match encoding.as_ref() {
                "base64" => base64::engine::general_purpose::STANDARD.encode(hash),
                "hex" => hash.iter().map(|b| format!("{b:02x}")).collect(),
                _ => return Err(EvalError::Argument("digest")),
            })
        }
        F::Base64Decode => {
            let bytes = LENIENT.decode(text(0)?.trim().as_bytes()).unwrap_or_default();
            own(String::from_utf8_lossy(&bytes).into_owned())
        }
        F::Pulldata => {
            let (id, wanted, key, value) = (text(0)?, text(1)?, text(2)?, text(3)?);
            let top = document(ev, &id).ok_or_else(|| EvalError::NoInstance(id.into_owned()))?;
            let tree = ev.tree(top.document);
            let items = tree.root().into_iter().flat_map(|root| tree.child_elements(root));
            let column = |item, name: &str| tree.child(item, name).map(|c| tree.text(c));
            let found = items.into_iter().find(|item| column(*item, &key).is_some_and(|v| v == value));
            own(found.and_then(|item| column(item, &wanted)).unwrap_or_default().into_owned())
        }
        // What a phone knows about itself is not known here.
        F::Property => own(String::new()),
        F::Version => {
            let root = ev.world.main.root();
            own(root.and_then(|r| ev.world.main.any_attribute(r, "version")).unwrap_or_default().to_owned())
        }
    })
}

fn within<'t>(hits: f64, least: f64, most: f64) -> Value<'t> {
    Value::Boolean((least == -1.0 || hits >= least) && (most == -1.0 || hits <= most))
}

/// `indexed-repeat(node, repeat, index, …)`: nodes within the chosen instances.
fn indexed_repeat<'t>(ev: &Evaluator<'t>, a: &[Expr], focus: Focus) -> Result<Value<'t>> {
    if a.len().is_multiple_of(2) {
        return Err(EvalError::Argument("indexed-repeat"));
    }
    // Paths mean all instances here, whichever one stands in.
    let everywhere = |e: &Expr, focus: Focus| match e {
        Expr::Path(path) if path.absolute => ev.steps(vec![NodeRef::main(ev.world.main.document())], &path.steps, focus),
        other => ev.nodes(other, focus, "indexed-repeat"),
    };
    let tree = ev.world.main;
    let is_within = |node: NodeRef, above: NodeRef| tree.ancestors(node.node).any(|n| n == above.node);
    let mut chosen: Option<NodeRef> = None;
    let mut pairs = Vec::new();
    for pair in a[1..].chunks_exact(2) {
        pairs.push((everywhere(&pair[0], focus)?, ev.number(&pair[1], focus)?));
    }
    // Outer repeats first.
    pairs.sort_by_key(|(nodes, _)| nodes.first().map_or(0, |n| tree.ancestors(n.node).count()));
    for (nodes, index) in pairs {
        let mut inside = nodes.into_iter().filter(|n| chosen.is_none_or(|c| is_within(*n, c)));
        let at = if index >= 1.0 { index as usize - 1 } else { return Ok(Value::Nodes(Vec::new())) };
        match inside.nth(at) {
            Some(node) => chosen = Some(node),
            None => return Ok(Value::Nodes(Vec::new())),
        }
    }
    let mut nodes = everywhere(&a[0], focus)?;
    if nodes.is_empty() || chosen.is_some_and(|c| !nodes.iter().any(|n| is_within(*n, c))) {
        // A relative path gave one's own instance only: the same place in the chosen one.
        if let (Some(chosen), Some(own)) = (chosen, nodes.first().copied()) {
            let name = tree.name_number(chosen.node);
            let mut way = vec![own.node];
            way.extend(tree.ancestors(own.node).take_while(|n| tree.name_number(*n) != name));
            nodes = way
                .into_iter()
                .rev()
                .try_fold(vec![chosen], |at, step| {
                    let number = tree.name_number(step);
                    let next = at.iter().flat_map(|n| tree.child_elements(n.node)).filter(|n| tree.name_number(*n) == number);
                    Some(next.map(NodeRef::main).collect::<Vec<_>>())
                })
                .unwrap_or_default();
        }
    }
    Ok(Value::Nodes(nodes.into_iter().filter(|n| chosen.is_none_or(|c| is_within(*n, c))).collect()))
}

/// JavaRosa's shuffle: "inside-out" Fisher–Yates over the generator of Park and Miller (Communications of the ACM 31, 1988), with the
/// multiplier 48271.
fn shuffled(nodes: Vec<NodeRef>, seed: i64) -> Vec<NodeRef> {
    const MODULUS: i64 = 2_147_483_647;
    let mut state = seed % MODULUS;
    if state <= 0 {
        state += MODULUS - 1;
    }
    let mut out: Vec<NodeRef> = Vec::with_capacity(nodes.len());
    for (i, node) in nodes.into_iter().enumerate() {
        state = state * 48_271 % MODULUS;
        let share = (state - 1) as f64 / (MODULUS - 1) as f64;
        let j = ((share * (i + 1) as f64) as usize).min(i);
        if j == i {
            out.push(node);
        } else {
            out.push(out[j]);
            out[j] = node;
        }
    }
    out
}
