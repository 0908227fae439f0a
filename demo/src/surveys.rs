//! Surveys: the county's form to go round villages with, tried by inspectors, then sent to every village in a campaign a year.
//! Townships and inspectors go, not everywhere; some answers do not fit and are asked after. The last campaign is under way on
//! the day on which the demo is looked at.
//!
//! The form and what becomes of its answers are files in `forms/`; what the server works out at the door of a form or a filled
//! form is worked out here by the same functions.

use std::collections::BTreeMap;

use domain::{
    basics::{CampaignId, Day, FileHash, FormId, PlaceId, Post, ProblemId, Role, SubmissionId},
    campaigns::{self, Adds, Assignee, Load, Plan},
    problems::{Field, Photo},
    rules::{self, Rule},
    surveys::{self, Attached, Command, FoundPhoto, Mapping, MappingOutcome, Tried, Verdict},
};
use jiff::{Timestamp, tz};
use store::{NewFile, StoreError};
use xforms::{
    evaluation::Assessor,
    form::{Attachments, DataType, Form},
    xlsform,
};

use crate::{
    Error, Result, Room,
    people::Who,
    problems::What,
    random::Random,
    words::WORDS,
    world::{By, Found, World, text},
};

/// The form, as the programme office writes it.
pub const FORM: &str = include_str!("../forms/village_visit_demo.csv");
/// What becomes of its answers.
pub const MAPPING: &str = include_str!("../forms/village_visit_demo.mapping.json");
/// Asks what is counted in every village once a year.
const KNOWN: &str = "/data/village/households_resident";
/// Villages in which the form is tried first.
const TRIALS: usize = 8;
/// How long a campaign goes on.
const CAMPAIGN_DAYS: i64 = 45;
/// Every so many days villages are visited.
const VISITS_EVERY: i64 = 5;
/// How long before the last day the last one began.
const UNDER_WAY_DAYS: i64 = 18;

/// Something that is going to happen.
#[derive(Debug, Clone)]
enum Step {
    /// The form is brought, offered, and it is written down what becomes of its answers.
    Offer,
    /// Answers become facts from now on.
    SwitchOn,
    /// A campaign is opened.
    Open {
        until: Day,
        /// To this share of the townships, as a part of this many.
        one_in: usize,
    },
    Close(CampaignId),
    Visit {
        village: usize,
        who: Who,
        /// Whether the answers go into a trial.
        trial: bool,
    },
    Review {
        filled: usize,
        verdict: Verdict,
        note: &'static str,
    },
    /// It is put right by whoever handed it in.
    Edit(usize),
}

/// The form as it is offered.
struct Offered {
    id: FormId,
    assessor: Assessor<Form, Attachments>,
    mapping: Mapping,
    /// Whether answers become facts.
    on: bool,
}

/// A filled form that was handed in.
#[derive(Debug, Clone)]
struct Filled {
    id: SubmissionId,
    instance: String,
    answers: Answers,
    village: usize,
    who: Who,
    photo: Option<Attached>,
    /// What follows from it.
    outcome: MappingOutcome,
    /// The problem that it tells of.
    told: Option<What>,
    doubtful: bool,
    applied: bool,
}

/// What is written into the form.
#[derive(Debug, Clone)]
struct Answers {
    code: u64,
    households: i64,
    /// Where, if it was noted.
    gps: Option<String>,
    toilets: i64,
    sorting: i64,
    public_toilets: i64,
    public_toilets_ok: i64,
    rubbish: i64,
    /// Topic and words.
    problem: Option<(Field, String)>,
    photo: Option<String>,
    remarks: Option<String>,
}

/// The room.
pub struct Surveys {
    random: Random,
    steps: BTreeMap<Day, Vec<Step>>,
    form: Option<Offered>,
    filled: Vec<Filled>,
}

