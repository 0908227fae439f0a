//! Many people invited at once, from a workbook: looked at row by row by the rules that hold for one, then all of them or none,
//! or the good ones where the caller says so.
//!
//! A batch has an id that the caller chose; accounts and commands get theirs from it and from the name. The same batch sent
//! again makes nobody twice: whoever has not used his link gets another, because the first answer was lost.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use axum::http::header;
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    Command,
    basics::{AccountId, Actor, Capability, Context, Day, Department, PersonId, Post, Role, Text},
    duties,
    places::Place,
};
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;
use sha2::{Digest, Sha256};
use store::{NewInvitation, Outcome, Submission};
use uuid::Uuid;

use crate::{
    account_answers::{InvitationFinding, InvitationMade, InvitationProgress, InvitationRow, InvitationsAnswer, QrBits},
    account_events::AccountEvent,
    accounts::{INVITED_MS, coming, good_display, good_name, may_give, post_in_words},
    answer::{Answer, Problem},
    answers::PostHeld,
    ask::Ask,
    audit,
    export::{self, Table},
    my_account::unfit,
    public,
    rows::{Briefs, marked},
    sheets,
    wording::{Language, fill, text},
};

/// People in one workbook.
const PEOPLE_MAX: usize = 2_000;
/// Rows above the head: a title, the mark of a demonstration.
const ABOVE_MAX: usize = 5;
/// Findings that are told; beyond, only their number.
const FINDINGS_MAX: usize = 500;
/// Columns by their words, as the template has them.
const COLUMNS: [&str; 7] = ["display", "name", "role", "department", "place", "from", "phone"];
/// What must stand in the head.
const NEEDED: [&str; 4] = ["display", "name", "role", "place"];
/// Batches whose progress is told.
const BATCHES_MAX: usize = 200;

/// How far batches are, by account and batch.
#[derive(Default)]
pub struct Progress(Mutex<HashMap<(AccountId, Uuid), (u64, u64)>>);

impl Progress {
    fn say(&self, key: (AccountId, Uuid), done: usize, total: usize) {
        if let Ok(mut kept) = self.0.lock() {
            if kept.len() >= BATCHES_MAX && !kept.contains_key(&key) {
                kept.clear();
            }
            kept.insert(key, (done as u64, total as u64));
        }
    }
}

/// A row that was understood.
struct Person {
    row: u32,
    id: AccountId,
    name: String,
    display: String,
    post: Post,
    from: Day,
    phone: String,
    place: Place,
    /// Made by this batch before.
    known: bool,
}

/// What a workbook holds.
struct Checked {
    total: u64,
    people: Vec<Person>,
    findings: Vec<InvitationFinding>,
    unfit: HashSet<u32>,
}

/// The names of a column in both languages, and its word.
fn column_of(head: &str) -> Option<&'static str> {
    let plain = |t: &str| t.chars().filter(|c| !c.is_whitespace() && !"*＊".contains(*c)).collect::<String>().to_lowercase();
    let head = plain(head);
    let named = |column: &&str| {
        let names = [Language::Chinese, Language::English].map(|l| plain(&text(l, &format!("invitations.column.{column}"))));
        head == **column || names.contains(&head)
    };
    COLUMNS.into_iter().find(|column| named(column))
}

/// A word as people write it, in either language or as programs do.
fn meant<T: Copy>(given: &str, all: &[T], word: impl Fn(T) -> &'static str, of: &str) -> Option<T> {
    let given = given.trim().to_lowercase();
    let named = |value: &T| {
        let key = format!("{of}.{}", word(*value));
        given == word(*value) || [Language::Chinese, Language::English].iter().any(|l| text(*l, &key).to_lowercase() == given)
    };
    all.iter().copied().find(named)
}

/// A day as people write it: year, month and day, whatever stands between.
fn day_of(given: &str) -> Option<Day> {
    let parts: Vec<&str> = given.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty()).collect();
    let [year, month, day] = parts.as_slice() else { return None };
    let number = |text: &str| text.parse::<u32>().ok();
    format!("{:04}-{:02}-{:02}", number(year)?, number(month)?, number(day)?).parse().ok()
}

