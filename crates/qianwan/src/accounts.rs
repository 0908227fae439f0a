//! `qianwan account add|close|reset|list`: also the way back in when every administrator is locked out. It needs the machine.

use anyhow::{Result, anyhow, bail};
use clap::Args;
use domain::basics::{AccountId, Day, Post, Role};
use server::{passwords, wording::both};
use store::{AccountRow, Held, LinkPurpose, NewAccount, Store};
use uuid::Uuid;

use crate::{Data, End, data};

/// How long a link made here works, milliseconds.
const LINK_MS: i64 = 24 * 3_600_000;

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
    /// Role: admin security audit head office department township village inspector viewer
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
        eprintln!("{}", both("cli.password_ask", &[("min", passwords::MIN.to_string())]));
        let mut password = String::new();
        std::io::stdin().read_line(&mut password)?;
        let password = password.trim_end_matches(['\r', '\n']);
        if let Err(weakness) = passwords::check(password, &[&self.name, &self.display]) {
            let sizes = [("min", passwords::MIN.to_string()), ("max", passwords::MAX.to_string())];
            eprintln!("{}", both(&format!("error.{}.detail", weakness.code()), &sizes));
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

/// One account by its name.
#[derive(Args)]
pub struct Named {
    #[command(flatten)]
    data: Data,
    /// Name to sign in with
    #[arg(long)]
    name: String,
}

impl Named {
    fn open(&self) -> Result<Option<(std::sync::Arc<Store>, AccountRow)>> {
        let store = self.data.open_beside()?;
        let row = store.accounts().named(&self.name)?;
        if row.is_none() {
            eprintln!("{}", both("cli.no_account", &[("name", self.name.clone())]));
        }
        Ok(row.map(|row| (store, row)))
    }

    /// Closes the account: no sessions, tokens, links from now on.
    pub fn close(self) -> Result<End> {
        let Some((store, row)) = self.open()? else { return Ok(End::BadInput) };
        let closed = store.accounts().close(row.account.id, data::now_ms())?;
        eprintln!(
            "{}",
            both(if closed { "cli.account_closed" } else { "cli.account_was_closed" }, &[("name", self.name.clone())])
        );
        Ok(if closed { End::Success } else { End::No })
    }
}

/// Prints a link that sets another password.
#[derive(Args)]
pub struct Reset {
    #[command(flatten)]
    named: Named,
    /// Also take the second factor away: the phone is lost, and so are the recovery codes
    #[arg(long)]
    second_factor: bool,
    /// Address of the installation, to print a whole link
    #[arg(long, default_value = "")]
    origin: String,
}

impl Reset {
    /// Runs it: opens the account, unlocks it, prints the link.
    pub fn run(self) -> Result<End> {
        let Some((store, row)) = self.named.open()? else { return Ok(End::BadInput) };
        let (accounts, id) = (store.accounts(), row.account.id);
        accounts.reopen(id)?;
        accounts.unlock(id)?;
        if self.second_factor {
            accounts.drop_second_factor(id)?;
        }
        let purpose = if row.has_password { LinkPurpose::Reset } else { LinkPurpose::SetPassword };
        let token = accounts.make_only_link(purpose, id, data::now_ms() + LINK_MS)?;
        eprintln!("{}", both("cli.reset_link", &[("name", self.named.name.clone())]));
        println!("{}/link?token={token}", self.origin.trim_end_matches('/'));
        Ok(End::Success)
    }
}

/// Lists accounts, one a line: name, state, second factor, posts, name shown; tabs between.
#[derive(Args)]
pub struct ListAll {
    #[command(flatten)]
    data: Data,
}

impl ListAll {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        const PAGE: usize = 500;
        let store = self.data.open_beside()?;
        let (now, mut after) = (data::now_ms(), String::new());
        loop {
            let rows = store.accounts().list("", &after, PAGE)?;
            for row in &rows {
                println!("{}", line(row, now));
                after.clone_from(&row.account.name);
            }
            if rows.len() < PAGE {
                return Ok(End::Success);
            }
        }
    }
}

fn line(row: &AccountRow, now: i64) -> String {
    let state = match row {
        row if row.account.disabled => "closed",
        row if row.locked_until_ms > now => "locked",
        row if !row.has_password && !row.linked => "invited",
        _ => "open",
    };
    let posts: Vec<String> = row.account.posts_on(Day::of_ms(now)).iter().map(ToString::to_string).collect();
    let factor = if row.second_factor { "second-factor" } else { "-" };
    format!("{}\t{state}\t{factor}\t{}\t{}", row.account.name, posts.join(","), row.account.display)
}
