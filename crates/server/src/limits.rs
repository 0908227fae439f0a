//! How often somebody may do something: a sliding window per key, in memory. A thread that broke while it counted opens no
//! door: the others go on counting.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Windows by key.
#[derive(Default)]
pub struct Limits(Mutex<HashMap<String, VecDeque<i64>>>);

/// Keys beyond which old ones are thrown away.
const KEYS_MAX: usize = 50_000;

impl Limits {
    /// Counts one more within `window_ms`, or says after how many seconds to try again.
    pub fn take(&self, key: &str, max: usize, window_ms: i64, now_ms: i64) -> Result<(), i64> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() > KEYS_MAX {
            windows.retain(|_, times| times.back().is_some_and(|t| *t > now_ms - window_ms));
        }
        let times = windows.entry(key.to_owned()).or_default();
        while times.front().is_some_and(|t| *t <= now_ms - window_ms) {
            times.pop_front();
        }
        // Counted by a clock that was put back since.
        while times.back().is_some_and(|t| *t > now_ms) {
            times.pop_back();
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

/// Wrong passwords in a row before a name is locked for a while; the store says the same of accounts.
const WRONG_MAX: u32 = 5;
/// How long it is locked, milliseconds.
const LOCKED_MS: i64 = 10 * 60_000;

/// Wrong passwords by name, whether anybody has that name or not: who guesses must not learn which names there are.
#[derive(Default)]
pub struct Lockout(Mutex<HashMap<String, (u32, i64)>>);

impl Lockout {
    /// Whether the name may be tried, or for how many seconds not.
    pub fn check(&self, name: &str, now_ms: i64) -> Result<(), i64> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match names.get(name) {
            Some((_, until)) if *until > now_ms && *until <= now_ms + LOCKED_MS => Err((until - now_ms + 999) / 1000),
            _ => Ok(()),
        }
    }

    /// One more wrong password.
    pub fn wrong(&self, name: &str, now_ms: i64) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() > KEYS_MAX {
            names.retain(|_, (_, until)| *until > now_ms);
        }
        let (wrong, until) = names.entry(name.to_owned()).or_default();
        *wrong += 1;
        if *wrong >= WRONG_MAX {
            (*wrong, *until) = (0, now_ms + LOCKED_MS);
        }
    }

    /// The right one.
    pub fn right(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
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

    #[test]
    fn a_clock_that_goes_back_locks_nobody_out_for_longer() {
        let (limits, lockout) = (Limits::default(), Lockout::default());
        let later = 30 * 24 * 3_600_000;
        for _ in 0..2 {
            assert_eq!(limits.take("a", 2, 10_000, later), Ok(()));
        }
        assert!(limits.take("a", 2, 10_000, later).is_err());
        assert_eq!(limits.take("a", 2, 10_000, 0), Ok(()));
        (0..5).for_each(|_| lockout.wrong("a", later));
        assert!(lockout.check("a", later + 1).is_err());
        assert_eq!(lockout.check("a", 0), Ok(()));
    }
}