/// An id that is the same whenever this batch of the caller speaks of this name.
fn id_of(ask: &Ask, batch: Uuid, what: &str, name: &str) -> Result<Uuid, Problem> {
    let digest = Sha256::digest(format!("invitation {} {batch} {what} {name}", ask.caller()?.account.id));
    Ok(Uuid::new_v8(digest[..16].try_into().expect("sixteen bytes")))
}

/// The command that says that whoever is invited holds a post, and in whose name: by whoever invites, where he may appoint to it;
/// else as what comes with the account, with the name of whoever made it.
pub fn take_up(ask: &Ask, person: PersonId, place: &Place, post: Post, from: Day) -> Result<(Command, Actor), Problem> {
    let caller = ask.caller()?;
    let capability = if post.role.administers() { Capability::AccessAppoint } else { Capability::DutiesAppoint };
    let own = ask.may(capability, place)?;
    let document = if own { None } else { Text::new(&caller.account.name).ok() };
    let take_up = duties::Command::TakeUp { post, person, from, until: None, document, already: Vec::new() };
    Ok((Command::Duties(take_up), if own { caller.actor() } else { Actor::Import }))
}

struct Check<'a> {
    ask: &'a Ask,
    batch: Uuid,
    columns: HashMap<&'static str, usize>,
    places: HashMap<String, Option<Place>>,
    names: HashMap<String, u32>,
    heads: HashMap<Post, u32>,
    checked: Checked,
}