impl Surveys {
    /// When the form comes and when there are campaigns; nothing where there are hardly two months.
    pub fn plan(seed: u64, world: &World) -> Surveys {
        let scale = &world.scale;
        let mut room = Surveys { random: Random::new(seed, "surveys"), steps: BTreeMap::new(), form: None, filled: Vec::new() };
        if scale.days() < 60 {
            return room;
        }
        let offered = scale.first.plus(scale.days() / 3);
        room.later(offered, Step::Offer);
        for n in 0..TRIALS {
            let (village, inspectors) = (room.random.index(world.county.villages.len()), &world.people.inspectors);
            let who = inspectors[n % inspectors.len()];
            let day = offered.plus(1 + VISITS_EVERY * room.random.between(0, 2));
            room.later(day, Step::Visit { village, who, trial: true });
        }
        let on = offered.plus(14);
        room.later(on, Step::SwitchOn);
        // In the first year to one half of the townships, then to all.
        for (years_before, one_in) in [(1, 2), (0, 1)] {
            let from = scale.last.plus(-UNDER_WAY_DAYS - 365 * years_before);
            if from.plus(-4) > on {
                room.later(from.plus(-4), Step::Open { until: from.plus(CAMPAIGN_DAYS), one_in });
            }
        }
        room
    }

    fn later(&mut self, day: Day, step: Step) {
        self.steps.entry(day).or_default().push(step);
    }

    fn act(&self, world: &mut World, by: By, command: Command) -> Result<()> {
        world.act(by, domain::Command::Surveys(command)).map(drop)
    }

    // The form

    fn offer(&mut self, world: &mut World) -> Result<()> {
        let (office, place) = (By::Account(world.people.office), world.county.id);
        let made = xlsform::convert(FORM.as_bytes(), xlsform::Kind::Csv, "form")
            .map_err(|_| Error::Words("the form does not convert"))?;
        let xml = made.xform.as_bytes();
        let head = surveys::form_head(xml).map_err(|_| Error::Words("the form cannot be read"))?;
        let form = Form::read(xml).form.ok_or(Error::Words("the form holds what is not understood"))?;
        let (id, version) = (FormId::at(place, &head.form_id), head.version.clone());
        let file = keep(world, &[&made.xform])?.remove(0);
        self.act(world, office, Command::Upload { place, file, head: Some(head) })?;
        // In every village they were counted within the year.
        let (known, again) = (vec![text(KNOWN)?], Some(text(&WORDS.surveys.again)?));
        self.act(world, office, Command::Publish { form: id, version, known, again })?;
        let mapping: Mapping = serde_json::from_str(MAPPING).map_err(|_| Error::Words("the mapping cannot be read"))?;
        let asks = |path: &surveys::Path| form.fields.iter().any(|f| f.path == path.as_str());
        let unknown = mapping.paths().into_iter().map(|(_, path)| path).filter(|path| !asks(path)).cloned().collect();
        self.act(world, office, Command::Map { form: id, mapping: mapping.clone(), unknown })?;
        let attachments = Attachments::read(&form, |_| None);
        self.form = Some(Offered { id, assessor: Assessor::new(form, attachments), mapping, on: false });
        Ok(())
    }

    /// Tried on what inspectors have brought, which becomes facts too.
    fn switch_on(&mut self, world: &mut World) -> Result<()> {
        let Some(form) = &mut self.form else { return Ok(()) };
        form.on = true;
        let id = form.id;
        let mut tried = Tried::default();
        let past: Vec<usize> = (0..self.filled.len()).collect();
        for filled in &past {
            tried.count(&self.filled[*filled].outcome);
        }
        let office = By::Account(world.people.office);
        self.act(world, office, Command::SwitchMapping { form: id, on: true, past: true, tried: Some(tried) })?;
        for filled in past {
            self.apply(world, filled)?;
        }
        Ok(())
    }

    // Campaigns

