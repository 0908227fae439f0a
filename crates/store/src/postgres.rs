//! PostgreSQL, for a city or a province: plain SQL, no extensions, arrays for everything that comes in bulk.

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use domain::basics::Value;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio::runtime::Runtime;
use tokio_postgres::{
    NoTls, Row,
    config::SslMode,
    types::{FromSql, IsNull, ToSql, Type, to_sql_checked},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::sql::*;

/// So long anybody waits for a connection, and a packet for being acknowledged: then the database is away.
const PATIENCE: Duration = Duration::from_secs(10);

const NO_ROOT: &str = "the database's URL asks for TLS: name the certificate to trust as well, with sslrootcert=FILE";

/// The database behind a URL.
pub struct Postgres {
    runtime: Arc<Runtime>,
    pool: Pool,
}

impl Postgres {
    /// Connects; by TLS where the URL names a root certificate (`sslrootcert=FILE`), and then in no other way.
    ///
    /// # Errors
    /// A bad URL, a root that cannot be read or does not vouch for whoever answers, or nobody answers.
    pub fn open(url: &str) -> Result<Postgres> {
        let (url, root) = without_root(url);
        let mut config: tokio_postgres::Config = url.parse()?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(PATIENCE);
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match (root, config.get_ssl_mode()) {
            (Some(root), _) => {
                config.ssl_mode(SslMode::Require);
                Manager::from_config(config, MakeRustlsConnect::new(trusting(&root)?), recycling)
            }
            // Encrypted for whoever answers would be for whoever stands in between.
            (None, SslMode::Require) => return Err(StoreError::Bad(NO_ROOT.into())),
            (None, _) => Manager::from_config(config, NoTls, recycling),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("postgres")
            .enable_all()
            .build()
            .map_err(StoreError::io("starting the connection threads"))?;
        let pool = Pool::builder(manager)
            .max_size(24)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .wait_timeout(Some(2 * PATIENCE))
            .create_timeout(Some(PATIENCE))
            .build()
            .map_err(|e| StoreError::Pool(e.to_string()))?;
        let db = Postgres { runtime: Arc::new(runtime), pool };
        drop(db.connect()?);
        Ok(db)
    }

    fn connect(&self) -> Result<PostgresConnection> {
        let (runtime, pool) = (self.runtime.clone(), self.pool.clone());
        let object = Some(lent(&runtime, &pool)?);
        Ok(PostgresConnection { runtime, pool, object, in_transaction: false })
    }
}

/// The URL without `sslrootcert`, which the driver does not know, and the file that it names.
fn without_root(url: &str) -> (String, Option<PathBuf>) {
    const NAME: &str = "sslrootcert=";
    let is_url = url.contains("://");
    let (before, options, between) = match (is_url, url.split_once('?')) {
        (true, Some((before, options))) => (format!("{before}?"), options, "&"),
        (true, None) => return (url.to_owned(), None),
        (false, _) => (String::new(), url, " "),
    };
    let mut root = None;
    let mut kept = Vec::new();
    for option in options.split(between) {
        match option.strip_prefix(NAME) {
            Some(path) => root = Some(PathBuf::from(path)),
            // Whoever names a root has the certificate and the name in it checked; libpq's words for that are taken as well.
            None => kept
                .push(option.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require")),
        }
    }
    (format!("{before}{}", kept.join(between)), root)
}

/// TLS that believes the certificates signed by those of a PEM file, for the name that was asked for.
fn trusting(root: &Path) -> Result<ClientConfig> {
    let bad = |why: String| StoreError::Bad(format!("sslrootcert {}: {why}", root.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root).map_err(|e| bad(e.to_string()))? {
        roots.add(certificate.map_err(|e| bad(e.to_string()))?).map_err(|e| bad(e.to_string()))?;
    }
    if roots.is_empty() {
        return Err(bad("no certificate in it".into()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(|e| bad(e.to_string()))?.with_root_certificates(roots).with_no_client_auth())
}

fn lent(runtime: &Runtime, pool: &Pool) -> Result<Object> {
    runtime.block_on(pool.get()).map_err(|e| match e {
        deadpool_postgres::PoolError::Backend(e) => StoreError::Postgres(e),
        other => StoreError::Pool(other.to_string()),
    })
}

impl Database for Postgres {
    fn reader(&self) -> Result<Box<dyn Sql + '_>> {
        Ok(Box::new(self.connect()?))
    }
    fn writer(&self) -> Result<Box<dyn Sql>> {
        Ok(Box::new(self.connect()?))
    }
    fn writers(&self) -> usize {
        4
    }
    fn copy_to(&self, _file: &Path) -> Result<()> {
        Err(StoreError::Bad("PostgreSQL is backed up with its own tools (pg_dump, pgBackRest)".into()))
    }
    fn tidy_up(&self) -> Result<bool> {
        Ok(false)
    }
    fn name(&self) -> &'static str {
        "postgresql"
    }
}

/// One connection of the pool.
pub struct PostgresConnection {
    runtime: Arc<Runtime>,
    pool: Pool,
    object: Option<Object>,
    in_transaction: bool,
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        if self.in_transaction {
            let _ = self.rollback();
        }
        // The object goes back to its pool from within the runtime that drives it.
        let _in_runtime = self.runtime.enter();
        drop(self.object.take());
    }
}

#[derive(Debug)]
struct Param<'a>(&'a Value);

/// PostgreSQL cannot hold a null character in a text; whoever sends one has asked badly.
fn checked(values: &[Value]) -> Result<Vec<Param<'_>>> {
    let null = values.iter().any(|v| matches!(v, Value::Text(t) if t.contains('\0')));
    if null { Err(StoreError::Bad("a text with a null character".into())) } else { Ok(values.iter().map(Param).collect()) }
}

impl ToSql for Param<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut tokio_postgres::types::private::BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(v) if *ty == Type::INT4 => i32::try_from(*v)?.to_sql(ty, out),
            Value::Int(v) => v.to_sql(ty, out),
            Value::Text(v) => v.to_sql(ty, out),
            Value::Bytes(v) => v.to_sql(ty, out),
        }
    }
    fn accepts(_: &Type) -> bool {
        true
    }
    to_sql_checked!();
}