impl Check<'_> {
    fn finds(&mut self, row: u32, column: &'static str, problem: &Problem) {
        let language = self.ask.language;
        self.checked.unfit.insert(row);
        let (title, detail) = problem.words(language);
        self.checked.findings.push(InvitationFinding {
            row,
            column,
            column_name: text(language, &format!("invitations.column.{column}")),
            reason: problem.code.clone(),
            message: if detail.is_empty() { title } else { detail },
        });
    }

    fn place(&mut self, code: &str) -> Result<Option<Place>, Problem> {
        if let Some(known) = self.places.get(code) {
            return Ok(known.clone());
        }
        let found = match self.ask.app.store.place_by_code(code)? {
            Some(domain::Row::Places(place)) => Some(*place),
            _ => None,
        };
        self.places.insert(code.to_owned(), found.clone());
        Ok(found)
    }

    fn may_still(&self, post: Post) -> bool {
        self.ask.place(post.place).is_ok_and(|place| may_give(self.ask, &place, post).unwrap_or(false))
    }

    /// One row, by the rules that hold for one person: every finding is told, not the first alone.
    fn row(&mut self, row: u32, cells: &[String]) -> Result<(), Problem> {
        let columns = self.columns.clone();
        let cell = |column: &str| columns.get(column).and_then(|at| cells.get(*at)).map_or("", String::as_str);
        let (display, name, phone) = (cell("display"), cell("name"), cell("phone"));
        if !good_display(display) {
            self.finds(row, "display", &unfit("invitations/bad-display"));
        }
        let id = AccountId(id_of(self.ask, self.batch, "account", name)?);
        let mut known = false;
        if !good_name(name) {
            self.finds(row, "name", &unfit("sign-in/bad-name"));
        } else if let Some(first) = self.names.insert(name.to_owned(), row) {
            self.names.insert(name.to_owned(), first);
            self.finds(row, "name", &unfit("invitations/twice").arg("row", first));
        } else if let Some(taken) = self.ask.app.store.accounts().named(name)? {
            // Made by this batch, and nothing since then that the caller could not give.
            known = taken.account.id == id && coming(&taken, self.ask.today()).all(|h| self.may_still(h.post));
            if !known {
                self.finds(row, "name", &unfit("accounts/name-taken").arg("name", name));
            }
        }
        let role = meant(cell("role"), &Role::ALL, Role::word, "role");
        if role.is_none() {
            self.finds(row, "role", &unfit("invitations/no-role").arg("given", cell("role")));
        }
        let department = match cell("department") {
            "" => None,
            given => match meant(given, Department::ALL, Department::word, "department") {
                Some(department) => Some(department),
                None => {
                    self.finds(row, "department", &unfit("invitations/no-department").arg("given", given));
                    return Ok(());
                }
            },
        };
        if role.is_some_and(|role| department.is_some() != (role == Role::Department)) {
            self.finds(row, "department", &unfit("accounts/department"));
        }
        let place = self.place(cell("place"))?;
        // What is not there and what is not one's own look alike.
        let elsewhere = unfit("invitations/not-yours").arg("given", cell("place"));
        if place.is_none() {
            self.finds(row, "place", &elsewhere);
        }
        let from = match cell("from") {
            "" => Some(self.ask.today()),
            given => day_of(given),
        };
        if from.is_none() {
            self.finds(row, "from", &unfit("invitations/bad-day").arg("given", cell("from")));
        }
        let phone_fits = phone.len() <= 40 && phone.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c));
        if !phone_fits {
            self.finds(row, "phone", &unfit("invitations/bad-phone"));
        }
        let (Some(role), Some(place), Some(from)) = (role, place, from) else { return Ok(()) };
        let post = Post { place: place.id, role, department };
        if !may_give(self.ask, &place, post)? {
            self.finds(row, "place", &elsewhere);
        }
        if self.checked.unfit.contains(&row) {
            return Ok(());
        }
        if !known && let Some((column, refused)) = self.refused(row, id, &place, post, from)? {
            self.finds(row, column, &refused);
            return Ok(());
        }
        let (name, display, phone) = (name.to_owned(), display.trim().to_owned(), phone.to_owned());
        self.checked.people.push(Person { row, id, name, display, post, from, phone, place, known });
        Ok(())
    }

    /// What the rules of posts would answer.
    fn refused(
        &mut self,
        row: u32,
        id: AccountId,
        place: &Place,
        post: Post,
        from: Day,
    ) -> Result<Option<(&'static str, Problem)>, Problem> {
        let (command, actor) = take_up(self.ask, PersonId(id.0), place, post, from)?;
        let heads = post.role == Role::Head && actor != Actor::Import;
        let context = Context { now_ms: self.ask.now_ms, actor, command: id.0, fresh: id.0 };
        let refused = match self.ask.app.store.rehearse(&command, &context)? {
            None => None,
            Some(Outcome::Refused { code, args, english }) => Some(Problem::refused(code, args, english)),
            Some(_) => Some(Problem::forbidden()),
        };
        if let Some(problem) = refused {
            let column = match command.field(&problem.code) {
                Some("from") => "from",
                Some("post") => "role",
                _ => "place",
            };
            return Ok(Some((column, problem)));
        }
        // A post has one head, within the file as well.
        let first = *self.heads.entry(post).or_insert(row);
        Ok((heads && first != row).then(|| ("role", unfit("invitations/two-heads").arg("row", first))))
    }
}

/// Reads the workbook and looks at each row.
fn check(ask: &Ask, batch: Uuid) -> Result<Checked, Problem> {
    ask.app.limits.take(&format!("sheets {}", ask.caller()?.account.id), 60, 600_000, ask.now_ms).map_err(Problem::too_many)?;
    let rows = sheets::rows(&ask.body, PEOPLE_MAX + ABOVE_MAX + 1)?;
    let head = rows.iter().take(ABOVE_MAX + 1).position(|(_, cells)| {
        let found: Vec<_> = cells.iter().filter_map(|c| column_of(c)).collect();
        NEEDED.iter().all(|needed| found.contains(needed))
    });
    let names = |words: &[&str]| {
        let name = |column: &&str| text(ask.language, &format!("invitations.column.{column}"));
        words.iter().map(name).collect::<Vec<_>>().join(" · ")
    };
    let head = head.ok_or_else(|| unfit("invitations/no-head").arg("columns", names(&NEEDED)))?;
    let columns = rows[head].1.iter().enumerate().filter_map(|(at, cell)| Some((column_of(cell)?, at))).collect();
    let people = &rows[head + 1..];
    if people.len() > PEOPLE_MAX {
        return Err(unfit("sheets/too-many-rows").arg("max", PEOPLE_MAX));
    }
    if people.is_empty() {
        return Err(unfit("invitations/nobody"));
    }
    let checked = Checked { total: people.len() as u64, people: Vec::new(), findings: Vec::new(), unfit: HashSet::new() };
    let (places, names, heads) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut check = Check { ask, batch, columns, places, names, heads, checked };
    let key = (ask.caller()?.account.id, batch);
    for (n, (row, cells)) in people.iter().enumerate() {
        if n % 50 == 0 {
            ask.app.invitations.say(key, n, people.len() * 2);
        }
        check.row(*row, cells)?;
    }
    Ok(check.checked)
}