    /// Every village of some townships is to be visited once, by its township; three that are run worst by an inspector.
    fn open(&mut self, world: &mut World, until: Day, one_in: usize) -> Result<()> {
        let Some(form) = &self.form else { return Ok(()) };
        let (county, office) = (world.county.id, By::Account(world.people.office));
        let from = until.plus(-CAMPAIGN_DAYS);
        let title = text(&WORDS.surveys.campaign.replace("{year}", &from.0.year().to_string()))?;
        let townships = world.county.townships.len().div_ceil(one_in);
        let goes_to: Vec<PlaceId> = world.county.townships.iter().take(townships).map(|t| t.id).collect();
        let villages = &world.county.villages;
        let mut there: Vec<usize> =
            (0..villages.len()).filter(|n| villages[*n].closed.is_none() && villages[*n].township < townships).collect();
        let adds = Some(asks(form.assessor.form(), from, until, there.len() as u32));
        let command = campaigns::Command::Open {
            place: county,
            form: form.id,
            title,
            from,
            until,
            places: if one_in == 1 { Vec::new() } else { goes_to.clone() },
            minutes: None,
            over_cap: None,
            adds,
        };
        let campaign = CampaignId(world.act(office, domain::Command::Campaigns(command))?);
        let assign = |world: &mut World, places: Vec<PlaceId>, to| {
            world.act(office, domain::Command::Campaigns(campaigns::Command::Assign { campaign, places, to })).map(drop)
        };
        for place in goes_to {
            assign(world, vec![place], Assignee::Post { post: Post::new(place, Role::Township) })?;
        }
        let share = world.share_1000();
        there.sort_by_key(|n| world.county.villages[*n].diligence(share));
        let (inspector, worst) = (world.people.inspectors[0], there.iter().copied().take(3).collect::<Vec<_>>());
        let places = worst.iter().map(|n| world.county.villages[*n].id).collect();
        assign(world, places, Assignee::Person { person: world.people.person(inspector) })?;
        for village in there {
            let township = world.county.villages[village].township;
            // Not everybody gets round to every village.
            let gets_round = 780 + world.county.townships[township].head_answers / 6;
            let goes = self.random.chance(gets_round);
            // Everybody goes on the same days, several villages a day.
            let on = from.plus(VISITS_EVERY * self.random.between(0, CAMPAIGN_DAYS / VISITS_EVERY));
            let who = if worst.contains(&village) { inspector } else { world.people.townships[township] };
            if goes {
                self.later(on, Step::Visit { village, who, trial: false });
            }
        }
        self.later(until.plus(3), Step::Close(campaign));
        Ok(())
    }

    fn close(&self, world: &mut World, campaign: CampaignId) -> Result<()> {
        let (office, reason) = (By::Account(world.people.office), text(&WORDS.surveys.closed)?);
        world.act(office, domain::Command::Campaigns(campaigns::Command::Close { campaign, reason })).map(drop)
    }

    // Visits

    fn visit(&mut self, world: &World, day: Day, village: usize, who: Who, trial: bool) -> Option<Visit> {
        if self.form.is_none() || world.county.villages[village].closed.is_some() {
            return None;
        }
        let (mut answers, told) = self.look_round(world, village);
        // Some misunderstand a question, and the form says so. Whoever opens the demo finds some that nobody has looked at.
        let recent = world.scale.last.days_since(day) < 4;
        let doubtful = !trial && self.random.chance(if recent { 300 } else { 90 });
        if doubtful {
            answers.toilets = answers.households + self.random.between(3, 40);
        }
        Some(Visit { village, who, answers, told, doubtful, looked_at: !trial, edits: None })
    }

    /// What the office makes of it some days later.
    fn plan_review(&mut self, day: Day, filled: usize) {
        let words = &WORDS.surveys;
        let review = |verdict, note: &'static str| Step::Review { filled, verdict, note };
        let on = day.plus(self.random.between(4, 9));
        let doubtful = self.filled.iter().filter(|f| f.doubtful).count();
        match (self.filled[filled].doubtful, doubtful % 4, filled % 60) {
            (true, 3, _) => self.later(on, review(Verdict::Approved, &words.approved_doubt)),
            (true, nth, _) => {
                let note = self.random.line(&words.issues);
                self.later(on, review(Verdict::HasIssues, note));
                // Some never answer.
                if nth != 2 {
                    let then = on.plus(self.random.between(1, 6));
                    self.later(then, Step::Edit(filled));
                }
            }
            (false, _, 9 | 24 | 39 | 54) => {
                let note = self.random.line(&words.approved);
                self.later(on, review(Verdict::Approved, note));
            }
            (false, _, 19) => {
                self.later(on, review(Verdict::HasIssues, &words.recount));
                self.later(on.plus(2), Step::Edit(filled));
            }
            (false, ..) => {}
        }
    }

