//! The log on disk: appending, scanning, verifying. Its tables know insert and select.

use std::collections::BTreeSet;

use domain::{
    Fact as AnyFact,
    basics::{PlaceId, Recorded, Value},
};
use facts::{ChainId, ChainName, Fact, Hash, Head, Kind, Suite};
use uuid::Uuid;

use crate::sql::*;

const COLUMNS: [(&str, SqlType); 13] = [
    ("county", SqlType::Int),
    ("chain", SqlType::Text),
    ("seq", SqlType::Int),
    ("command", SqlType::Bytes),
    ("kind", SqlType::Text),
    ("subject", SqlType::Text),
    ("place", SqlType::Int),
    ("actor", SqlType::Text),
    ("effective_ms", SqlType::Int),
    ("recorded_ms", SqlType::Int),
    ("body", SqlType::Text),
    ("prev", SqlType::Bytes),
    ("hash", SqlType::Bytes),
];

/// All columns, in the order that [`read`] expects.
pub(crate) const SELECT: &str =
    "county, chain, seq, command, kind, subject, place, actor, effective_ms, recorded_ms, body, prev, hash";

/// Writes sealed facts.
pub(crate) fn append(sql: &mut dyn Sql, facts: &[Fact]) -> Result<()> {
    let insert =
        Insert { table: "fact".into(), columns: COLUMNS.iter().map(|(n, t)| ((*n).to_owned(), *t)).collect(), replace_on: None };
    let rows: Vec<Vec<Cell>> = facts
        .iter()
        .map(|f| {
            vec![
                Cell::Int(f.chain.county.into()),
                Cell::Text(f.chain.name.as_str()),
                Cell::Int(f.seq as i64),
                Cell::Bytes(f.command.as_bytes()),
                Cell::Text(f.kind.as_str()),
                Cell::Text(&f.subject),
                Cell::Int(f.place),
                Cell::Text(&f.actor),
                Cell::Int(f.effective_ms),
                Cell::Int(f.recorded_ms),
                Cell::Text(&f.body),
                Cell::Bytes(&f.prev.0),
                Cell::Bytes(&f.hash.0),
            ]
        })
        .collect();
    sql.insert_many(&insert, &rows)
}

/// A fact out of a row of [`SELECT`].
pub(crate) fn read(r: &dyn Cells) -> Result<Fact> {
    let mut fact = blank();
    read_into(r, &mut fact)?;
    Ok(fact)
}

/// A fact to be read into.
fn blank() -> Fact {
    let chain = ChainId { county: 0, name: ChainName::Main };
    Fact {
        chain,
        seq: 0,
        command: Uuid::nil(),
        kind: Kind::from_static("none.none@1"),
        subject: String::new(),
        place: 0,
        actor: String::new(),
        effective_ms: 0,
        recorded_ms: 0,
        body: String::new(),
        prev: Hash([0; 32]),
        hash: Hash([0; 32]),
    }
}

/// The same into a fact that is there already, so that going through a long chain asks for no memory.
fn read_into(r: &dyn Cells, fact: &mut Fact) -> Result<()> {
    fn put(to: &mut String, text: &str) {
        to.clear();
        to.push_str(text);
    }
    let bad = |what: &str| StoreError::Stored(format!("fact with an unreadable {what}"));
    let hash = |b: &[u8]| <[u8; 32]>::try_from(b).map(Hash).map_err(|_| bad("hash"));
    fact.chain = ChainId { county: u32::try_from(r.int(0)?).map_err(|_| bad("chain"))?, name: chain_name(r.text(1)?)? };
    fact.seq = u64::try_from(r.int(2)?).map_err(|_| bad("number"))?;
    fact.command = Uuid::from_slice(r.bytes(3)?).map_err(|_| bad("command"))?;
    let kind = r.text(4)?;
    if fact.kind.as_str() != kind {
        fact.kind = kind.parse::<Kind>().map_err(|_| bad("kind"))?;
    }
    put(&mut fact.subject, r.text(5)?);
    fact.place = r.int(6)?;
    put(&mut fact.actor, r.text(7)?);
    fact.effective_ms = r.int(8)?;
    fact.recorded_ms = r.int(9)?;
    put(&mut fact.body, r.text(10)?);
    fact.prev = hash(r.bytes(11)?)?;
    fact.hash = hash(r.bytes(12)?)?;
    Ok(())
}

pub(crate) fn chain_name(word: &str) -> Result<ChainName> {
    [ChainName::Main, ChainName::Audit]
        .into_iter()
        .find(|n| n.as_str() == word)
        .ok_or_else(|| StoreError::Stored(format!("unknown chain {word:?}")))
}

/// A fact as folds see it.
///
/// # Errors
/// A kind of a newer version, or a body that does not fit.
pub fn decode(fact: &Fact) -> Result<Recorded> {
    let unreadable = |e: &dyn std::fmt::Display| StoreError::Stored(format!("fact {} no. {}: {e}", fact.chain, fact.seq));
    Ok(Recorded {
        org: fact.chain.county,
        seq: fact.seq,
        subject: fact.subject.parse().map_err(|e| unreadable(&e))?,
        place: PlaceId(fact.place),
        actor: fact.actor.clone(),
        effective_ms: fact.effective_ms,
        recorded_ms: fact.recorded_ms,
        fact: AnyFact::decode(fact.kind.as_str(), &fact.body).map_err(|e| unreadable(&e))?,
    })
}

