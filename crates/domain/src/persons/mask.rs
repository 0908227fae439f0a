//! Masks: enough to recognise what one knows already, too little to learn it.
//!
//! Names keep the surname, telephones the first three and last four digits, identity numbers the first three (province and
//! city) and last four, as forms in China commonly print them. A mask never shows more than half of a short value.

/// Surnames of two characters that are still borne, a line each.
const TWO_CHARACTERS: &str = include_str!("surnames.txt");

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}

/// `张*`, `张**`, `欧阳*`, `阿**` (names with a dot), `M***` (other scripts). Stars tell no length beyond two.
pub fn mask_name(name: &str) -> String {
    let characters: Vec<char> = name.trim().chars().collect();
    let Some(first) = characters.first() else { return String::new() };
    if !characters.iter().all(|c| is_han(*c)) {
        return format!("{first}{}", if is_han(*first) { "**" } else { "***" });
    }
    let surname = match characters.len() {
        3.. if TWO_CHARACTERS.lines().any(|s| name.trim().starts_with(s)) => 2,
        _ => 1,
    };
    let stars = (characters.len() - surname).clamp(1, 2);
    characters.iter().take(surname).collect::<String>() + &"*".repeat(stars)
}

/// `138****5678`, `0571-****6666`, the last two digits of anything else; nothing of what is shorter than five digits.
pub fn mask_telephone(number: &str) -> String {
    let masked = mask_numbers(number.trim());
    if masked != number.trim() {
        return masked;
    }
    last_digits(number, 2, 5)
}

/// `330***********1234`; of a number that is none, the last two characters.
pub fn mask_id_number(number: &str) -> String {
    let characters: Vec<char> = number.trim().chars().filter(|c| c.is_alphanumeric()).collect();
    match characters.len() {
        n @ (15 | 18) => starred(&characters, 3, n - 4),
        _ => last_digits(number, 2, 5),
    }
}

fn starred(characters: &[char], from: usize, until: usize) -> String {
    characters.iter().enumerate().map(|(i, c)| if (from..until).contains(&i) { '*' } else { *c }).collect()
}

fn last_digits(text: &str, keep: usize, min: usize) -> String {
    let characters: Vec<char> = text.trim().chars().filter(|c| c.is_alphanumeric()).collect();
    let n = characters.len();
    starred(&characters, 0, if n < min { n } else { n - keep })
}

/// A group of digits in a text: where its characters are.
struct Group {
    digits: Vec<usize>,
}

/// What several groups of digits make together, as the range of digits to hide.
fn hidden(digits: &str) -> Option<std::ops::Range<usize>> {
    let n = digits.len();
    let number = |range: std::ops::Range<usize>| digits.get(range).and_then(|d| d.parse::<u32>().ok());
    let born = |at: usize, century: bool| {
        let year = !century || matches!(digits.get(at..at + 2), Some("19" | "20"));
        let at = if century { at + 4 } else { at + 2 };
        year && matches!(number(at..at + 2), Some(1..=12)) && matches!(number(at + 2..at + 4), Some(1..=31))
    };
    let mobile =
        |at: usize| digits.as_bytes().get(at) == Some(&b'1') && digits.as_bytes().get(at + 1).is_some_and(|d| *d >= b'3');
    let first = digits.as_bytes().first();
    match n {
        18 if first != Some(&b'0') && born(6, true) => Some(3..14),
        15 if first != Some(&b'0') && born(6, false) => Some(3..11),
        11 if mobile(0) => Some(3..7),
        13 if digits.starts_with("86") && mobile(2) => Some(5..9),
        16..=19 if digits.starts_with("62") => Some(4..n - 4),
        10..=12 if first == Some(&b'0') && digits.as_bytes().get(1).is_some_and(|d| *d != b'0') => {
            let area = if matches!(digits.as_bytes().get(1), Some(b'1' | b'2')) { 3 } else { 4 };
            (7..=8).contains(&(n - area)).then_some(area..n - 4)
        }
        _ => None,
    }
}

