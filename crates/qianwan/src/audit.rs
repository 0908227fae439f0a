//! `audit export`, `audit archive`.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::{
    Row, ViewId,
    basics::Day,
    rules::{Retention, Rule},
};
use facts::{ChainId, ChainName, Fact};
use server::{syslog, wording::both};
use store::{Condition, List, Scope, Store, StoreError};

use crate::{Data, End, data};

/// `qianwan audit`.
#[derive(Subcommand)]
pub enum Audit {
    /// Write the audit chains as lines for another system
    Export(Export),
    /// Write the older part of the audit chains as chain files with signed checkpoints; nothing is deleted
    Archive(Archive),
}

impl Audit {
    /// Runs it.
    pub fn run(self) -> Result<End> {
        match self {
            Audit::Export(c) => c.run(),
            Audit::Archive(c) => c.run(),
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    /// RFC 5424
    Syslog,
    /// One fact as JSON on a line
    Jsonl,
    /// One fact on a line, with a head
    Csv,
}

impl Form {
    fn word(self) -> &'static str {
        match self {
            Form::Syslog => "syslog",
            Form::Jsonl => "jsonl",
            Form::Csv => "csv",
        }
    }
}

/// `qianwan audit export`.
#[derive(Args)]
pub struct Export {
    #[command(flatten)]
    data: Data,
    /// As what
    #[arg(long, value_enum)]
    format: Form,
    /// First day, Asia/Shanghai
    #[arg(long)]
    from: Option<Day>,
    /// Last day
    #[arg(long)]
    until: Option<Day>,
    /// Where to; standard output without it
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Export {
    fn run(self) -> Result<End> {
        let installation = self.data.open_existing_or_ask()?;
        let store = &installation.store;
        let within = |fact: &Fact| {
            let day = Day::of_ms(fact.recorded_ms);
            self.from.is_none_or(|from| day >= from) && self.until.is_none_or(|until| day <= until)
        };
        // Counted, then noted, then written: what is noted afterwards is not in it.
        let heads: Vec<facts::Head> = store.heads()?.into_iter().filter(|h| h.chain.name == ChainName::Audit).collect();
        let mut total = 0;
        for head in &heads {
            let mut count = 0;
            store.each_fact(head.chain, 0, head.size, &mut |fact| {
                count += u64::from(within(fact));
                Ok(())
            })?;
            installation.note_export(head.chain, count, self.format.word())?;
            total += count;
        }
        let partial = self.out.as_ref().map(|out| out.with_extension("part"));
        let mut out: Box<dyn Write> = match &partial {
            Some(path) => Box::new(BufWriter::new(File::create(path).with_context(|| path.display().to_string())?)),
            None => Box::new(BufWriter::new(std::io::stdout().lock())),
        };
        if matches!(self.format, Form::Csv) {
            writeln!(out, "\u{feff}chain,seq,at,kind,subject,place,actor,body,hash")?;
        }
        for head in &heads {
            store.each_fact(head.chain, 0, head.size, &mut |fact| match within(fact) {
                true => self.write(fact, &mut out).map_err(|e| StoreError::Bad(e.to_string())),
                false => Ok(()),
            })?;
        }
        out.flush()?;
        drop(out);
        if let (Some(partial), Some(out)) = (&partial, &self.out) {
            fs::rename(partial, out)?;
            eprintln!("{}", both("cli.audit_lines", &[("file", out.display().to_string()), ("n", total.to_string())]));
        }
        Ok(End::Success)
    }

    fn write(&self, fact: &Fact, out: &mut dyn Write) -> Result<()> {
        match self.format {
            Form::Syslog => writeln!(out, "{}", syslog::line(fact, "-"))?,
            Form::Jsonl => writeln!(out, "{}", serde_json::to_string(fact)?)?,
            Form::Csv => {
                let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
                let (chain, at, place) = (fact.chain.to_string(), syslog::moment(fact.recorded_ms), fact.place.to_string());
                // The body begins with a brace and the rest with letters or digits: nothing that a spreadsheet would run.
                let cells = [
                    &chain,
                    &fact.seq.to_string(),
                    &at,
                    fact.kind.as_str(),
                    &fact.subject,
                    &place,
                    &fact.actor,
                    &fact.body,
                    &fact.hash.to_string(),
                ]
                .map(quoted);
                writeln!(out, "{}", cells.join(","))?;
            }
        }
        Ok(())
    }
}

/// `qianwan audit archive`.
#[derive(Args)]
pub struct Archive {
    #[command(flatten)]
    data: Data,
    /// Everything recorded before this day; not younger than the rule audit.retention says
    #[arg(long)]
    before: Day,
    /// Directory to write to, one file for each chain; never overwrites
    #[arg(long)]
    out: PathBuf,
}

impl Archive {
    fn run(self) -> Result<End> {
        let installation = self.data.open_existing_or_ask()?;
        let store = &installation.store;
        let days = retention(store, Day::of_ms(data::now_ms()))?;
        let latest = Day::of_ms(data::now_ms()).plus(-i64::from(days));
        if self.before > latest {
            bail!(both("cli.archive_too_young", &[("days", days.to_string()), ("day", latest.to_string())]));
        }
        let key = data::signer(&self.data.data)?;
        let demo = store.setting("demo")?.is_some();
        fs::create_dir_all(&self.out).with_context(|| self.out.display().to_string())?;
        for head in store.heads()?.into_iter().filter(|h| h.chain.name == ChainName::Audit) {
            let path = self.out.join(format!("{}-before-{}.chain", head.chain.to_string().replace('/', "-"), self.before));
            if path.exists() {
                bail!("{}: {}", path.display(), std::io::ErrorKind::AlreadyExists);
            }
            let partial = path.with_extension("part");
            let facts = write_beginning(store, head.chain, self.before, &key, demo, &partial)?;
            if facts > 0 {
                installation.note_export(head.chain, facts, "archive").inspect_err(|_| drop(fs::remove_file(&partial)))?;
                fs::rename(&partial, &path)?;
            }
            let (chain, n, day) = (head.chain.to_string(), facts.to_string(), self.before.to_string());
            println!(
                "{}",
                both("cli.archived", &[("chain", chain), ("n", n), ("day", day), ("file", path.display().to_string())])
            );
        }
        eprintln!("{}", both("cli.verify_with", &[("key", key.verifier().to_string())]));
        Ok(End::Success)
    }
}

fn write_beginning(store: &Store, chain: ChainId, before: Day, key: &facts::SignerKey, demo: bool, path: &Path) -> Result<u64> {
    let name = data::installation(key);
    let mut open = || -> Result<Box<dyn Write>, StoreError> {
        let file = File::create(path).map_err(|e| StoreError::Bad(format!("{}: {e}", path.display())))?;
        Ok(Box::new(BufWriter::new(file)))
    };
    Ok(store.export_beginning(chain, before.start_ms(), (&name, demo), key, data::now_ms(), &mut open)?)
}

/// The longest that holds anywhere in the installation today; never less than the law says.
fn retention(store: &Store, today: Day) -> Result<u16> {
    let of_this_name = Condition::OneOf("rule".into(), vec!["audit.retention".into()]);
    let list =
        List { view: ViewId::Rules, scope: Scope::All, conditions: vec![of_this_name], sort: None, after: None, limit: 100_000 };
    let mut longest = Retention::DAYS_MIN;
    for stored in store.list(&list)?.rows {
        if let Row::Rules(row) = ViewId::Rules.decode(&stored.data)?
            && let Some(Rule::Retention(rule)) = row.on(today)
        {
            longest = longest.max(rule.days);
        }
    }
    Ok(longest)
}
