//! The column `parameters`: pairs of name and value, and which type takes which.

use super::{finding::Word, form::List, table::Fields};

/// Pairs in the order in which they came; of two with one name the last.
pub(super) type Pairs = Vec<(String, String)>;

/// Reads pairs. Names are in small letters; so are values, but for `label` and `value`, which name columns of a file.
pub(super) fn parse(text: &str) -> Option<Pairs> {
    let spaced = text.replace([',', ';'], " ").replace('=', " = ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut pairs = Pairs::new();
    for triple in words.chunks(3) {
        match triple {
            [name, "=", value] if *name != "=" && *value != "=" => {
                let name = name.to_lowercase();
                let value = if name == "label" || name == "value" { (*value).to_owned() } else { value.to_lowercase() };
                pairs.retain(|(n, _)| *n != name);
                pairs.push((name, value));
            }
            _ => return None,
        }
    }
    Some(pairs)
}

/// A value by its name.
pub(super) fn get<'a>(pairs: &'a Pairs, name: &str) -> Option<&'a str> {
    pairs.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Names that are not among the accepted ones.
pub(super) fn unknown(pairs: &Pairs, accepted: &[&str]) -> Vec<Word> {
    let strangers = pairs.iter().filter(|(name, _)| !accepted.contains(&name.as_str()));
    strangers.map(|(name, _)| Word::ParameterUnknown { name: name.clone(), accepted: accepted.join(", ") }).collect()
}

fn invalid(name: &str, value: &str) -> Word {
    Word::ParameterInvalid { name: name.to_owned(), value: value.to_owned() }
}

/// A value that must be one of some.
pub(super) fn one_of(pairs: &Pairs, name: &str, values: &[&str]) -> Result<Option<String>, Word> {
    match get(pairs, name) {
        Some(value) if !values.contains(&value) => Err(invalid(name, value)),
        value => Ok(value.map(str::to_owned)),
    }
}

/// A value that must be a whole number.
pub(super) fn whole(pairs: &Pairs, name: &str) -> Result<Option<i64>, Word> {
    get(pairs, name).map(|value| value.parse().map_err(|_| invalid(name, value))).transpose()
}

/// A value that must be a number; it is kept as written.
pub(super) fn numeric(pairs: &Pairs, name: &str) -> Result<Option<String>, Word> {
    match get(pairs, name) {
        Some(value) if value.parse::<f64>().is_err() => Err(invalid(name, value)),
        value => Ok(value.map(str::to_owned)),
    }
}

/// What the parameters of an audit say in its bind.
pub(super) fn audit(pairs: &Pairs, bind: &mut Fields) -> Vec<Word> {
    const LOCATION: [&str; 3] = ["location-priority", "location-min-interval", "location-max-age"];
    let accepted = [
        "identify-user",
        "location-max-age",
        "location-min-interval",
        "location-priority",
        "track-changes",
        "track-changes-reasons",
    ];
    let mut found = unknown(pairs, &accepted);
    for (name, values) in [
        ("track-changes", &["true", "false"][..]),
        ("track-changes-reasons", &["on-form-edit"]),
        ("identify-user", &["true", "false"]),
        ("location-priority", &["no-power", "low-power", "balanced", "high-accuracy"]),
    ] {
        match one_of(pairs, name, values) {
            Ok(Some(value)) => bind.set_text(format!("odk:{name}"), value),
            Ok(None) => {}
            Err(word) => found.push(word),
        }
    }
    if let Some(given) = LOCATION.iter().find(|name| get(pairs, name).is_some()) {
        for other in LOCATION.iter().filter(|name| get(pairs, name).is_none()) {
            found.push(Word::ParameterNeeds { name: (*given).to_owned(), other: (*other).to_owned() });
        }
    }
    let mut seconds = [None; 2];
    for (place, name) in seconds.iter_mut().zip(&LOCATION[1..]) {
        match whole(pairs, name) {
            Ok(Some(value)) if value < 0 => found.push(invalid(name, &value.to_string())),
            Ok(value) => *place = value,
            Err(word) => found.push(word),
        }
        if let Some(value) = get(pairs, name) {
            bind.set_text(format!("odk:{name}"), value);
        }
    }
    if let [Some(interval), Some(age)] = seconds
        && age < interval
    {
        found.push(invalid(LOCATION[2], &age.to_string()));
    }
    found
}

/// Whether a text can name a program of Android.
pub(super) fn is_package(name: &str) -> bool {
    name.contains('.')
        && name.split('.').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
}

/// A decimal number, exactly: so many units of ten to the power of minus `scale`.
#[derive(Debug, Clone, Copy)]
struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    fn parse(text: &str) -> Option<Decimal> {
        let (mantissa, power) =
            text.split_once(['e', 'E']).map_or(Some((text, 0)), |(m, p)| Some((m, p.parse::<i32>().ok()?)))?;
        let (sign, digits) = match mantissa.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        if all.is_empty() || all.len() > 12 || !all.bytes().all(|b| b.is_ascii_digit()) || power.abs() > 6 {
            return None;
        }
        let scale = fraction.len() as i32 - power;
        let units = sign * all.parse::<i128>().ok()?;
        Some(if scale < 0 {
            Decimal { units: units * 10_i128.pow(-scale as u32), scale: 0 }
        } else {
            Decimal { units, scale: scale as u32 }
        })
    }

    /// Units of two numbers at the same scale. With at most 12 digits and powers up to 6 nothing overflows.
    fn aligned(self, scale: u32) -> i128 {
        self.units * 10_i128.pow(scale - self.scale)
    }
}

