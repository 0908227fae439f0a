//! View tables: made from the declared columns, versioned, rebuilt beside the old one and swapped.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use domain::{
    Row, ViewId,
    basics::{Column, ColumnKind, Read, Recorded, Rows, Value},
};

use crate::sql::*;

/// Stands in a sorted column for "nothing", so that keyset paging needs no special case. Sorts after everything.
const NOTHING_TEXT: &str = "\u{10FFFF}";
const NOTHING_INT: i64 = i64::MAX;

/// A view's table in its present generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewTable {
    /// Which view.
    pub view: ViewId,
    /// Version of its columns.
    pub version: u32,
    /// Counts rebuilds.
    pub generation: i64,
}

impl ViewTable {
    /// Name of the table.
    pub fn name(&self) -> String {
        format!("v_{}_{}_{}", self.view.name(), self.version, self.generation)
    }

    fn insert(&self) -> Insert {
        let declared = self.view.columns().iter().map(|c| (column_name(c), sql_type(c)));
        let columns = FIXED.into_iter().map(|(n, t)| (n.to_owned(), t)).chain(declared).collect();
        Insert { table: self.name(), columns, replace_on: Some("key") }
    }

    /// The table of another generation.
    pub(crate) fn of_generation(&self, generation: i64) -> ViewTable {
        ViewTable { generation, ..*self }
    }

    /// Drops it, if it is there.
    pub(crate) fn drop(&self, sql: &mut dyn Sql) -> Result<()> {
        sql.script(&format!("DROP TABLE IF EXISTS {}", self.name()))
    }

    /// Makes the table with its indexes: one for every place column, two for every order that lists offer, and another for every
    /// column with long lists.
    pub(crate) fn create(&self, sql: &mut dyn Sql) -> Result<()> {
        let table = self.name();
        let mut columns = String::from("key {text} NOT NULL PRIMARY KEY, org BIGINT NOT NULL, data TEXT NOT NULL");
        for column in self.view.columns() {
            let kind = if sql_type(column) == SqlType::Int { "BIGINT" } else { "{text}" };
            let not_null = if column.sort { " NOT NULL" } else { "" };
            columns.push_str(&format!(", {} {kind}{not_null}", column_name(column)));
        }
        sql.script(&format!("DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns})"))?;
        // Across organisations, orders carry the place and what lists are narrowed and counted by: rows that a filter leaves out
        // are passed over in the index. Within one, rows are few enough to be looked at.
        let carried = |c: &&Column| c.group || (c.name == "place" && c.kind == ColumnKind::Place);
        let carried: String = self.view.columns().iter().filter(carried).map(|c| format!(", {}", column_name(c))).collect();
        for column in self.view.columns() {
            let name = column_name(column);
            if column.sort {
                sql.script(&format!("CREATE INDEX {table}_s_{} ON {table} ({name}, key{carried})", column.name))?;
                sql.script(&format!("CREATE INDEX {table}_o_{} ON {table} (org, {name}, key)", column.name))?;
                for leading in self.view.columns().iter().filter(|c| c.leads) {
                    let (first, second) = (leading.name, column.name);
                    let on = format!("{}, {name}, key{carried}", column_name(leading));
                    sql.script(&format!("CREATE INDEX {table}_l_{first}_{second} ON {table} ({on})"))?;
                }
            } else if column.kind == ColumnKind::Place && column.filter == domain::basics::Filter::Equals {
                sql.script(&format!("CREATE INDEX {table}_p_{} ON {table} ({name})", column.name))?;
            }
        }
        Ok(())
    }

    /// Writes rows, replacing those that are there.
    pub(crate) fn put(&self, sql: &mut dyn Sql, rows: &[Put]) -> Result<()> {
        let insert = self.insert();
        let written: Vec<(String, Vec<Value>)> = rows.iter().map(|p| (p.row.encode(), self.values(p.row))).collect();
        let rows: Vec<(Vec<Cell>, Differing)> = rows
            .iter()
            .zip(&written)
            .map(|(Put { key, org, before, .. }, (data, values))| {
                let mut cells = Vec::with_capacity(FIXED.len() + values.len());
                cells.extend([Cell::Text(key), Cell::Int(i64::from(*org)), Cell::Text(data)]);
                cells.extend(values.iter().map(Cell::from));
                let differing = before.map(|before| {
                    let differs = before.iter().zip(values).enumerate().filter(|(_, (before, after))| before != after);
                    differs.fold(DATA, |bits, (i, _)| bits | 1 << (FIXED.len() + i))
                });
                (cells, differing)
            })
            .collect();
        sql.replace_many(&insert, &rows)
    }