    /// What is to be seen in a village: the better it is run, the more is in order.
    fn look_round(&mut self, world: &World, village: usize) -> (Answers, Option<What>) {
        let v = &world.county.villages[village];
        let run = v.diligence(world.share_1000());
        let households = v.resident.max(1);
        let share = |percent: i64| households * percent.clamp(0, 100) / 100;
        let random = &mut self.random;
        let toilets = share(68 + run * 28 / 100 + random.between(-5, 4));
        let sorting = share(run * 85 / 100 + random.between(-12, 10));
        let public_toilets = 1 + households / 260;
        let broken = i64::from(random.chance((110 - run) * 5));
        let rubbish = ((95 - run) / 9 + random.between(-2, 4)).max(0);
        let told = random.chance((120 - run) * 3).then(|| {
            let kinds: Vec<i64> =
                WORDS.problems.iter().map(|kind| if topic(kind.field).is_some() { kind.weight } else { 0 }).collect();
            let kind = random.weighted(&kinds);
            What::draw(random, kind)
        });
        let gps = random.chance(850).then(|| {
            let at = v.near(random, 200);
            format!("{} {} 0 {}", degrees(at.lat_e7), degrees(at.lon_e7), random.between(4, 15))
        });
        let problem = told.as_ref().map(|what| (what.field(), what.told(random)));
        let photo = (problem.is_some() && random.chance(600)).then(|| format!("{}.png", random.between(1_000_000, 9_999_999)));
        let remarks = random.chance(180).then(|| random.line(&WORDS.surveys.remarks).to_owned());
        let answers = Answers {
            code: v.code,
            households,
            gps,
            toilets,
            sorting,
            public_toilets,
            public_toilets_ok: public_toilets - broken,
            rubbish,
            problem,
            photo,
            remarks,
        };
        (answers, told)
    }

    /// Hands in what was filled in on a day; what follows from it becomes facts at once.
    fn hand_in(&mut self, world: &mut World, day: Day, visits: Vec<Visit>) -> Result<()> {
        let mut written = Vec::new();
        for visit in visits {
            let instance = format!("uuid:{}", world.fresh());
            let end = world.now_ms() - self.random.between(5, 6 * 60) * 60_000;
            let begin = end - self.random.between(6 * 60, 26 * 60) * 1000;
            let before = visit.edits.map(|n| self.filled[n].instance.as_str());
            let xml = visit.answers.xml((begin, end), day, &instance, before);
            written.push((visit, instance, xml));
        }
        let files = keep(world, &written.iter().map(|(_, _, xml)| xml.as_str()).collect::<Vec<_>>())?;
        for ((visit, instance, xml), file) in written.into_iter().zip(files) {
            let (looked_at, doubtful) = (visit.looked_at, visit.doubtful);
            self.submit(world, day, visit, instance, &xml, file)?;
            let filled = self.filled.len() - 1;
            if looked_at {
                self.plan_review(day, filled);
            }
            if !doubtful {
                self.apply(world, filled)?;
            }
        }
        Ok(())
    }

    fn submit(&mut self, world: &mut World, day: Day, visit: Visit, instance: String, xml: &str, file: FileHash) -> Result<()> {
        let Visit { village, who, answers, told, doubtful, .. } = visit;
        let Some(form) = &self.form else { return Err(Error::Words("there is no form yet")) };
        let read = form.assessor.form();
        let questions = read.fields.iter().filter(|f| f.bind.data_type == DataType::Binary).map(|f| f.path.clone());
        let head = surveys::submission_head(xml.as_bytes(), &questions.collect::<Vec<_>>())
            .map_err(|_| Error::Words("a filled form cannot be read"))?;
        let looked = surveys::look(&form.assessor, xml.as_bytes(), world.now_ms());
        let evaluation = looked.evaluation.ok_or(Error::Words("a filled form is none of this form"))?;
        let outcome = form.mapping.outcome(&surveys::answered(read, evaluation), day);
        let id = SubmissionId::of(form.id, &head.instance);
        let photo = match (&answers.photo, &answers.problem) {
            (Some(name), Some((field, _))) => Some(Attached { name: text(name)?, file: world.photos.before(*field) }),
            _ => None,
        };
        let command = Command::Submit {
            // Townships hand in at home, inspectors at the county; the village is named by its code.
            place: world.people.home(who),
            file,
            head: Some(head),
            files: photo.iter().cloned().collect(),
            device: None,
            about: Some(world.county.villages[village].id),
            checked: Some(Box::new(looked.checked)),
        };
        self.act(world, By::Account(who), command)?;
        self.filled.push(Filled { id, instance, answers, village, who, photo, outcome, told, doubtful, applied: false });
        Ok(())
    }

