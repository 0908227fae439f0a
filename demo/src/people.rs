//! Who signs in: posts with plainly fictitious holders.

use std::collections::BTreeMap;

use domain::basics::{AccountId, Actor, Day, Department, PersonId, PlaceId, Post, Role};
use store::{Held, NewAccount};

use crate::{Person, Scale, county::County, duties::Changes, random::Random, words::WORDS};

/// An account with its posts.
#[derive(Debug)]
pub struct Account {
    pub person: Person,
    pub held: Vec<Held>,
}

/// Number of an account in the list of all.
pub type Who = usize;

/// All accounts, and where to find them.
#[derive(Debug)]
pub struct People {
    all: Vec<Account>,
    pub office: Who,
    pub head: Who,
    pub departments: BTreeMap<Department, Who>,
    pub inspectors: Vec<Who>,
    /// In the programme office until some day.
    pub former: Who,
    /// By township.
    pub townships: Vec<Who>,
    /// By township: everybody who is its head at some time or stands in for him, whoever counts most at the end.
    heads: Vec<Vec<Who>>,
    /// By village.
    pub villages: Vec<Who>,
    former_left: Day,
}

impl People {
    /// Everybody, in a fixed order.
    pub fn draw(seed: u64, scale: &Scale, county: &County) -> People {
        let words = &WORDS.people;
        let first = scale.first;
        let mut random = Random::new(seed, "people");
        let mut all = Vec::new();
        let mut add = |name: String, display: &str, post: Post, held: &[(Day, Option<Day>)]| -> Who {
            let Post { role, place, .. } = post;
            let held = held.iter().map(|(from, until)| Held { post, from: *from, until: *until }).collect();
            let account = AccountId(random.uuid(first.start_ms()));
            let display = format!("{display}{}", words.mark);
            all.push(Account { person: Person { account, name, display, role, place }, held });
            all.len() - 1
        };
        let at = |role| Post::new(county.id, role);
        let stays = [(first, None)];
        add("admin".into(), &words.admin, at(Role::Admin), &stays);
        add("security".into(), &words.security, at(Role::Security), &stays);
        add("audit".into(), &words.audit, at(Role::Audit), &stays);
        let head = add("head".into(), &words.head, at(Role::Head), &stays);
        let office = add("office".into(), &words.office, at(Role::Office), &stays);
        let departments = words
            .departments
            .iter()
            .map(|(which, display)| (*which, add(which.word().into(), display, Post::of(county.id, *which), &stays)))
            .collect();
        let numbered = |n: usize| if n == 0 { "inspector".to_owned() } else { format!("inspector{}", n + 1) };
        let inspectors =
            (0..).zip(&words.inspectors).map(|(n, display)| add(numbered(n), display, at(Role::Inspector), &stays)).collect();
        add("viewer".into(), &words.viewer, at(Role::Viewer), &stays);
        let left = first.plus(scale.days() * 4 / 10);
        let former = add("former".into(), &words.former, at(Role::Office), &[(first, Some(left))]);
        let changes = Changes::of(scale, county);
        let (mut townships, mut heads) = (Vec::new(), Vec::new());
        for (n, t) in county.townships.iter().enumerate() {
            let (number, post) = (n + 1, Post::new(t.id, Role::Head));
            let officials = format!("{}{}", t.name, words.township);
            townships.push(add(format!("t{number:02}"), &officials, Post::new(t.id, Role::Township), &stays));
            let one = format!("{}{}", t.name, words.township_head);
            heads.push(match changes.as_ref().is_some_and(|c| c.changes_head(n)) {
                false => vec![add(format!("h{number:02}"), &one, post, &stays)],
                // Whoever follows has an account from the start, and takes the post up when it is his.
                true => vec![
                    add(format!("h{number:02}"), &format!("{one}{}", words.earlier), post, &stays),
                    add(format!("h{number:02}b"), &format!("{one}{}", words.later), post, &[]),
                ],
            });
        }
        let villages = (1..)
            .zip(&county.villages)
            .map(|(n, v)| {
                add(format!("v{n:03}"), &format!("{}{}", v.name, words.village), Post::new(v.id, Role::Village), &stays)
            })
            .collect();
        People { all, office, head, departments, inspectors, former, townships, heads, villages, former_left: left }
    }

    /// The account as an actor, with the posts held on the day.
    pub fn actor(&self, who: Who, day: Day) -> Actor {
        let account = &self.all[who];
        let holds = |h: &&Held| h.from <= day && h.until.is_none_or(|until| day <= until);
        Actor::Account {
            id: account.person.account,
            person: PersonId(account.person.account.0),
            posts: account.held.iter().filter(holds).map(|h| h.post).collect(),
        }
    }

    /// The last day of whoever was in the programme office.
    pub fn former_left(&self) -> Day {
        self.former_left
    }

    /// The person of an account.
    pub fn person(&self, who: Who) -> PersonId {
        PersonId(self.all[who].person.account.0)
    }

    /// The place of the first post of an account.
    pub fn home(&self, who: Who) -> PlaceId {
        self.all[who].person.place
    }

    /// Whoever answers as a township's head on a day: the stand-in, if there is one.
    pub fn head_of(&self, township: usize, day: Day) -> Who {
        let heads = &self.heads[township];
        let holds = |who: &Who| self.holds(*who, Role::Head, day);
        heads.iter().rev().copied().find(holds).unwrap_or(heads[0])
    }

    /// The other one of a township whose head changes.
    pub fn successor(&self, township: usize) -> Option<Who> {
        self.heads[township].get(1).copied()
    }

    fn holds(&self, who: Who, role: Role, day: Day) -> bool {
        let on = |h: &Held| h.post.role == role && h.from <= day && h.until.is_none_or(|until| day <= until);
        self.all[who].held.iter().any(on)
    }

    /// A township's head changes, or somebody stands in until some day.
    pub fn becomes_head(&mut self, who: Who, township: usize, post: Post, from: Day, until: Option<Day>) {
        self.all[who].held.push(Held { post, from, until });
        if !self.heads[township].contains(&who) {
            self.heads[township].push(who);
        }
    }

    /// A post of an account ends.
    pub fn ends(&mut self, who: Who, post: Post, on: Day) {
        self.all[who].held.iter_mut().filter(|h| h.post == post && h.until.is_none()).for_each(|h| h.until = Some(on));
    }

    /// The posts of an account end on a day; tells the store's side of it.
    pub fn leave(&mut self, who: Who, day: Day) -> (AccountId, Vec<Held>) {
        let account = &mut self.all[who];
        account.held.iter_mut().for_each(|h| h.until = Some(day));
        (account.person.account, account.held.clone())
    }

    /// As the store wants them.
    pub fn accounts<'a>(&'a self, password: &'a str) -> Vec<NewAccount<'a>> {
        let new = |a: &'a Account| NewAccount {
            id: a.person.account,
            name: &a.person.name,
            display: &a.person.display,
            password: Some(password),
            held: &a.held,
        };
        self.all.iter().map(new).collect()
    }

    /// The persons, for whoever asked for the demo.
    pub fn persons(self) -> Vec<Person> {
        self.all.into_iter().map(|a| a.person).collect()
    }
}