/// What the parameters of a range say in its control and bind.
pub(super) fn range(
    pairs: &Pairs,
    appearance: &str,
    lists: &[List],
    control: &mut Fields,
    bind: &mut Fields,
) -> Result<Option<String>, Vec<Word>> {
    const NUMBERS: [&str; 5] = ["start", "end", "step", "tick_interval", "placeholder"];
    let mut found = unknown(pairs, &["end", "placeholder", "start", "step", "tick_interval", "tick_labelset"]);
    let marks = ["tick_interval", "placeholder", "tick_labelset"].iter().any(|name| get(pairs, name).is_some());
    if !appearance.is_empty() && !appearance.contains("vertical") && !appearance.contains("no-ticks") && marks {
        found.push(Word::RangeAppearance { appearance: appearance.to_owned() });
    }
    let defaults = [Some("1"), Some("10"), Some("1"), None, None];
    let mut numbers = [None; 5];
    for ((name, usual), place) in NUMBERS.iter().zip(defaults).zip(&mut numbers) {
        if let Some(value) = get(pairs, name).or(usual) {
            *place = Decimal::parse(value);
            if place.is_none() {
                found.push(invalid(name, value));
            }
            match *name {
                "tick_interval" => control.set_text("odk:tick-interval", value),
                "placeholder" => control.set_text("odk:placeholder", value),
                name => control.set_text(name, value),
            }
        }
    }
    let [Some(start), Some(end), Some(step), tick, placeholder] = numbers else { return Err(found) };
    let labels = get(pairs, "tick_labelset").map(|name| (name, lists.iter().find(|l| l.name == name)));
    let marked: Vec<Option<Decimal>> =
        labels.iter().filter_map(|(_, list)| *list).flat_map(|l| l.choices.iter().map(|c| Decimal::parse(c.name()))).collect();
    let scale = numbers.iter().chain(&marked).flatten().map(|d| d.scale).max().unwrap_or(0);
    let [start, end, step] = [start, end, step].map(|d| d.aligned(scale));
    let (tick, placeholder) = (tick.map(|d| d.aligned(scale)), placeholder.map(|d| d.aligned(scale)));
    let width = (end - start).abs();
    let within = |v: i128| (start.min(end)..=start.max(end)).contains(&v);
    for (name, value) in [("step", Some(step)), ("tick_interval", tick)] {
        match value {
            Some(0) => found.push(Word::StepZero { name: name.into() }),
            Some(value) if value > width => found.push(Word::StepTooWide { name: name.into() }),
            _ => {}
        }
    }
    if step == 0 || tick == Some(0) {
        return Err(found);
    }
    if tick.is_some_and(|t| t % step != 0) {
        found.push(Word::OffStep { name: "tick_interval".into() });
    }
    if let Some(placeholder) = placeholder {
        if (placeholder - start) % step != 0 {
            found.push(Word::OffStep { name: "placeholder".into() });
        }
        if !within(placeholder) {
            found.push(Word::OutsideRange { name: "placeholder".into() });
        }
    }
    if let Some((list, known)) = labels {
        if known.is_none() {
            found.push(Word::ListUnknown { list: list.to_owned() });
        }
        let marked: Vec<i128> = marked.iter().flatten().map(|d| d.aligned(scale)).collect();
        for (choice, name) in known.iter().flat_map(|l| &l.choices).map(|c| (Decimal::parse(c.name()), c.name().to_owned())) {
            match choice.map(|d| d.aligned(scale)) {
                None => found.push(invalid("tick_labelset", &name)),
                Some(value) if !within(value) => found.push(Word::OutsideRange { name }),
                Some(value) if (value - start) % tick.unwrap_or(step) != 0 => found.push(Word::OffStep { name }),
                Some(_) => {}
            }
        }
        if appearance.contains("no-ticks") && known.is_some() {
            let ends = |v: &i128| *v == start || *v == end;
            if !marked.iter().all(ends) || !marked.contains(&start) || !marked.contains(&end) {
                found.push(Word::RangeLabels { list: list.to_owned() });
            }
        }
    }
    let one = 10_i128.pow(scale);
    if [Some(start), Some(end), Some(step), tick, placeholder].into_iter().flatten().any(|v| v % one != 0) {
        bind.set_text("type", "decimal");
    }
    if found.is_empty() { Ok(labels.map(|(list, _)| list.to_owned())) } else { Err(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs() {
        let read = |text: &str| parse(text).map(|p| p.into_iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join(" "));
        assert_eq!(read("Start=1, end = 10;STEP=A").as_deref(), Some("start=1 end=10 step=a"));
        assert_eq!(read("label=NaMe value=Id").as_deref(), Some("label=NaMe value=Id"));
        assert_eq!(read("a=1 a=2").as_deref(), Some("a=2"));
        for bad in ["a", "a=", "=1", "a==1", "a b=1", "a=1 b"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn packages() {
        assert!(is_package("org.example.app_1"));
        for bad in ["", "org", "org.", ".org", "a..b", "a._b", "a.1b", "a.b-c", "甲.乙"] {
            assert!(!is_package(bad), "{bad}");
        }
    }

    #[test]
    fn decimals() {
        let read = |text| Decimal::parse(text).map(|d| (d.units, d.scale));
        assert_eq!(read("1.50"), Some((150, 2)));
        assert_eq!(read("-.5"), Some((-5, 1)));
        assert_eq!(read("1e2"), Some((100, 0)));
        assert_eq!(read("1e-2"), Some((1, 2)));
        for bad in ["", ".", "a", "nan", "inf", "1,5", "--1", "1e99", "12345678901234567890"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