    /// As the server does it as soon as a submission is ready for it.
    fn apply(&mut self, world: &mut World, n: usize) -> Result<()> {
        if self.form.as_ref().is_none_or(|form| !form.on)
            || self.filled[n].applied
            || world.county.villages[self.filled[n].village].closed.is_some()
        {
            return Ok(());
        }
        let filled = &mut self.filled[n];
        filled.applied = true;
        let outcome = filled.outcome.clone();
        let found = |a: &Attached| FoundPhoto {
            name: a.name.clone(),
            photo: Photo { file: a.file.clone(), taken_ms: None, position: None },
        };
        let photos = filled.photo.iter().map(found).collect();
        if let Some(what) = filled.told.take() {
            world.found.push(Found { id: ProblemId::found(filled.id, 0), village: filled.village, what, who: filled.who });
        }
        let submission = filled.id;
        self.act(world, By::System, Command::Apply { submission, outcome, photos })
    }

    fn review(&mut self, world: &mut World, filled: usize, verdict: Verdict, note: &str) -> Result<()> {
        let village = self.filled[filled].village;
        if world.county.villages[village].closed.is_some() {
            return Ok(());
        }
        let (submission, note) = (self.filled[filled].id, Some(text(note)?));
        self.act(world, By::Account(world.people.office), Command::Review { submission, verdict, note })?;
        if verdict == Verdict::Approved { self.apply(world, filled) } else { Ok(()) }
    }

    /// The same once more, with the figure put right that was asked after. What it told of otherwise was told before.
    fn edit(&mut self, world: &World, n: usize) -> Option<Visit> {
        let Filled { village, who, mut answers, told, doubtful, applied, .. } = self.filled[n].clone();
        if world.county.villages[village].closed.is_some() {
            return None;
        }
        match doubtful {
            true => answers.toilets = answers.households * self.random.between(78, 97) / 100,
            false => answers.rubbish += self.random.between(2, 6),
        }
        if applied {
            (answers.problem, answers.photo) = (None, None);
        }
        Some(Visit { village, who, answers, told, doubtful: false, looked_at: false, edits: Some(n) })
    }
}

/// A visit that is written down.
struct Visit {
    village: usize,
    who: Who,
    answers: Answers,
    told: Option<What>,
    doubtful: bool,
    /// Whether the office looks at it later.
    looked_at: bool,
    /// The filled form that it replaces.
    edits: Option<usize>,
}