fn batch(ask: &Ask) -> Result<Uuid, Problem> {
    ask.need("batch")
}

fn rows_told(ask: &Ask, people: &[Person]) -> Result<Vec<InvitationRow>, Problem> {
    let places: Vec<_> = people.iter().map(|p| p.place.id).collect();
    let briefs = Briefs::load(ask, &places)?;
    let told = |p: &Person| {
        let held = PostHeld { place: briefs.get(p.place.id)?, role: p.post.role, department: p.post.department };
        let post = post_in_words(ask, &held);
        Some(InvitationRow { row: p.row, display: p.display.clone(), name: p.name.clone(), post, from: p.from })
    };
    Ok(people.iter().filter_map(told).collect())
}

fn answer(ask: &Ask, checked: Checked, made: Vec<InvitationMade>, sheet: Option<String>) -> Result<Answer, Problem> {
    let (good, bad) = (checked.people.len() as u64, checked.unfit.len() as u64);
    let people = if made.is_empty() { rows_told(ask, &checked.people)? } else { Vec::new() };
    let mut findings = checked.findings;
    findings.truncate(FINDINGS_MAX);
    Ok(Answer::json(&marked(ask, json!(InvitationsAnswer { total: checked.total, good, bad, findings, people, made, sheet }))))
}

/// `POST /api/accounts/invitations/check?batch=`: what would happen. Writes nothing.
pub fn preview(ask: &Ask) -> Result<Answer, Problem> {
    let checked = check(ask, batch(ask)?)?;
    answer(ask, checked, Vec::new(), None)
}

/// `GET /api/accounts/invitations?batch=`: how far a batch of one's own is.
pub fn progress(ask: &Ask) -> Result<Answer, Problem> {
    let batch = ask.param("batch").and_then(|b| b.parse().ok()).unwrap_or_default();
    let key = (ask.caller()?.account.id, batch);
    let known = ask.app.invitations.0.lock().ok().and_then(|kept| kept.get(&key).copied());
    let (done, total) = known.unwrap_or_default();
    Ok(Answer::json(&marked(ask, json!(InvitationProgress { done, total }))))
}

