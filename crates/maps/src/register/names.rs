//! What names say, and which characters they may not have.

use super::{Kind, Reason};

/// Ends of names that name the committee, longest first.
const RESIDENTS_COMMITTEE: [&str; 2] = ["居民委员会", "居委会"];
const VILLAGERS_COMMITTEE: [&str; 2] = ["村民委员会", "村委会"];

/// The name without what only says which kind of committee it has: 三联村委会, 三联村村民委员会 and 三联社区 are all 三联.
///
/// First the committee goes, then one 社区 or 村; never so much that nothing is left.
pub fn base_name(name: &str) -> &str {
    let strip = |name, ends: &[&str]| -> &str {
        ends.iter().filter_map(|end| str::strip_suffix(name, end)).find(|rest| !rest.is_empty()).unwrap_or(name)
    };
    let committees = [RESIDENTS_COMMITTEE, VILLAGERS_COMMITTEE].concat();
    strip(strip(name, &committees), &["社区", "村"])
}

/// What a township-level unit calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TownshipKind {
    /// 镇
    Town,
    /// 乡
    Township,
    /// 街道
    Subdistrict,
    /// Farms, development zones and the like.
    Other,
}

/// The kind of a township-level unit by the end of its name.
pub fn township_kind_by_name(name: &str) -> TownshipKind {
    match name {
        n if n.ends_with('镇') => TownshipKind::Town,
        n if n.ends_with('乡') => TownshipKind::Township,
        n if n.ends_with("街道") => TownshipKind::Subdistrict,
        _ => TownshipKind::Other,
    }
}

/// Which kind of unit the end of the name says; `Other` when it says neither.
pub fn kind_by_name(name: &str) -> Kind {
    let ends_with = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    if ends_with(&RESIDENTS_COMMITTEE) || name.ends_with("社区") {
        Kind::Residents
    } else if ends_with(&VILLAGERS_COMMITTEE) || name.ends_with('村') {
        Kind::Villagers
    } else {
        Kind::Other
    }
}

/// Why a name cannot be taken.
pub(super) fn check(name: &str) -> Result<(), Reason> {
    if name.is_empty() {
        return Err(Reason::EmptyName);
    }
    for character in name.chars() {
        if is_private_use(character) {
            return Err(Reason::PrivateUseCharacter { character });
        }
        if is_control_or_bidi(character) {
            return Err(Reason::ControlOrBidiCharacter { character });
        }
        if character == '\u{fffd}' {
            return Err(Reason::LostCharacter);
        }
    }
    Ok(())
}

/// At most 80 characters, with what does not show written as `\u{…}`.
pub(super) fn shorten(value: &str) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in value.chars() {
        let piece: String =
            if is_control_or_bidi(c) || is_private_use(c) { c.escape_unicode().collect() } else { std::iter::once(c).collect() };
        let piece_length = piece.chars().count();
        if length + piece_length > 79 {
            out.push('…');
            break;
        }
        length += piece_length;
        out.push_str(&piece);
    }
    out
}

fn is_private_use(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}')
}

/// Controls, invisible and direction characters: none belongs in a name, and some let a name pass for another.
fn is_control_or_bidi(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_names_and_kinds() {
        for (name, base, kind) in [
            ("三联村委会", "三联", Kind::Villagers),
            ("三联村村民委员会", "三联", Kind::Villagers),
            ("慈江村", "慈江", Kind::Villagers),
            ("清波门社区", "清波门", Kind::Residents),
            ("艾溪（西湖）社区居委会", "艾溪（西湖）", Kind::Residents),
            ("村委会", "村委会", Kind::Villagers),
            ("三溪农场生活区", "三溪农场生活区", Kind::Other),
            ("上塘未来城类似社区", "上塘未来城类似", Kind::Residents),
        ] {
            assert_eq!((base_name(name), kind_by_name(name)), (base, kind), "{name}");
        }
    }

    #[test]
    fn characters() {
        assert_eq!(check("垟㙍𠀀（西湖）村"), Ok(()));
        assert_eq!(check("\u{e123}村").unwrap_err().args(), vec![("character", "U+E123".to_owned())]);
        assert_eq!(check("安\u{202e}吉").unwrap_err().code(), "control-or-bidi-character");
        assert_eq!(check("安\u{fffd}").unwrap_err().code(), "lost-character");
    }

    #[test]
    fn values_are_shortened_and_made_visible() {
        assert_eq!(shorten("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
        assert_eq!(shorten(&"村".repeat(79)).chars().count(), 79);
        assert_eq!(shorten(&"村".repeat(500)).chars().count(), 80);
    }
}