/// Facts of a chain in order, from after `after`; in pages, so that memory stays small on both databases.
pub(crate) fn scan(
    sql: &mut dyn Sql,
    chain: ChainId,
    after: u64,
    up_to: u64,
    each: &mut dyn FnMut(&Fact) -> Result<()>,
) -> Result<()> {
    const PAGE: i64 = 10_000;
    let query =
        format!("SELECT {SELECT} FROM fact WHERE county = $1 AND chain = $2 AND seq > $3 AND seq <= $4 ORDER BY seq LIMIT $5");
    let mut last = after as i64;
    let mut fact = blank();
    loop {
        let mut found = 0;
        let params = [
            Value::Int(chain.county.into()),
            chain.name.as_str().into(),
            Value::Int(last),
            Value::Int(up_to.min(i64::MAX as u64) as i64),
            Value::Int(PAGE),
        ];
        sql.each(&query, &params, &mut |r| {
            read_into(r, &mut fact)?;
            found += 1;
            last = fact.seq as i64;
            each(&fact)
        })?;
        if found < PAGE {
            return Ok(());
        }
    }
}

/// Heads of all chains, in order.
pub(crate) fn heads(sql: &mut dyn Sql, lock: bool) -> Result<Vec<Head>> {
    let clause = if lock { sql.lock_clause() } else { "" };
    let query = format!("SELECT county, chain, suite, size, hash FROM chain_head ORDER BY county, chain{clause}");
    let mut heads = Vec::new();
    sql.each(&query, &[], &mut |r| {
        heads.push(head(r)?);
        Ok(())
    })?;
    Ok(heads)
}

/// Names that no chain of ours has.
pub(crate) type Strays = BTreeSet<(ChainId, String)>;

/// Every chain of which there are facts, checkpoints or a head, by one step along the index for each; and names that no
/// chain of ours has, with the chain they stand nearest to.
pub(crate) fn chains(sql: &mut dyn Sql) -> Result<(BTreeSet<ChainId>, Strays)> {
    let (mut chains, mut strays) = (BTreeSet::new(), BTreeSet::new());
    for table in ["fact", "checkpoint", "chain_head"] {
        let next = format!("SELECT county, chain FROM {table} WHERE (county, chain) > ($1, $2) ORDER BY county, chain LIMIT 1");
        let mut last = Some((i64::MIN, String::new()));
        while let Some((county, name)) = last.take() {
            sql.each(&next, &[Value::Int(county), name.into()], &mut |r| {
                let (county, name) = (r.int(0)?, r.text(1)?);
                match (u32::try_from(county), chain_name(name)) {
                    (Ok(county), Ok(name)) => drop(chains.insert(ChainId { county, name })),
                    (near, _) => {
                        let near = ChainId { county: near.unwrap_or(0), name: ChainName::Main };
                        strays.insert((near, format!("{county:06}/{name}")));
                    }
                }
                last = Some((county, name.to_owned()));
                Ok(())
            })?;
        }
    }
    Ok((chains, strays))
}

/// The head of one chain.
pub(crate) fn head_of(sql: &mut dyn Sql, chain: ChainId) -> Result<Option<Head>> {
    let query = "SELECT county, chain, suite, size, hash FROM chain_head WHERE county = $1 AND chain = $2";
    let mut found = None;
    sql.each(query, &[Value::Int(chain.county.into()), chain.name.as_str().into()], &mut |r| {
        found = Some(head(r)?);
        Ok(())
    })?;
    Ok(found)
}

fn head(r: &dyn Cells) -> Result<Head> {
    let bad = |what: &str| StoreError::Stored(format!("chain head with an unreadable {what}"));
    Ok(Head {
        chain: ChainId { county: r.int(0)? as u32, name: chain_name(r.text(1)?)? },
        suite: r.text(2)?.parse::<Suite>().map_err(|_| bad("suite"))?,
        size: r.int(3)? as u64,
        hash: <[u8; 32]>::try_from(r.bytes(4)?).map(Hash).map_err(|_| bad("hash"))?,
    })
}

/// The head of one chain, locked until the end of the transaction; made where there is none.
pub(crate) fn head_for_writing(sql: &mut dyn Sql, chain: ChainId, suite: Suite) -> Result<Head> {
    let key = [Value::Int(chain.county.into()), chain.name.as_str().into()];
    let query =
        format!("SELECT county, chain, suite, size, hash FROM chain_head WHERE county = $1 AND chain = $2{}", sql.lock_clause());
    let mut found = None;
    sql.each(&query, &key, &mut |r| {
        found = Some(head(r)?);
        Ok(())
    })?;
    if let Some(head) = found {
        return Ok(head);
    }
    let empty = Head::empty(chain, suite);
    let [county, name] = key.clone();
    sql.run(
        "INSERT INTO chain_head (county, chain, suite, size, hash) VALUES ($1, $2, $3, 0, $4) ON CONFLICT (county, chain) DO NOTHING",
        &[county, name, suite.as_str().into(), Value::Bytes(empty.hash.0.to_vec())],
    )?;
    sql.each(&query, &key, &mut |r| {
        found = Some(head(r)?);
        Ok(())
    })?;
    found.ok_or_else(|| StoreError::Stored(format!("chain {chain} has no head")))
}

/// Moves heads forward.
pub(crate) fn save_heads(sql: &mut dyn Sql, heads: &[Head]) -> Result<()> {
    for head in heads {
        sql.run(
            "UPDATE chain_head SET size = $3, hash = $4 WHERE county = $1 AND chain = $2",
            &[
                Value::Int(head.chain.county.into()),
                head.chain.name.as_str().into(),
                Value::Int(head.size as i64),
                Value::Bytes(head.hash.0.to_vec()),
            ],
        )?;
    }
    Ok(())
}
