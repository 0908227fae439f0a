//! Who signs in: posts with plainly fictitious holders.

use domain::basics::{AccountId, Actor, Day, PlaceId, Post, Role};
use store::{Held, NewAccount};

use crate::{Person, Scale, county::County, random::Random, words::WORDS};

/// An account with its posts.
#[derive(Debug)]
pub struct Account {
    pub person: Person,
    pub held: Vec<Held>,
}

/// Number of an account in the list of all.
pub type Who = usize;

/// All accounts, and where to find them.
#[derive(Debug, Default)]
pub struct People {
    all: Vec<Account>,
    pub office: Who,
    pub head: Who,
    /// Housing, water, ecology. They share one post: a post is a role at a place.
    pub departments: Vec<Who>,
    pub inspectors: Vec<Who>,
    /// In the programme office until some day.
    pub former: Who,
    /// By township.
    pub townships: Vec<Who>,
    /// By township.
    pub heads: Vec<Who>,
    /// By village.
    pub villages: Vec<Who>,
}

impl People {
    /// Everybody, in a fixed order.
    pub fn draw(seed: u64, scale: &Scale, county: &County) -> People {
        let words = &WORDS.people;
        let first = scale.first;
        let mut random = Random::new(seed, "people");
        let mut people = People::default();
        let mut add = |name: String, display: &str, role: Role, place: PlaceId, until: Option<Day>| -> Who {
            let held = vec![Held { post: Post::new(place, role), from: first, until }];
            let account = AccountId(random.uuid(first.start_ms()));
            let display = format!("{display}{}", words.mark);
            people.all.push(Account { person: Person { account, name, display, role, place }, held });
            people.all.len() - 1
        };
        let at = county.id;
        add("admin".into(), &words.admin, Role::Admin, at, None);
        let head = add("head".into(), &words.head, Role::Head, at, None);
        let office = add("office".into(), &words.office, Role::Office, at, None);
        let departments =
            words.departments.iter().map(|(name, display)| add(name.clone(), display, Role::Department, at, None)).collect();
        let numbered = |n: usize| if n == 0 { "inspector".to_owned() } else { format!("inspector{}", n + 1) };
        let inspectors =
            (0..).zip(&words.inspectors).map(|(n, display)| add(numbered(n), display, Role::Inspector, at, None)).collect();
        add("viewer".into(), &words.viewer, Role::Viewer, at, None);
        let left = first.plus(scale.days() * 4 / 10);
        let former = add("former".into(), &words.former, Role::Office, at, Some(left));
        let (mut townships, mut heads) = (Vec::new(), Vec::new());
        for (n, t) in (1..).zip(&county.townships) {
            townships.push(add(format!("t{n:02}"), &format!("{}{}", t.name, words.township), Role::Township, t.id, None));
            heads.push(add(format!("h{n:02}"), &format!("{}{}", t.name, words.township_head), Role::Head, t.id, None));
        }
        let villages = (1..)
            .zip(&county.villages)
            .map(|(n, v)| add(format!("v{n:03}"), &format!("{}{}", v.name, words.village), Role::Village, v.id, None))
            .collect();
        People { head, office, departments, inspectors, former, townships, heads, villages, ..people }
    }

    /// The account as an actor, with the posts held on the day.
    pub fn actor(&self, who: Who, day: Day) -> Actor {
        let account = &self.all[who];
        let holds = |h: &&Held| h.from <= day && h.until.is_none_or(|until| day <= until);
        Actor::Account {
            id: account.person.account,
            person: domain::basics::PersonId(account.person.account.0),
            posts: account.held.iter().filter(holds).map(|h| h.post).collect(),
        }
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
