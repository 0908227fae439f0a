//! Which passwords may be chosen: long ones that nobody guesses. No rules of composition, no expiry (NIST SP 800-63B §3.1.1,
//! OWASP ASVS 5 §6.2). Passwords that hold already go on holding.

use zxcvbn::Score;

use crate::wording::{Language, text};

/// Shortest new password, characters.
pub const MIN: usize = 12;
/// Longest, characters.
pub const MAX: usize = 256;

/// Why a password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than [`MIN`] characters.
    Short,
    /// More than [`MAX`] characters.
    Long,
    /// It holds a name that anybody would try.
    Names,
    /// It is among what is tried first, or made of that.
    Common,
}

impl Weakness {
    /// The word of the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Weakness::Short => "sign-in/weak-password",
            Weakness::Long => "sign-in/long-password",
            Weakness::Names => "sign-in/password-names",
            Weakness::Common => "sign-in/common-password",
        }
    }
}

/// Whether somebody with these names may choose this password: the name to sign in with, the name shown, the installation's.
///
/// # Errors
/// What is wrong with it.
pub fn check(password: &str, names: &[&str]) -> Result<(), Weakness> {
    let length = password.chars().count();
    if length < MIN {
        return Err(Weakness::Short);
    }
    if length > MAX || password.len() > 1000 {
        return Err(Weakness::Long);
    }
    let small = password.to_lowercase();
    let own = ["qianwan".to_owned(), text(Language::Chinese, "programme.name")];
    // A name of one or two letters stands in many a good password.
    let named = names.iter().map(|n| n.trim().to_lowercase()).filter(|n| n.chars().count() >= 3);
    if named.chain(own).any(|name| small.contains(&name)) {
        return Err(Weakness::Names);
    }
    match zxcvbn::zxcvbn(password, names).score() {
        Score::Zero | Score::One | Score::Two => Err(Weakness::Common),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ones_that_nobody_guesses() {
        let names = ["chenxh", "陈小红", "青溪县"];
        for (password, expected) in [
            ("long enough pw", Ok(())),
            ("a long password", Ok(())),
            ("correct horse 电池", Ok(())),
            ("春眠不觉晓处处闻啼鸟夜来风雨", Ok(())),
            ("wodemimahenchangle", Ok(())),
            ("mv8 kwz 2p9", Err(Weakness::Short)),
            ("", Err(Weakness::Short)),
            ("password1234", Err(Weakness::Common)),
            ("123456789012", Err(Weakness::Common)),
            ("qwertyuiop12", Err(Weakness::Common)),
            ("aaaaaaaaaaaaaaaa", Err(Weakness::Common)),
            ("abcdefghijklmnop", Err(Weakness::Common)),
            ("Password!2026", Err(Weakness::Common)),
            ("ChenXH 的好密码呀呀呀", Err(Weakness::Names)),
            ("青溪县青山绿水真是好风光呀", Err(Weakness::Names)),
            ("qianwan-mv8kwz2p9", Err(Weakness::Names)),
        ] {
            assert_eq!(check(password, &names), expected, "{password}");
        }
        assert_eq!(check(&"mv8kwz2p9 ".repeat(12), &[]), Ok(()), "120 characters");
        assert_eq!(check(&"mv8kwz2p9 ".repeat(26), &[]), Err(Weakness::Long));
        assert_eq!(check("a1 mv8kwz2p9xx", &["a1"]), Ok(()), "a short name");
    }
}
