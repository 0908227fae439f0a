//! TypeScript, JavaScript and Vue sources: comments taken out, imports found.

/// A source without its comments: the same lines, blanks in their place.
pub fn without_comments(path: &str, source: &str) -> String {
    if path.ends_with(".vue") || path.ends_with(".html") { vue(source) } else { script(source) }
}

/// The parts of a Vue file: `<script>` and `<style>` have comments of their own, the rest is HTML.
fn vue(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("<script").into_iter().chain(rest.find("<style")).chain(rest.find("<!--")).min() {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (end, text) = if rest.starts_with("<!--") {
            let end = rest.find("-->").map_or(rest.len(), |n| n + 3);
            (end, blank(&rest[..end]))
        } else {
            let close = if rest.starts_with("<script") { "</script" } else { "</style" };
            let end = rest.find(close).unwrap_or(rest.len());
            (end, script(&rest[..end]))
        };
        out.push_str(&text);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// Line breaks stay, everything else goes.
fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

fn script(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    let mut before = '\0';
    while at < chars.len() {
        let (c, next) = (chars[at], chars.get(at + 1).copied().unwrap_or('\0'));
        let end = match (c, next) {
            ('/', '/') => chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |n| at + n),
            ('/', '*') => {
                (at + 2..chars.len()).find(|n| chars[*n] == '*' && chars.get(n + 1) == Some(&'/')).map_or(chars.len(), |n| n + 2)
            }
            ('\'' | '"', _) => quoted(&chars, at),
            ('`', _) => template(&chars, at),
            ('/', _) if before == '\0' || "(,=:[!&|?{};+-*%~^<".contains(before) => regex(&chars, at),
            _ => at + 1,
        };
        let text: String = chars[at..end].iter().collect();
        let comment = c == '/' && matches!(next, '/' | '*');
        out.push_str(&if comment { blank(&text) } else { text });
        if !c.is_whitespace() && !comment {
            before = chars[end - 1];
        }
        at = end;
    }
    out
}

fn quoted(chars: &[char], open: usize) -> usize {
    let mut at = open + 1;
    while at < chars.len() && chars[at] != chars[open] && chars[at] != '\n' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn template(chars: &[char], open: usize) -> usize {
    let (mut at, mut depth) = (open + 1, 0);
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 1,
            '`' if depth == 0 => return at + 1,
            '`' => at = template(chars, at) - 1,
            '$' if chars.get(at + 1) == Some(&'{') => (depth, at) = (depth + 1, at + 1),
            '{' if depth > 0 => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    chars.len()
}

fn regex(chars: &[char], open: usize) -> usize {
    let (mut at, mut class) = (open + 1, false);
    while at < chars.len() && chars[at] != '\n' {
        match chars[at] {
            '\\' => at += 1,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return at + 1,
            _ => {}
        }
        at += 1;
    }
    // No closing slash on the line: it was a division.
    open + 1
}

/// What a source names as `from '…'`, `import '…'`, `import('…')`, `import.meta.glob('…')`, `new URL('…')`,
/// `@import '…'`, `url(…)` or `src="…"`; the source is without comments.
pub fn imports(source: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some((quote, n)) = source[at..].char_indices().find(|(_, c)| matches!(c, '\'' | '"' | '`')).map(|(n, c)| (c, n)) {
        let before = source[..at + n].trim_end();
        let inner = &source[at + n + 1..];
        let Some(end) = inner.find(quote).filter(|end| quote == '`' || !inner[..*end].contains('\n')) else {
            // An apostrophe in a text.
            at += n + 1;
            continue;
        };
        let named = ["from", "import", "src=", "href="].iter().any(|word| before.ends_with(word))
            || before
                .strip_suffix('(')
                .is_some_and(|b| ["import", "URL", "url", "Worker", "register"].iter().any(|w| b.trim_end().ends_with(w)))
            || in_glob(before);
        if named {
            out.push(inner[..end].to_owned());
        }
        at += n + 1 + end + 1;
    }
    out
}

/// Whether the text ends within the brackets of `import.meta.glob(`.
fn in_glob(before: &str) -> bool {
    let Some(call) = before.rfind("meta.glob").map(|at| &before[at..]) else { return false };
    let mut depth = 0;
    for c in call.chars().filter(|c| matches!(c, '(' | ')')) {
        depth += if c == '(' { 1 } else { -1 };
        if depth == 0 {
            return false;
        }
    }
    depth > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_strings_stay() {
        let source = "a('// x') // 一\nb = /'[/]/.test(c) /* 二\n二 */ + `三 ${d ? `四` : '}'} // 五`\nx / y // z";
        let kept = script(source);
        assert!(kept.contains("// x") && kept.contains("三") && kept.contains("四") && kept.contains("五"));
        assert!(!kept.contains('一') && !kept.contains('二') && !kept.contains('z'));
        assert_eq!(kept.lines().count(), source.lines().count());
    }

    #[test]
    fn vue_files_have_three_kinds_of_comments() {
        let kept = vue(
            "<script>\n// 一\nlet a\n</script>\n<template><!-- 二 --><b>三 // 四</b></template>\n<style>/* 五 */ b {}</style>",
        );
        assert!(kept.contains("let a") && kept.contains("三 // 四") && kept.contains("b {}"));
        assert!(!kept.contains('一') && !kept.contains('二') && !kept.contains('五'));
    }

    #[test]
    fn all_ways_to_import() {
        let source = "import a from './a'; import './b'; const c = import('./c'); import.meta.glob<{ default: R }>(['./d/*.ts', \"./e.ts\"]);\n\
                      new URL('./f', import.meta.url); export { x } from './g'; f('./no')";
        assert_eq!(imports(source), ["./a", "./b", "./c", "./d/*.ts", "./e.ts", "./f", "./g"]);
    }
}
