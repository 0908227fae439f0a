//! How often somebody may do something: a sliding window per key, in memory.

use std::{
    collections::{HashMap, VecDeque},
    sync::Mutex,
};

/// Windows by key.
#[derive(Default)]
pub struct Limits(Mutex<HashMap<String, VecDeque<i64>>>);

/// Keys beyond which old ones are thrown away.
const KEYS_MAX: usize = 50_000;

impl Limits {
    /// Counts one more within `window_ms`, or says after how many seconds to try again.
    pub fn take(&self, key: &str, max: usize, window_ms: i64, now_ms: i64) -> Result<(), i64> {
        let Ok(mut windows) = self.0.lock() else { return Ok(()) };
        if windows.len() > KEYS_MAX {
            windows.retain(|_, times| times.back().is_some_and(|t| *t > now_ms - window_ms));
        }
        let times = windows.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|t| *t <= now_ms - window_ms) {
            times.pop_front();
        }
        match times.front() {
            Some(oldest) if times.len() >= max => Err((oldest + window_ms - now_ms) / 1000 + 1),
            _ => {
                times.push_back(now_ms);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_slides() {
        let limits = Limits::default();
        assert_eq!(limits.take("a", 2, 10_000, 0), Ok(()));
        assert_eq!(limits.take("a", 2, 10_000, 4_000), Ok(()));
        assert_eq!(limits.take("a", 2, 10_000, 5_000), Err(6));
        assert_eq!(limits.take("b", 2, 10_000, 5_000), Ok(()));
        assert_eq!(limits.take("a", 2, 10_000, 10_001), Ok(()));
    }
}
