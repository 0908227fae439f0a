//! Databases to stand on: a fresh one for every test, gone afterwards; and raw SQL, to tamper with them.

use std::path::Path;

use facts::Suite;
use store::{Location, Store};
use tempfile::TempDir;

/// Where a PostgreSQL server is named.
pub const POSTGRES: &str = "QIANWAN_TEST_POSTGRES";

pub fn postgres_url() -> Option<String> {
    std::env::var(POSTGRES).ok().filter(|url| !url.is_empty())
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A directory and, on PostgreSQL, a database; both go with the test.
pub struct Ground {
    dir: TempDir,
    database: Option<Database>,
}

struct Database {
    admin: String,
    name: String,
    url: String,
}

impl Ground {
    pub fn new(kind: Kind) -> Result<Ground, String> {
        let dir = TempDir::new().map_err(|e| e.to_string())?;
        let database = match kind {
            Kind::Sqlite => None,
            Kind::Postgres => Some(Database::create()?),
        };
        Ok(Ground { dir, database })
    }

    /// Another one of the same kind.
    pub fn another(&self) -> Ground {
        let kind = if self.is_postgres() { Kind::Postgres } else { Kind::Sqlite };
        Ground::new(kind).expect("another database")
    }

    pub fn is_postgres(&self) -> bool {
        self.database.is_some()
    }

    /// The folder around the data.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn location(&self) -> Location {
        let database = self.database.as_ref().map(|d| d.url.clone());
        Location { database, ..Location::in_dir(self.path().join("data")) }
    }

    pub fn open(&self) -> Store {
        Store::open(&self.location()).expect("the store opens")
    }

    pub fn open_with(&self, suite: Suite) -> Store {
        Store::open(&Location { suite, ..self.location() }).expect("the store opens")
    }

    /// A connection past the store.
    pub fn raw(&self) -> Raw {
        match &self.database {
            Some(database) => Raw::postgres(&database.url).expect("connected"),
            None => {
                let connection = rusqlite::Connection::open(self.path().join("data/qianwan.db")).expect("opened");
                connection.busy_timeout(std::time::Duration::from_secs(20)).expect("set");
                Raw::Sqlite(connection)
            }
        }
    }
}

impl Database {
    /// Sorted as people of many languages expect, not by bytes: the store must come out the same.
    fn create() -> Result<Database, String> {
        let admin = postgres_url().ok_or_else(|| format!("{POSTGRES} is not set"))?;
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|e| e.to_string())?;
        let name = format!("qw_test_{}", hex::encode(random));
        let (base, options) = admin.split_once('?').map_or((admin.as_str(), ""), |(base, options)| (base, options));
        let server = base.rsplit_once('/').ok_or("a URL ends in the name of a database")?.0;
        let url = if options.is_empty() { format!("{server}/{name}") } else { format!("{server}/{name}?{options}") };
        let create = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'und' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        Raw::postgres(&admin)?.try_run(&create)?;
        Ok(Database { admin, name, url })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let dropped =
            Raw::postgres(&self.admin).and_then(|mut raw| raw.try_run(&format!("DROP DATABASE {} WITH (FORCE)", self.name)));
        if let Err(e) = dropped {
            eprintln!("database {} stays behind: {e}", self.name);
        }
    }
}

/// A connection past the store. Values come and go as text.
pub enum Raw {
    Sqlite(rusqlite::Connection),
    Postgres(tokio::runtime::Runtime, tokio_postgres::Client),
}

impl Raw {
    fn postgres(url: &str) -> Result<Raw, String> {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(|e| e.to_string())?;
        let (client, connection) =
            runtime.block_on(tokio_postgres::connect(url, tokio_postgres::NoTls)).map_err(|e| e.to_string())?;
        runtime.spawn(connection);
        Ok(Raw::Postgres(runtime, client))
    }

    pub fn try_run(&mut self, sql: &str) -> Result<(), String> {
        match self {
            Raw::Sqlite(connection) => connection.execute_batch(sql).map_err(|e| e.to_string()),
            Raw::Postgres(runtime, client) => runtime
                .block_on(client.batch_execute(sql))
                .map_err(|e| e.as_db_error().map_or(e.to_string(), |d| d.message().to_owned())),
        }
    }

    #[track_caller]
    pub fn run(&mut self, sql: &str) {
        self.try_run(sql).unwrap_or_else(|e| panic!("{sql}: {e}"));
    }

    /// Rows of a query that yields text.
    #[track_caller]
    pub fn texts(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        match self {
            Raw::Sqlite(connection) => {
                let mut statement = connection.prepare(sql).expect(sql);
                let width = statement.column_count();
                let row = |r: &rusqlite::Row| (0..width).map(|i| Ok(shown(r.get_ref(i)?))).collect::<rusqlite::Result<Vec<_>>>();
                statement.query_map([], row).expect(sql).collect::<Result<_, _>>().expect(sql)
            }
            Raw::Postgres(runtime, client) => {
                let found = runtime.block_on(client.simple_query(sql)).expect(sql);
                let rows =
                    found.iter().filter_map(|m| if let tokio_postgres::SimpleQueryMessage::Row(r) = m { Some(r) } else { None });
                rows.map(|r| (0..r.len()).map(|i| r.get(i).map(str::to_owned)).collect()).collect()
            }
        }
    }

    /// The first value of the first row.
    #[track_caller]
    pub fn one(&mut self, sql: &str) -> String {
        self.texts(sql).first().and_then(|r| r.first().cloned().flatten()).unwrap_or_else(|| panic!("nothing: {sql}"))
    }
}

fn shown(value: rusqlite::types::ValueRef) -> Option<String> {
    use rusqlite::types::ValueRef as V;
    match value {
        V::Null => None,
        V::Integer(n) => Some(n.to_string()),
        V::Real(n) => Some(n.to_string()),
        V::Text(t) => Some(String::from_utf8_lossy(t).into_owned()),
        V::Blob(b) => Some(hex::encode(b)),
    }
}
