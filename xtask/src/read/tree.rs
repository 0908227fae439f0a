//! The files of the project: what git tracks, and what it would track.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

/// One file.
#[derive(Debug, Clone, Default)]
pub struct File {
    /// Its text; none where it is not UTF-8 (pictures, packed data) or larger than [`TEXT_MAX`].
    pub text: Option<String>,
    /// Whether it may be executed.
    pub executable: bool,
}

/// Files above this size are data, not something that people read.
const TEXT_MAX: u64 = 4 << 20;

/// All files by their path from the top, with `/` between the parts.
#[derive(Debug, Default)]
pub struct Tree {
    /// Sorted by path.
    pub files: BTreeMap<String, File>,
}

impl Tree {
    /// Reads the working tree: files known to git and new ones that it does not ignore.
    pub fn read(root: &Path) -> Result<Tree> {
        let out = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("cannot run git, which knows the files of the project")?;
        ensure!(out.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&out.stderr));
        let mut files = BTreeMap::new();
        for path in String::from_utf8(out.stdout).context("a file name is not UTF-8")?.split('\0').filter(|p| !p.is_empty()) {
            // A file that was removed and not yet committed is still known to git.
            if let Ok(meta) = std::fs::metadata(root.join(path))
                .and_then(|m| if m.is_file() { Ok(m) } else { Err(std::io::ErrorKind::Other.into()) })
            {
                let text = if meta.len() > TEXT_MAX { None } else { String::from_utf8(std::fs::read(root.join(path))?).ok() };
                files.insert(path.to_owned(), File { text, executable: executable(&meta) });
            }
        }
        Ok(Tree { files })
    }

    /// A tree made of literals, for tests.
    #[cfg(test)]
    pub fn of(files: &[(&str, &str)]) -> Tree {
        let file = |text: &str| File { text: Some(text.to_owned()), executable: false };
        Tree { files: files.iter().map(|(path, text)| ((*path).to_owned(), file(text))).collect() }
    }

    /// The text of a file, if it exists and is text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.text.as_deref()
    }

    /// All texts whose path satisfies `wanted`.
    pub fn texts<'t>(&'t self, wanted: impl Fn(&str) -> bool + 't) -> impl Iterator<Item = (&'t str, &'t str)> {
        self.files
            .iter()
            .filter(move |(path, _)| wanted(path))
            .filter_map(|(path, file)| Some((path.as_str(), file.text.as_deref()?)))
    }
}

#[cfg(unix)]
fn executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn executable(_: &std::fs::Metadata) -> bool {
    false
}