    /// What stands in the declared columns for a row.
    fn values(&self, row: &Row) -> Vec<Value> {
        let mut values = row.values();
        for (column, value) in self.view.columns().iter().zip(&mut values) {
            if column.sort && *value == Value::Null {
                *value = nothing(column);
            }
        }
        values
    }
}

/// Columns that every view table has, before the declared ones.
const FIXED: [(&str, SqlType); 3] = [("key", SqlType::Text), ("org", SqlType::Int), ("data", SqlType::Text)];

/// The data among them, as a bit: they always differ.
const DATA: u64 = 0b100;

/// A row on its way into its table.
pub(crate) struct Put<'a> {
    pub key: &'a str,
    pub row: &'a Row,
    pub org: u32,
    /// What stood in its columns before, where the row was there.
    pub before: Option<&'a [Value]>,
}

/// Column names are quoted by a prefix: `on` and `value` are words of SQL.
pub(crate) fn column_name(column: &Column) -> String {
    format!("c_{}", column.name)
}

pub(crate) fn sql_type(column: &Column) -> SqlType {
    match column.kind {
        ColumnKind::Int | ColumnKind::Ms | ColumnKind::Bool | ColumnKind::Place => SqlType::Int,
        ColumnKind::Text | ColumnKind::Day => SqlType::Text,
    }
}

/// The value that stands for "nothing" in a sorted column.
pub(crate) fn nothing(column: &Column) -> Value {
    match sql_type(column) {
        SqlType::Int => Value::Int(NOTHING_INT),
        SqlType::Text | SqlType::Bytes => NOTHING_TEXT.into(),
    }
}

/// The tables that are in use now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tables(BTreeMap<ViewId, ViewTable>);

impl Tables {
    /// Reads which tables are in use.
    pub(crate) fn load(sql: &mut dyn Sql) -> Result<Tables> {
        let mut tables = BTreeMap::new();
        sql.each("SELECT view, version, generation FROM view_table", &[], &mut |r| {
            if let Some(view) = ViewId::from_name(r.text(0)?) {
                let version = r.int(1)? as u32;
                tables.insert(view, ViewTable { view, version, generation: r.int(2)? });
            }
            Ok(())
        })?;
        Ok(Tables(tables))
    }

    /// The table of a view.
    pub fn of(&self, view: ViewId) -> Result<ViewTable> {
        self.0.get(&view).copied().ok_or_else(|| StoreError::Stored(format!("view {} has no table", view.name())))
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = ViewTable> {
        self.0.values().copied()
    }

    /// Views whose table is missing or of another version.
    pub(crate) fn stale(&self) -> Vec<ViewId> {
        let fresh = |v: &ViewId| self.0.get(v).is_some_and(|t| t.version == v.version());
        ViewId::ALL.iter().copied().filter(|v| !fresh(v)).collect()
    }
}

/// The name of a view's table. A rebuild drops the table before the last swap only when nobody holds such a name.
pub(crate) struct TableName {
    name: String,
    _in_use: Arc<Tables>,
}

impl TableName {
    pub(crate) fn new(tables: &Arc<Tables>, view: ViewId) -> Result<TableName> {
        Ok(TableName { name: tables.of(view)?.name(), _in_use: tables.clone() })
    }
}

impl std::ops::Deref for TableName {
    type Target = str;
    fn deref(&self) -> &str {
        &self.name
    }
}

impl std::fmt::Display for TableName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// Loads what commands want to see into `rows`.
pub(crate) fn load(sql: &mut dyn Sql, tables: &Tables, rows: &mut Rows, wanted: &[Read]) -> Result<()> {
    let mut by_view: BTreeMap<ViewId, HashSet<&str>> = BTreeMap::new();
    for read in wanted {
        match read {
            Read::Row(view, key) if !rows.has(read) => {
                by_view.entry(*view).or_default().insert(key);
            }
            Read::AllPlaces if !rows.has(read) => {
                let table = tables.of(ViewId::Places)?.name();
                let mut found = Vec::new();
                sql.each(&format!("SELECT key, data FROM {table}"), &[], &mut |r| {
                    found.push((r.text(0)?.to_owned(), decode(ViewId::Places, r.text(1)?)?));
                    Ok(())
                })?;
                for (key, row) in found {
                    rows.put(ViewId::Places, key, Some(row));
                }
                rows.all_places_loaded();
            }
            Read::Row(..) | Read::AllPlaces => {}
        }
    }
    for (view, keys) in by_view {
        let mut found: HashMap<String, Row> = HashMap::new();
        let values: Vec<Value> = keys.iter().map(|k| Value::from(*k)).collect();
        sql.by_keys(&tables.of(view)?.name(), "key, data", ("key", SqlType::Text), &values, &mut |r| {
            found.insert(r.text(0)?.to_owned(), decode(view, r.text(1)?)?);
            Ok(())
        })?;
        for key in keys {
            let row = found.remove(key);
            rows.put(view, key.to_owned(), row);
        }
    }
    Ok(())
}

pub(crate) fn decode(view: ViewId, data: &str) -> Result<Row> {
    view.decode(data).map_err(|e| StoreError::Stored(format!("row of {}: {e}", view.name())))
}

/// Folds one fact into every view it concerns (or only `only`), noting what was touched.
pub(crate) struct Folder<'t> {
    pub tables: &'t Tables,
    pub rows: Rows,
    dirty: HashMap<(ViewId, String), Dirty>,
}