impl Answers {
    /// The filled form, as an app writes it.
    fn xml(&self, (begin, end): (i64, i64), day: Day, instance: &str, edits: Option<&str>) -> String {
        let element = |name: &str, value: &str| {
            if value.is_empty() { format!("<{name}/>") } else { format!("<{name}>{}</{name}>", escaped(value)) }
        };
        let number = |name: &str, value: i64| element(name, &value.to_string());
        let optional = |name: &str, value: &Option<String>| element(name, value.as_deref().unwrap_or_default());
        let (topic, what) = match &self.problem {
            Some((field, words)) => (topic(*field).unwrap_or("none"), words.as_str()),
            None => ("none", ""),
        };
        let meta = [
            edits.map(|before| element("deprecatedID", before)).unwrap_or_default(),
            element("instanceID", instance),
            element("instanceName", &format!("{} {day}", self.code)),
        ];
        let groups = [
            (
                "village",
                vec![
                    element("village_code", &self.code.to_string()),
                    number("households_resident", self.households),
                    optional("gps", &self.gps),
                ],
            ),
            (
                "look",
                vec![
                    number("toilets_sanitary", self.toilets),
                    number("sorting", self.sorting),
                    number("public_toilets", self.public_toilets),
                    number("public_toilets_ok", self.public_toilets_ok),
                    number("rubbish", self.rubbish),
                ],
            ),
            ("problem", vec![element("topic", topic), element("what", what), optional("photo", &self.photo)]),
        ];
        let groups: String = groups.iter().map(|(name, inside)| format!("<{name}>{}</{name}>", inside.concat())).collect();
        let (start, end, today) =
            (element("start", &moment(begin)), element("end", &moment(end)), element("today", &day.to_string()));
        let remarks = optional("remarks", &self.remarks);
        let meta = meta.concat();
        format!(r#"<data id="village_visit_demo" version="1">{start}{end}{today}{groups}{remarks}<meta>{meta}</meta></data>"#)
    }
}

/// What a campaign asks: as the server works it out where nothing else is asked of villages in its months.
fn asks(form: &Form, from: Day, until: Day, villages: u32) -> Adds {
    let cap = rules::starting_pack().into_iter().find_map(|rule| if let Rule::Burden(cap) = rule { Some(cap) } else { None });
    let questions = surveys::questions(form);
    let minutes = campaigns::minutes_of(u64::from(questions) * cap.as_ref().map_or(0, |c| u64::from(c.seconds_per_question)));
    let plan = Plan { months: campaigns::months(from, until), asks: Load { questions, minutes } };
    let fits = cap.is_none_or(|cap| plan.fits(|_| Load::default(), &cap));
    Adds { villages, questions, minutes, over: if fits { 0 } else { villages } }
}

/// The answer that stands for a field, of those that the form offers.
fn topic(field: Field) -> Option<&'static str> {
    match field {
        Field::Waste | Field::Sewage | Field::Toilet | Field::Road | Field::Lighting | Field::Appearance => Some(field.word()),
        Field::Water | Field::Greening | Field::Housing | Field::Service | Field::Culture | Field::Industry => None,
    }
}

/// Stores files. All at once: each waits for the disk, and those that come together wait together.
fn keep(world: &World, contents: &[&str]) -> Result<Vec<FileHash>> {
    let (files, now_ms) = (world.store.files(), world.now_ms());
    let put = |content: &str| {
        let file = NewFile { content: content.as_bytes(), media_type: "text/xml", taken_ms: None, position: None };
        files.put(&file, now_ms).map(|info| info.hash)
    };
    let put = &put;
    std::thread::scope(|scope| {
        let threads: Vec<_> = contents.iter().map(|content| scope.spawn(move || put(content))).collect();
        threads.into_iter().map(|t| Ok(t.join().map_err(|_| StoreError::Stopped)??)).collect()
    })
}

/// Degrees with five digits behind the point: a metre.
fn degrees(e7: i32) -> String {
    format!("{}.{:05}", e7 / 10_000_000, e7 % 10_000_000 / 100)
}

/// As devices write it, in local time.
fn moment(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(tz::TimeZone::fixed(tz::offset(8)));
    at.strftime("%Y-%m-%dT%H:%M:%S.000+08:00").to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Room for Surveys {
    fn day(&mut self, world: &mut World, day: Day) -> Result<()> {
        // Back from the villages.
        world.not_before(16);
        let mut visits = Vec::new();
        for step in self.steps.remove(&day).unwrap_or_default() {
            match step {
                Step::Offer => self.offer(world)?,
                Step::SwitchOn => self.switch_on(world)?,
                Step::Open { until, one_in } => self.open(world, until, one_in)?,
                Step::Close(campaign) => self.close(world, campaign)?,
                Step::Visit { village, who, trial } => visits.extend(self.visit(world, day, village, who, trial)),
                Step::Review { filled, verdict, note } => self.review(world, filled, verdict, note)?,
                Step::Edit(filled) => visits.extend(self.edit(world, filled)),
            }
        }
        self.hand_in(world, day, visits)
    }
}