/// Where in a text the characters stand that would give away a telephone, identity or bank card number.
fn found(characters: &[char]) -> Vec<usize> {
    // Full-width digits are typed as often as others.
    let digit = |c: char| match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10),
        _ => None,
    };
    let mut groups: Vec<Group> = Vec::new();
    // Whether a group follows the one before after a single space or dash.
    let mut joined = Vec::new();
    for (i, c) in characters.iter().enumerate() {
        let last = groups.last().and_then(|g| g.digits.last().copied());
        // The last place of an identity number may be an X.
        let check = matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ') && last == Some(i.wrapping_sub(1));
        if digit(*c).is_none() && !check {
            continue;
        }
        match (last, groups.last_mut()) {
            (Some(last), Some(group)) if last + 1 == i => group.digits.push(i),
            (last, _) => {
                let apart =
                    last.is_some_and(|l| l + 2 == i && matches!(characters.get(l + 1), Some(' ' | '-' | '－' | '—' | '　')));
                joined.push(apart);
                groups.push(Group { digits: vec![i] });
            }
        }
    }
    let mut hide = Vec::new();
    let mut at = 0;
    while at < groups.len() {
        let reach = (at + 1..groups.len()).take_while(|i| joined[*i]).count().min(4);
        let matched = (0..=reach).rev().find_map(|more| {
            let all: Vec<usize> = groups[at..=at + more].iter().flat_map(|g| g.digits.iter().copied()).collect();
            let text: String = all.iter().map(|i| digit(characters[*i]).unwrap_or('X')).collect();
            // An X only at the end, and only of eighteen.
            let sound = text.find('X').is_none_or(|x| x == 17 && text.len() == 18);
            let range = if sound { hidden(&text) } else { None }?;
            Some((more, all[range].to_vec()))
        });
        match matched {
            Some((more, positions)) => {
                hide.extend(positions);
                at += more + 1;
            }
            None => at += 1,
        }
    }
    hide
}

/// A text with the middle of every telephone, identity and bank card number replaced by stars.
pub fn mask_numbers(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    for i in found(&characters) {
        characters[i] = '*';
    }
    characters.into_iter().collect()
}

/// Whether a text seems to hold such a number.
pub fn names_numbers(text: &str) -> bool {
    !found(&text.chars().collect::<Vec<_>>()).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_surname_alone() {
        for (name, masked) in [
            ("张三", "张*"),
            ("张三丰", "张**"),
            ("张", "张*"),
            ("欧阳修", "欧阳*"),
            ("司马相如", "司马**"),
            ("欧阳", "欧*"),
            ("王李建国", "王**"),
            ("阿卜杜·热合曼", "阿**"),
            ("Maria Lopez", "M***"),
            ("A", "A***"),
            ("  李四 ", "李*"),
            ("", ""),
            ("   ", ""),
        ] {
            assert_eq!(mask_name(name), masked, "{name:?}");
        }
    }

    #[test]
    fn telephones_keep_what_one_recognises_them_by() {
        for (number, masked) in [
            ("13800005678", "138****5678"),
            ("138 0000 5678", "138 **** 5678"),
            ("138-0000-5678", "138-****-5678"),
            ("+8613800005678", "+86138****5678"),
            ("1３８00005678", "1３８****5678"),
            ("0571-88880000", "0571-****0000"),
            ("010-88880000", "010-****0000"),
            ("88880000", "******00"),
            ("+1 202 555 0100", "*********00"),
            ("110", "***"),
            ("", ""),
        ] {
            assert_eq!(mask_telephone(number), masked, "{number:?}");
        }
    }

    #[test]
    fn identity_numbers_keep_three_and_four() {
        for (number, masked) in [
            ("330000190001011234", "330***********1234"),
            ("33000019000101123X", "330***********123X"),
            ("330000000101123", "330********1123"),
            ("E12345678", "*******78"),
            ("12", "**"),
            ("", ""),
        ] {
            assert_eq!(mask_id_number(number), masked, "{number:?}");
        }
    }

    #[test]
    fn numbers_in_a_text_are_masked_and_nothing_else_is() {
        for (text, masked) in [
            ("找我13800005678，谢谢", "找我138****5678，谢谢"),
            ("电话：138 0000 5678", "电话：138 **** 5678"),
            ("身份证33000019000101123X。", "身份证330***********123X。"),
            ("座机0571-88880000转2", "座机0571-****0000转2"),
            ("两个：13800005678、13900001234", "两个：138****5678、139****1234"),
            ("卡号6222000011112222333", "卡号6222***********2333"),
            // What only looks like one.
            ("2026-11-23 08:30 路灯坏了", "2026-11-23 08:30 路灯坏了"),
            ("编号990101-12，第3组5户", "编号990101-12，第3组5户"),
            ("订单20261123000012345", "订单20261123000012345"),
            ("12345678901", "12345678901"),
            ("100000 元，12000000000 也不是", "100000 元，12000000000 也不是"),
            ("", ""),
        ] {
            assert_eq!(mask_numbers(text), masked);
            assert_eq!(names_numbers(text), text != masked, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_stays_as_long_and_masked_twice_is_masked_once(text in "[0-9０-９xX \\-a村]{0,60}") {
            let masked = mask_numbers(&text);
            proptest::prop_assert_eq!(masked.chars().count(), text.chars().count());
            let pairs = masked.chars().zip(text.chars());
            proptest::prop_assert!(pairs.into_iter().all(|(m, t)| m == t || m == '*'));
        }

        #[test]
        fn a_mask_never_shows_a_whole_value(name in "[一-鿿]{1,6}", number in "[0-9]{1,20}") {
            proptest::prop_assert_ne!(mask_name(&name), name);
            proptest::prop_assert_ne!(mask_telephone(&number), number.clone());
            proptest::prop_assert_ne!(mask_id_number(&number), number);
        }
    }
}
