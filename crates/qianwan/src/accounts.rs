//! `qianwan account add`.

use anyhow::{Result, anyhow, bail};
use clap::Args;
use domain::basics::{AccountId, Day, Post, Role};
use server::wording::both;
use store::{Held, NewAccount};
use uuid::Uuid;

use crate::{Data, End, data};

/// Shortest password.
const PASSWORD_MIN: usize = 10;

/// Adds one account with one post.
#[derive(Args)]
pub struct Add {
    #[command(flatten)]
    data: Data,
    /// Name to sign in with
    #[arg(long)]
    name: String,
    /// Name to show
    #[arg(long)]
    display: String,
    /// Role: admin head office department township village inspector viewer
    #[arg(long)]
    role: String,
    /// Division code of the place, 12 digits
    #[arg(long)]
    place: String,
}

impl Add {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        let role = Role::from_word(&self.role).ok_or_else(|| anyhow!(both("cli.no_role", &[("role", self.role.clone())])))?;
        let store = self.data.open_beside()?;
        let Some(domain::Row::Places(place)) = store.place_by_code(&self.place)? else {
            bail!(both("cli.no_place", &[("code", self.place.clone())]));
        };
        eprintln!("{}", both("cli.password_ask", &[("min", PASSWORD_MIN.to_string())]));
        let mut password = String::new();
        std::io::stdin().read_line(&mut password)?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.chars().count() < PASSWORD_MIN {
            eprintln!("{}", both("cli.password_short", &[("min", PASSWORD_MIN.to_string())]));
            return Ok(End::BadInput);
        }
        let now = data::now_ms();
        let held = [Held { post: Post::new(place.id, role), from: Day::of_ms(now), until: None }];
        let account = NewAccount {
            id: AccountId(Uuid::now_v7()),
            name: &self.name,
            display: &self.display,
            password: Some(password),
            held: &held,
        };
        store.accounts().create(&[account], now)?;
        println!("{} → {} {}", self.name, place.name, role.word());
        Ok(End::Success)
    }
}
