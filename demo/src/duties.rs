//! Who holds which post, beyond those who sign in.

use domain::{
    basics::{Day, PersonId, Post, Role},
    duties::Command,
};

use crate::{
    Result,
    words::WORDS,
    world::{By, World},
};

/// Village secretaries have no account, and are there all the same.
pub fn found(world: &mut World, first: Day) -> Result<()> {
    let words = &WORDS.people;
    for n in 0..world.county.villages.len() {
        let village = &world.county.villages[n];
        let (post, display) =
            (Post::new(village.id, Role::Head), format!("{}{}{}", village.name, words.village_head, words.mark));
        let person = PersonId(world.fresh());
        world.store.put_person(person, &display, first.start_ms())?;
        let until = None;
        let take_up = Command::TakeUp { post, person, from: first, until, document: None, already: Vec::new() };
        world.act(By::Import, domain::Command::Duties(take_up))?;
    }
    world.settle()
}
