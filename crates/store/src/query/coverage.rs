//! Who came where and when: submissions counted by place and sender, for the coverage of campaigns.

use domain::{
    ViewId,
    basics::{AccountId, Day, FormId, PlaceId, Value},
};

use super::{Condition, Scope};
use crate::{Store, sql::*};

/// What one account or phone handed in at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visits {
    /// Where.
    pub place: PlaceId,
    /// Who; nobody where the programme itself or an import handed in.
    pub account: Option<AccountId>,
    /// How many submissions, those left out that were replaced by an edit.
    pub count: i64,
    /// Day of the first.
    pub first: Day,
    /// Day of the last.
    pub last: Day,
}

impl Store {
    /// Current submissions by place and sender; of one form or of all, from a day until a day.
    ///
    /// # Errors
    /// The database said no.
    pub fn visits(&self, scope: &Scope, form: Option<FormId>, from: Option<Day>, until: Option<Day>) -> Result<Vec<Visits>> {
        let table = self.table(ViewId::Submissions)?;
        let mut conditions = vec![Condition::OneOf("current".into(), vec![true.into()])];
        conditions.extend(form.map(|f| Condition::OneOf("form".into(), vec![f.to_string().into()])));
        conditions.extend(from.map(|d| Condition::From("received_on".into(), d.into())));
        conditions.extend(until.map(|d| Condition::UpTo("received_on".into(), d.into())));
        let w = self.conditions(ViewId::Submissions, scope, &conditions, "t")?;
        let query = format!(
            "SELECT t.c_place, t.c_account, count(*), min(t.c_received_on), max(t.c_received_on) FROM {table} t WHERE {} \
             GROUP BY t.c_place, t.c_account ORDER BY t.c_place, t.c_account",
            w.text
        );
        let stored = |what: &str| StoreError::Stored(format!("{what} of a submission"));
        let mut found = Vec::new();
        self.reader()?.each(&query, &w.params, &mut |r| {
            let account = match r.value(1)? {
                Value::Text(id) if !id.is_empty() => Some(id.parse().map_err(|_| stored("account"))?),
                _ => None,
            };
            found.push(Visits {
                place: PlaceId(r.int(0)?),
                account,
                count: r.int(2)?,
                first: r.text(3)?.parse().map_err(|_| stored("day"))?,
                last: r.text(4)?.parse().map_err(|_| stored("day"))?,
            });
            Ok(())
        })?;
        Ok(found)
    }
}
