//! `qianwan account add`.

use anyhow::{Result, anyhow, bail};
use clap::Args;
use domain::basics::{AccountId, Day, Post, Role};
use store::{Held, NewAccount};
use uuid::Uuid;

use crate::{Data, End, data};

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
        let role = Role::from_word(&self.role).ok_or_else(|| anyhow!("没有这个岗位 / no role {:?}", self.role))?;
        let store = self.data.open_existing()?;
        let Some(domain::Row::Places(place)) = store.place_by_code(&self.place)? else {
            bail!("没有这个代码的地方 / no place with code {}", self.place);
        };
        eprintln!("密码（至少 10 个字，从标准输入读一行）/ password, at least 10 characters, one line on standard input:");
        let mut password = String::new();
        std::io::stdin().read_line(&mut password)?;
        let password = password.trim_end_matches(['\r', '\n']);
        if password.chars().count() < 10 {
            eprintln!("密码太短 / the password is too short");
            return Ok(End::BadInput);
        }
        let now = data::now_ms();
        let held = [Held { post: Post { place: place.id, role }, from: Day::of_ms(now), until: None }];
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