/// A whole column of values, sent as one array.
#[derive(Debug)]
enum Column<'a> {
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

impl<'a> Column<'a> {
    fn of(kind: SqlType, cells: impl Iterator<Item = Cell<'a>>) -> Column<'a> {
        match kind {
            SqlType::Int => Column::Ints(cells.map(|c| if let Cell::Int(v) = c { Some(v) } else { None }).collect()),
            SqlType::Text => Column::Texts(cells.map(|c| if let Cell::Text(v) = c { Some(v) } else { None }).collect()),
            SqlType::Bytes => Column::Bytes(cells.map(|c| if let Cell::Bytes(v) = c { Some(v) } else { None }).collect()),
        }
    }
    fn param(&self) -> &(dyn ToSql + Sync) {
        match self {
            Column::Ints(v) => v,
            Column::Texts(v) => v,
            Column::Bytes(v) => v,
        }
    }
}

fn array(kind: SqlType) -> &'static str {
    match kind {
        SqlType::Int => "bigint[]",
        SqlType::Text => "text[]",
        SqlType::Bytes => "bytea[]",
    }
}

/// Whatever type a column has, as one of ours.
struct Any(Value);

impl<'a> FromSql<'a> for Any {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Any, Box<dyn Error + Sync + Send>> {
        Ok(Any(match *ty {
            Type::INT8 => Value::Int(i64::from_sql(ty, raw)?),
            Type::INT4 => Value::Int(i32::from_sql(ty, raw)?.into()),
            Type::BOOL => Value::Int(bool::from_sql(ty, raw)?.into()),
            Type::BYTEA => Value::Bytes(raw.to_vec()),
            _ => Value::Text(std::str::from_utf8(raw)?.to_owned()),
        }))
    }
    fn from_sql_null(_: &Type) -> Result<Any, Box<dyn Error + Sync + Send>> {
        Ok(Any(Value::Null))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

struct PostgresCells(Row);

impl Cells for PostgresCells {
    fn int(&self, i: usize) -> Result<i64> {
        match self.value(i)? {
            Value::Int(v) => Ok(v),
            Value::Null => Ok(0),
            other => Err(StoreError::Stored(format!("column {i} holds {other:?}, not a number"))),
        }
    }
    fn text(&self, i: usize) -> Result<&str> {
        Ok(self.0.try_get::<_, Option<&str>>(i)?.unwrap_or(""))
    }
    fn bytes(&self, i: usize) -> Result<&[u8]> {
        Ok(self.0.try_get(i)?)
    }
    fn value(&self, i: usize) -> Result<Value> {
        Ok(self.0.try_get::<_, Any>(i)?.0)
    }
}

impl PostgresConnection {
    fn client(&self) -> &Object {
        self.object.as_ref().expect("there until dropped")
    }

    /// A writer keeps its connection for ever; where the database has ended it meanwhile, another takes its place. Never
    /// within a transaction: that is lost with the connection, and whoever began it must be told.
    fn ready(&mut self) -> Result<()> {
        if !self.in_transaction && self.client().is_closed() {
            let object = lent(&self.runtime, &self.pool)?;
            let _in_runtime = self.runtime.enter();
            self.object = Some(object);
        }
        Ok(())
    }

    fn query_each(&self, sql: &str, params: &[&(dyn ToSql + Sync)], row: EachRow) -> Result<()> {
        let found = self.runtime.block_on(async {
            let statement = self.client().prepare_cached(sql).await?;
            self.client().query(&statement, params).await
        })?;
        found.into_iter().try_for_each(|r| row(&PostgresCells(r)))
    }
}

impl Sql for PostgresConnection {
    fn run(&mut self, sql: &str, params: &[Value]) -> Result<u64> {
        self.ready()?;
        let params = checked(params)?;
        let refs: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        Ok(self.runtime.block_on(async {
            let statement = self.client().prepare_cached(sql).await?;
            self.client().execute(&statement, &refs).await
        })?)
    }

    fn each(&mut self, sql: &str, params: &[Value], row: EachRow) -> Result<()> {
        self.ready()?;
        let params = checked(params)?;
        let refs: Vec<&(dyn ToSql + Sync)> = params.iter().map(|p| p as _).collect();
        self.query_each(sql, &refs, row)
    }

    fn script(&mut self, sql: &str) -> Result<()> {
        self.ready()?;
        let sql = self.dialect(sql);
        Ok(self.runtime.block_on(self.client().batch_execute(&sql))?)
    }

    fn insert_many(&mut self, insert: &Insert, rows: &[Vec<Cell>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.ready()?;
        let names: Vec<&str> = insert.columns.iter().map(|(name, _)| name.as_str()).collect();
        let arrays: Vec<String> =
            insert.columns.iter().enumerate().map(|(i, (_, kind))| format!("${}::{}", i + 1, array(*kind))).collect();
        let sql = format!(
            "INSERT INTO {} ({}) SELECT * FROM unnest({}){}",
            insert.table,
            names.join(", "),
            arrays.join(", "),
            conflict_clause(insert)
        );
        let columns: Vec<Column> =
            insert.columns.iter().enumerate().map(|(i, (_, kind))| Column::of(*kind, rows.iter().map(|r| r[i]))).collect();
        let params: Vec<&(dyn ToSql + Sync)> = columns.iter().map(Column::param).collect();
        self.runtime.block_on(async {
            let statement = self.client().prepare_cached(&sql).await?;
            self.client().execute(&statement, &params).await
        })?;
        Ok(())
    }

    fn by_keys(&mut self, table: &str, columns: &str, key: (&str, SqlType), keys: &[Value], row: EachRow) -> Result<()> {
        if keys.is_empty() {
            return Ok(());
        }
        self.ready()?;
        let sql = format!("SELECT {columns} FROM {table} WHERE {} = ANY($1::{})", key.0, array(key.1));
        let column = Column::of(key.1, keys.iter().map(Cell::from));
        self.query_each(&sql, &[column.param()], row)
    }

    fn begin(&mut self) -> Result<()> {
        self.ready()?;
        self.runtime.block_on(self.client().batch_execute("BEGIN"))?;
        self.in_transaction = true;
        Ok(())
    }
    fn commit(&mut self) -> Result<()> {
        self.in_transaction = false;
        Ok(self.runtime.block_on(self.client().batch_execute("COMMIT"))?)
    }
    fn rollback(&mut self) -> Result<()> {
        self.in_transaction = false;
        Ok(self.runtime.block_on(self.client().batch_execute("ROLLBACK"))?)
    }
    fn begin_read(&mut self) -> Result<()> {
        self.ready()?;
        self.runtime.block_on(self.client().batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))?;
        self.in_transaction = true;
        Ok(())
    }
    fn tidy_up(&mut self) -> Result<()> {
        Ok(())
    }
    fn lock_table(&mut self, table: &str) -> Result<()> {
        self.script(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    }
    fn lock_clause(&self) -> &'static str {
        " FOR UPDATE"
    }
    fn dialect(&self, sql: &str) -> String {
        // By bytes, whatever order of words the database was made with.
        sql.replace("{bytes}", "BYTEA").replace("{rowid}", "").replace("{text}", "TEXT COLLATE \"C\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_taken_out_of_the_url() {
        let root = |path: &str| Some(PathBuf::from(path));
        for (given, url, expected) in [
            ("postgres://a:b@c/d", "postgres://a:b@c/d", None),
            ("postgres://a:b@c/d?connect_timeout=3", "postgres://a:b@c/d?connect_timeout=3", None),
            ("postgres://c/d?sslrootcert=/e/root.pem", "postgres://c/d?", root("/e/root.pem")),
            (
                "postgres://c/d?sslmode=verify-full&sslrootcert=/e.pem&connect_timeout=3",
                "postgres://c/d?sslmode=require&connect_timeout=3",
                root("/e.pem"),
            ),
            ("host=c user=a sslrootcert=/e.pem sslmode=verify-ca", "host=c user=a sslmode=require", root("/e.pem")),
        ] {
            assert_eq!(without_root(given), (url.to_owned(), expected), "{given}");
            assert!(url.parse::<tokio_postgres::Config>().is_ok(), "{url}");
        }
    }

    #[test]
    fn tls_that_trusts_nobody_is_refused_before_anything_is_sent() {
        for (url, says) in [
            ("postgres://127.0.0.1:9/d?sslmode=require", "sslrootcert=FILE"),
            ("postgres://127.0.0.1:9/d?sslmode=verify-full", "sslrootcert=FILE"),
            ("postgres://127.0.0.1:9/d?sslrootcert=/nowhere/root.pem", "/nowhere/root.pem"),
            ("postgres://127.0.0.1:9/d?sslrootcert=/dev/null", "no certificate in it"),
        ] {
            let refused = Postgres::open(url).err().expect("refused").to_string();
            assert!(refused.contains(says), "{url}: {refused}");
        }
    }
}