/// A row that was touched.
struct Dirty {
    /// The organisation it belongs to. All facts of a row are in one chain, so this never changes.
    org: u32,
    /// What stands in its columns now, where it is there.
    before: Option<Vec<Value>>,
}

impl<'t> Folder<'t> {
    pub(crate) fn new(tables: &'t Tables, rows: Rows) -> Folder<'t> {
        Folder { tables, rows, dirty: HashMap::new() }
    }

    pub(crate) fn fold(&mut self, sql: &mut dyn Sql, views: &[ViewId], fact: &Recorded) -> Result<()> {
        for view in views {
            let Some(key) = view.key(fact) else { continue };
            let before = match self.rows.take(*view, &key) {
                Some(row) => row,
                None => {
                    let read = Read::Row(*view, key.clone());
                    load(sql, self.tables, &mut self.rows, std::slice::from_ref(&read))?;
                    self.rows.take(*view, &key).flatten()
                }
            };
            if let Entry::Vacant(free) = self.dirty.entry((*view, key.clone())) {
                let table = self.tables.of(*view)?;
                free.insert(Dirty { org: fact.org, before: before.as_ref().map(|row| table.values(row)) });
            }
            let after = view.fold(before, fact);
            self.rows.put(*view, key, after);
        }
        Ok(())
    }

    /// How many rows wait to be written.
    pub(crate) fn waiting(&self) -> usize {
        self.dirty.len()
    }

    /// Writes every touched row; tells which views they are of.
    pub(crate) fn write(&mut self, sql: &mut dyn Sql) -> Result<BTreeSet<ViewId>> {
        let mut by_view: BTreeMap<ViewId, Vec<Put>> = BTreeMap::new();
        for ((view, key), Dirty { org, before }) in &self.dirty {
            if let Some(row) = self.rows.peek(*view, key) {
                by_view.entry(*view).or_default().push(Put { key, row, org: *org, before: before.as_deref() });
            }
        }
        let touched = by_view.keys().copied().collect();
        for (view, mut rows) in by_view {
            rows.sort_unstable_by_key(|put| put.key);
            self.tables.of(view)?.put(sql, &rows)?;
        }
        self.dirty.clear();
        Ok(touched)
    }
}

impl Folder<'_> {
    /// Forgets what was loaded, before anything was folded.
    pub(crate) fn forget(&mut self) {
        self.rows = Rows::default();
    }

    /// Takes out every touched row of a view, in the order of their keys, and forgets the rest.
    pub(crate) fn take(&mut self, view: ViewId) -> Vec<Finished> {
        let mut taken = Vec::with_capacity(self.dirty.len());
        for ((_, key), Dirty { org, before }) in self.dirty.drain() {
            if let Some(row) = self.rows.take(view, &key).flatten() {
                taken.push(Finished { key, row, org, before });
            }
        }
        taken.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        self.rows = Rows::default();
        taken
    }
}

/// A row that a rebuild has done with for now.
pub(crate) struct Finished {
    key: String,
    row: Row,
    org: u32,
    before: Option<Vec<Value>>,
}

impl Finished {
    pub(crate) fn put(&self) -> Put<'_> {
        Put { key: &self.key, row: &self.row, org: self.org, before: self.before.as_deref() }
    }
}

/// The tables with one of them replaced, for a rebuild beside the old one.
pub(crate) fn with(tables: &Tables, table: ViewTable) -> Tables {
    let mut tables = tables.clone();
    tables.0.insert(table.view, table);
    tables
}