/// `POST /api/accounts/invitations?batch=&only_good=1`: makes the accounts and answers with their links, once.
pub fn invite(ask: &Ask) -> Result<Answer, Problem> {
    let (batch, only_good) = (batch(ask)?, ask.param("only_good") == Some("1"));
    let mut checked = check(ask, batch)?;
    if checked.people.is_empty() || !(checked.findings.is_empty() || only_good) {
        return answer(ask, checked, Vec::new(), None);
    }
    let key = (ask.caller()?.account.id, batch);
    let total = checked.people.len();
    let origin = public::origin(ask)?;
    let expires_ms = ask.now_ms + INVITED_MS;
    let new = |p: &Person| NewInvitation { id: p.id, name: p.name.clone(), display: p.display.clone(), place: p.place.id };
    let people: Vec<NewInvitation> = checked.people.iter().map(new).collect();
    let invited = match ask.app.store.accounts().invite(&people, expires_ms, ask.now_ms) {
        Ok(invited) => invited,
        // Somebody else was faster with a name: it is told row by row.
        Err(e) => {
            let again = check(ask, batch)?;
            let unchanged = again.people.len() == total;
            return if unchanged { Err(e.into()) } else { answer(ask, again, Vec::new(), None) };
        }
    };
    ask.app.invitations.say(key, total, total * 2);
    // Handed in all at once, so that the writer takes hundreds with one commit.
    let (send, receive) = std::sync::mpsc::channel();
    for (at, person) in checked.people.iter().enumerate() {
        let (command, actor) = take_up(ask, PersonId(person.id.0), &person.place, person.post, person.from)?;
        let id = id_of(ask, batch, "post", &person.name)?;
        let context = Context { now_ms: ask.now_ms, actor, command: id, fresh: id };
        let send = send.clone();
        ask.app.store.submit(Submission { command, context }, move |answer| {
            let _ = send.send((at, answer));
        });
    }
    drop(send);
    let mut refused: Vec<(u32, Problem)> = Vec::new();
    for (done, (at, answer)) in receive.iter().enumerate() {
        if done % 50 == 0 {
            ask.app.invitations.say(key, total + done, total * 2);
        }
        match crate::command::accepted(answer?) {
            Ok(_) => {}
            // Given before by an earlier try, on another day: it stands as it was given.
            Err(problem) if checked.people[at].known && problem.code == "command-id-reused" => {}
            Err(problem) => refused.push((checked.people[at].row, problem)),
        }
    }
    let mut notes = Vec::new();
    for (person, invited) in checked.people.iter().zip(&invited) {
        let made = invited.fresh.then_some(AccountEvent::AccountCreated);
        let link = invited.token.as_ref().map(|_| AccountEvent::LinkMade { invitation: true });
        notes.extend([made, link].into_iter().flatten().map(|event| (person.id, person.name.as_str(), person.place.id, event)));
    }
    // Known before the links leave, or they do not leave.
    audit::account_events(ask, &notes)?;
    let told = rows_told(ask, &checked.people)?;
    let mut made = Vec::with_capacity(total);
    for ((told, invited), person) in told.into_iter().zip(invited).zip(&checked.people) {
        let url = invited.token.map(|token| format!("{origin}/link?token={token}"));
        let qr = url.as_deref().map(bits).transpose()?;
        made.push(InvitationMade { person: told, phone: person.phone.clone(), url, expires_ms, qr });
    }
    for (row, problem) in refused {
        let (title, detail) = problem.words(ask.language);
        let column_name = text(ask.language, "invitations.column.role");
        let message = if detail.is_empty() { title } else { detail };
        checked.findings.push(InvitationFinding { row, column: "role", column_name, reason: problem.code, message });
    }
    let sheet = STANDARD.encode(slips(ask, &made)?);
    ask.app.invitations.say(key, total * 2, total * 2);
    Ok(answer(ask, checked, made, Some(sheet))?.with(header::CACHE_CONTROL, "no-store"))
}

/// A link to be scanned: dark and light by rows, as bits.
fn bits(url: &str) -> Result<QrBits, Problem> {
    let code = QrCode::with_error_correction_level(url, EcLevel::M).map_err(|e| Problem::accident(format!("QR: {e}")))?;
    let mut bytes = vec![0_u8; (code.width() * code.width()).div_ceil(8)];
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            bytes[at / 8] |= 0x80 >> (at % 8);
        }
    }
    Ok(QrBits { width: code.width() as u32, bits: hex::encode(bytes) })
}

fn accident(e: rust_xlsxwriter::XlsxError) -> Problem {
    Problem::accident(format!("XLSX: {e}"))
}

/// The links as a workbook, one line a person.
fn slips(ask: &Ask, made: &[InvitationMade]) -> Result<Vec<u8>, Problem> {
    let column = |name: &str| text(ask.language, &format!("invitations.column.{name}"));
    let head = ["display", "name", "post", "phone", "link", "until"].map(column).to_vec();
    let row = |m: &InvitationMade| {
        let link = m.url.clone().unwrap_or_else(|| text(ask.language, "invitations.has_password"));
        let until = m.url.as_ref().map(|_| Day::of_ms(m.expires_ms).to_string()).unwrap_or_default();
        [m.person.display.clone(), m.person.name.clone(), m.person.post.clone(), m.phone.clone(), link, until]
            .map(Into::into)
            .to_vec()
    };
    export::xlsx(ask, "accounts", &Table { head, rows: made.iter().map(row).collect() }).map_err(accident)
}

