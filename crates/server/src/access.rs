//! How people sign in, and how long that holds: what an installation may set.

use domain::basics::Role;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// The settings. Times in milliseconds.
#[derive(Debug, Clone)]
pub struct Access {
    /// A session ends after this time without a request. Half a day, so that whoever works in the field is not asked again
    /// at every village: what is seen there is his own area, and the phone has a lock of its own.
    pub idle_ms: i64,
    /// A session ends after this time in any case. A week, so that a lost phone is not signed in for ever.
    pub lasts_ms: i64,
    /// The same for administrators: half an hour, because an unwatched screen of theirs opens everybody's account.
    pub administrator_idle_ms: i64,
    /// A working day, for the same reason.
    pub administrator_lasts_ms: i64,
    /// Roles that must have a second factor; who has none is asked to enrol one before anything else.
    pub second_factor_for: Vec<Role>,
}

impl Default for Access {
    fn default() -> Access {
        Access {
            idle_ms: 12 * HOUR,
            lasts_ms: 7 * 24 * HOUR,
            administrator_idle_ms: 30 * MINUTE,
            administrator_lasts_ms: 12 * HOUR,
            second_factor_for: Role::ADMINISTRATORS.to_vec(),
        }
    }
}

impl Access {
    /// A demonstration asks nobody for a second factor: its passwords are printed on the page.
    pub fn of_demo() -> Access {
        Access { second_factor_for: Vec::new(), ..Access::default() }
    }
}

/// What a browser says of itself, in two words, so that its owner knows it again.
pub fn browser_in_short(agent: &str) -> String {
    let first = |of: &[(&str, &str)]| of.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| (*name).to_owned());
    let browser = first(&[
        ("MicroMessenger", "WeChat"),
        ("DingTalk", "DingTalk"),
        ("Edg", "Edge"),
        ("QQBrowser", "QQ"),
        ("Firefox", "Firefox"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
        ("curl", "curl"),
    ]);
    let system = first(&[
        ("HarmonyOS", "HarmonyOS"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_again() {
        for (agent, short) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36 Edg/141.0",
                "Edge · Windows",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari · iPhone"),
            ("curl/8.5.0", "curl"),
            ("<script>alert(1)</script>", ""),
            ("", ""),
        ] {
            assert_eq!(browser_in_short(agent), short);
        }
    }
}
