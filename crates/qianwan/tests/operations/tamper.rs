//! Harm that is done to a database past the program, to see it found.

/// As a program of another time leaves it.
pub const NEWER_VERSION: &str = "INSERT INTO migration (number) VALUES (1000)";
pub const OLDER_VERSION: &str = "DELETE FROM migration WHERE number = 1000; UPDATE view_table SET version = 0";

/// Where SQLite keeps an index, for a failing disk.
pub const PAGE_OF_AN_INDEX: &str = "SELECT rootpage FROM sqlite_master WHERE name = 'session_account'";

pub const FACT_ALTERED: &str = "UPDATE fact SET body = replace(body, '示例', '另外') WHERE kind LIKE 'place.registered%'";
pub const FACT_REMOVED: &str = "DELETE FROM fact WHERE seq = 1";
pub const HEAD_ALTERED: &str = "UPDATE chain_head SET size = size + 1";
pub const CHECKPOINT_FORGED: &str = "UPDATE checkpoint SET note = replace(note, 'qianwan', 'quanwai')";
pub const UNSIGNED_FOR_DAYS: &str = "DELETE FROM checkpoint; UPDATE fact SET recorded_ms = recorded_ms - 200000000";

/// As if the clock had been fast when it was recorded.
pub const LATEST_IN_AN_HOUR: &str = "UPDATE fact SET recorded_ms = recorded_ms + 3600000 WHERE seq = (SELECT max(seq) FROM fact)";

/// A photo that the database knows and the disk does not.
pub fn file_known(hash: &str) -> String {
    format!("INSERT INTO file (hash, type, bytes, stored_ms) VALUES ('{hash}', 'image/png', 3, 1)")
}
