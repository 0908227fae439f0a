//! Seasons of the demo county: the moon's calendar, heavy rain, drought.

use std::collections::BTreeSet;

use domain::basics::Day;

use crate::{Scale, places::yearly, random::Random, words::Season, words::WORDS};

/// The days of heavy rain.
#[derive(Debug)]
pub struct Weather {
    rain: BTreeSet<Day>,
}

impl Weather {
    /// Plum rains in June, typhoons in late summer, some rain in April.
    pub fn draw(seed: u64, scale: &Scale) -> Weather {
        let mut random = Random::new(seed, "weather");
        let mut rain = BTreeSet::new();
        for (month, day, days, times) in [(4, 5, 25, 2), (6, 10, 30, 4), (7, 25, 55, 2)] {
            for begins in yearly(scale, month, day) {
                rain.extend((0..times).map(|_| begins.plus(random.between(0, days))));
            }
        }
        Weather { rain }
    }

    fn rained(&self, day: Day, within_days: i64) -> bool {
        self.rain.range(day.plus(-within_days)..=day).next().is_some()
    }

    /// Whether the season is on.
    pub fn is(&self, season: Season, day: Day) -> bool {
        let date = (day.0.month(), day.0.day());
        match season {
            Season::NewYear => WORDS.calendar.spring_festival.iter().any(|feast| (-18..=16).contains(&day.days_since(*feast))),
            Season::Summer => ((6, 15)..=(9, 10)).contains(&date),
            Season::Rain => self.rained(day, 12),
            Season::Dry => (((9, 20)..=(12, 20)).contains(&date) || ((7, 25)..=(8, 31)).contains(&date)) && !self.rained(day, 20),
            Season::Winter => date >= (11, 5) || date <= (2, 25),
        }
    }
}