/// `GET /api/accounts/invitations/template.xlsx`: an empty workbook with the columns, and a sheet that says what goes where.
pub fn template(ask: &Ask) -> Result<Answer, Problem> {
    let bytes = template_of(ask.language).map_err(accident)?;
    let answer = Answer::bytes("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes);
    Ok(answer.with(header::CONTENT_DISPOSITION, "attachment; filename=\"qianwan-invitations.xlsx\""))
}

fn template_of(language: Language) -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    use rust_xlsxwriter::{Format, Workbook};
    let say = |key: &str| text(language, key);
    let mut book = Workbook::new();
    let bold = Format::new().set_bold();
    // Codes and telephones are words: a spreadsheet would drop their zeros.
    let words = Format::new().set_num_format("@");
    let sheet = book.add_worksheet();
    sheet.set_name(say("invitations.sheet"))?;
    for (at, column) in (0_u16..).zip(COLUMNS) {
        sheet.set_column_format(at, &words)?;
        sheet.set_column_width(at, 18)?;
        let mark = if NEEDED.contains(&column) { "*" } else { "" };
        sheet.write_with_format(0, at, format!("{}{mark}", say(&format!("invitations.column.{column}"))), &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    let about = book.add_worksheet();
    about.set_name(say("invitations.about"))?;
    about.set_column_width(0, 18)?.set_column_width(1, 80)?;
    let mut line = 0;
    let mut write = |name: String, what: String| -> Result<(), rust_xlsxwriter::XlsxError> {
        about.write_with_format(line, 0, name, &bold)?;
        about.write(line, 1, what)?;
        line += 1;
        Ok(())
    };
    for column in COLUMNS {
        write(say(&format!("invitations.column.{column}")), say(&format!("invitations.about.{column}")))?;
    }
    let roles: Vec<String> = Role::ALL.iter().map(|r| say(&format!("role.{}", r.word()))).collect();
    let departments: Vec<String> = Department::ALL.iter().map(|d| say(&format!("department.{}", d.word()))).collect();
    write(say("invitations.column.role"), roles.join(" · "))?;
    write(say("invitations.column.department"), departments.join(" · "))?;
    write(say("invitations.limits"), fill(language, "invitations.about.limits", &[("max", PEOPLE_MAX.to_string())]))?;
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_roles_and_days_in_both_languages() {
        for (head, column) in
            [("姓名", "display"), (" 用户名* ", "name"), ("Sign-in name", "name"), ("place code", "place"), ("from", "from")]
        {
            assert_eq!(column_of(head), Some(column), "{head}");
        }
        assert_eq!(column_of("备注"), None);
        for (given, role) in [
            ("村干部", Some(Role::Village)),
            ("Village official", Some(Role::Village)),
            ("village", Some(Role::Village)),
            ("村长", None),
            ("", None),
        ] {
            assert_eq!(meant(given, &Role::ALL, Role::word, "role"), role, "{given}");
        }
        let day = "2026-11-03".parse().ok();
        for given in ["2026-11-03", "2026/11/3", "2026.11.3", "2026年11月3日"] {
            assert_eq!(day_of(given), day, "{given}");
        }
        for given in ["", "11-03", "2026-13-01", "2026-02-30", "明天", "46349"] {
            assert_eq!(day_of(given), None, "{given}");
        }
    }

    #[test]
    fn the_template_reads_as_its_own_columns() {
        for language in [Language::Chinese, Language::English] {
            let rows = sheets::rows(&template_of(language).expect("a workbook"), 10).expect("read");
            let found: Vec<_> = rows[0].1.iter().filter_map(|c| column_of(c)).collect();
            assert_eq!((rows.len(), found.as_slice()), (1, &COLUMNS[..]));
        }
    }
}
