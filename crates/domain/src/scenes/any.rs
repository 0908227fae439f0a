//! Facts at random, for properties that hold whatever is recorded.

use proptest::{collection::vec, option, prelude::*, sample::select};
use uuid::Uuid;

use super::*;
use crate::{basics::*, duties, places::*, problems::*, rules};

/// Words as people and machines might send them: any characters at all, cleaned at the door.
pub fn words<const N: usize>() -> impl Strategy<Value = Text<N>> + Clone {
    vec(any::<char>(), 1..12).prop_filter_map("nothing left", |raw| Text::new(&raw.into_iter().collect::<String>()).ok())
}

fn plain() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..8).prop_map(String::from_iter)
}

pub fn any_day() -> impl Strategy<Value = Day> {
    (-20_000_i64..100_000).prop_map(|n| day("1970-01-01").plus(n))
}

fn place() -> impl Strategy<Value = PlaceId> {
    prop_oneof![select(vec![PROVINCE, CITY, QINGXI, YUNLING, XIKOU, SHANGWU, XIAWU, QIAOTOU]), (0..1_i64 << 53).prop_map(PlaceId),]
}

/// Few, so that facts meet.
fn problem_id() -> impl Strategy<Value = ProblemId> {
    (0..4_u128).prop_map(|n| ProblemId(Uuid::from_u128(n)))
}

fn any_post() -> impl Strategy<Value = Post> {
    let department = option::of(select(Department::ALL.to_vec()));
    (place(), select(Role::ALL.to_vec()), department).prop_map(|(place, role, department)| Post {
        department: department.filter(|_| role == Role::Department),
        ..Post::new(place, role)
    })
}

fn position() -> impl Strategy<Value = Position> {
    (-1_800_000_000..=1_800_000_000, -850_000_000..=850_000_000)
        .prop_map(|(lon, lat)| Position::new(lon, lat).expect("within range"))
}

fn file() -> impl Strategy<Value = FileHash> {
    any::<[u64; 4]>().prop_map(|n| FileHash::new(&n.map(|n| format!("{n:016x}")).concat()).expect("64 digits"))
}

fn photos() -> impl Strategy<Value = Vec<Photo>> {
    let photo = (file(), option::of(any::<i64>()), option::of(position())).prop_map(|(file, taken_ms, position)| Photo {
        file,
        taken_ms,
        position,
    });
    vec(photo, 0..3)
}

fn field() -> impl Strategy<Value = Field> {
    select(Field::ALL.to_vec())
}

fn level() -> impl Strategy<Value = Level> {
    select(Level::ALL.to_vec())
}

fn reporter() -> impl Strategy<Value = Reporter> {
    prop_oneof![
        plain().prop_map(|receipt| Reporter::Villager { receipt }),
        any::<u128>().prop_map(|n| Reporter::Account { account: AccountId(Uuid::from_u128(n)) }),
    ]
}

fn person_id() -> impl Strategy<Value = PersonId> {
    (0..3_u128).prop_map(|n| PersonId(Uuid::from_u128(n)))
}

pub fn person_fact() -> BoxedStrategy<crate::persons::Fact> {
    use crate::persons::{Erased, ErasedBecause, Fact as F, Left, Particular, Purpose, Unmasked};
    prop_oneof![
        (person_id(), problem_id(), plain()).prop_map(|(person, problem, digest)| F::Left(Left {
            person,
            problem,
            purpose: Purpose::AskBack,
            digest
        })),
        (person_id(), vec(select(Particular::ALL.to_vec()), 0..3), words(), option::of(problem_id()))
            .prop_map(|(person, fields, reason, problem)| F::Unmasked(Unmasked { person, fields, reason, problem })),
        (person_id(), select(ErasedBecause::ALL.to_vec()), option::of(words()))
            .prop_map(|(person, because, reason)| F::Erased(Erased { person, because, reason })),
    ]
    .boxed()
}

pub fn place_fact() -> BoxedStrategy<crate::places::Fact> {
    use crate::places::Fact as F;
    let kind =
        select(vec![Kind::Area, Kind::Town, Kind::Township, Kind::Subdistrict, Kind::Villagers, Kind::Residents, Kind::Other]);
    let from = option::of(any_day());
    let doc = words::<200>();
    prop_oneof![
        (plain(), words(), level(), kind, vec(place(), 0..6), option::of(any_day()), plain()).prop_map(
            |(code, name, level, kind, within, from, origin)| F::Registered(Registered {
                code,
                name,
                level,
                kind,
                within,
                from,
                origin
            })
        ),
        (words(), option::of(any_day()), words()).prop_map(|(name, from, document)| F::Renamed(Renamed { name, from, document })),
        (plain(), option::of(any_day()), words()).prop_map(|(code, from, document)| F::Recoded(Recoded { code, from, document })),
        (vec(place(), 0..6), from, doc.clone()).prop_map(|(within, from, document)| F::Moved(Moved { within, from, document })),
        (option::of(any_day()), vec(place(), 0..4), doc.clone()).prop_map(|(on, into, document)| F::Closed(Closed {
            on,
            into,
            document
        })),
        doc.clone().prop_map(|document| F::Reinstated(Reinstated { document })),
        (select(Class::ALL.to_vec()), any_day(), doc.clone()).prop_map(|(class, from, document)| F::Classified(Classified {
            class,
            from,
            document
        })),
        (select(Grade::ALL.to_vec()), any_day(), doc.clone()).prop_map(|(grade, from, document)| F::Graded(Graded {
            grade,
            from,
            document
        })),
        (select(Stage::ALL.to_vec()), any_day(), doc).prop_map(|(stage, from, document)| F::StageEntered(StageEntered {
            stage,
            from,
            document
        })),
        (
            select(Counted::ALL.to_vec()),
            any::<u32>(),
            any_day(),
            select(vec![Method::Register, Method::Counted, Method::Verified])
        )
            .prop_map(|(what, value, on, method)| F::CountRecorded(CountRecorded {
                what,
                value,
                on,
                method,
                evidence: None
            })),
        (position(), plain(), plain()).prop_map(|(position, datum, origin)| F::Located(Located { position, datum, origin })),
        (file(), any::<[i32; 4]>(), plain(), plain()).prop_map(|(file, bounds_e7, datum, origin)| F::Outlined(Outlined {
            file,
            bounds_e7,
            datum,
            origin
        })),
        (any::<u16>(), plain()).prop_map(|(urban_rural, origin)| F::UrbanRuralSet(UrbanRuralSet { urban_rural, origin })),
    ]
    .boxed()
}

pub fn problem_fact() -> BoxedStrategy<crate::problems::Fact> {
    use crate::problems::{Escalated, Fact as F};
    let reason = words::<500>();
    let why = prop_oneof![
        any_day().prop_map(|due| EscalationReason::Overdue { due }),
        words().prop_map(|words| EscalationReason::Sent { words }),
    ];
    prop_oneof![
        (field(), words(), option::of(position()), photos(), select(Channel::ALL.to_vec()), reporter(), option::of(person_id()))
            .prop_map(|(field, text, position, photos, channel, reporter, contact)| F::Reported(Reported {
                field,
                text,
                position,
                photos,
                channel,
                reporter,
                contact,
                evidence: None
            })),
        (any_post(), any_day(), any::<bool>(), option::of(words()))
            .prop_map(|(post, due, by_rule, note)| F::Assigned(Assigned { post, due, by_rule, note })),
        reason.clone().prop_map(|reason| F::Dismissed(Dismissed { reason })),
        (words(), words()).prop_map(|(cause, measure)| F::Diagnosed(Diagnosed { cause, measure })),
        (words(), photos(), any_post(), any_day()).prop_map(|(text, photos, post, verify_by)| F::FixClaimed(FixClaimed {
            text,
            photos,
            post,
            verify_by
        })),
        (words(), photos(), any_post()).prop_map(|(note, photos, post)| F::FixVerified(FixVerified { note, photos, post })),
        (words(), any_post(), any_day()).prop_map(|(reason, post, due)| F::FixRejected(FixRejected { reason, post, due })),
        option::of(words()).prop_map(|note| F::Confirmed(Confirmed { note })),
        (words(), any::<bool>(), option::of(any_post()), option::of(any_day()))
            .prop_map(|(reason, by_reporter, post, due)| F::Reopened(Reopened { reason, by_reporter, post, due })),
        problem_id().prop_map(|into| F::Merged(Merged { into })),
        problem_id().prop_map(|from| F::Absorbed(Absorbed { from })),
        reason.clone().prop_map(|reason| F::Unmerged(Unmerged { reason })),
        problem_id().prop_map(|from| F::Released(Released { from })),
        (any_post(), any_day(), why, option::of(any_post()), vec(any_post(), 0..3)).prop_map(
            |(to, answer_by, reason, missed_by, passed_over)| F::Escalated(Escalated {
                to,
                answer_by,
                reason,
                missed_by,
                passed_over
            })
        ),
        (words(), any_day()).prop_map(|(text, due)| F::EscalationAnswered(EscalationAnswered { text, due })),
        (field(), place(), words()).prop_map(|(field, place, reason)| F::Reclassified(Reclassified { field, place, reason })),
        reason.clone().prop_map(|reason| F::Withheld(Withheld { reason })),
        reason.prop_map(|reason| F::Shown(Shown { reason })),
        (field(), words(), vec(problem_id(), 0..5)).prop_map(|(field, title, problems)| F::TopicProposed(TopicProposed {
            field,
            title,
            problems
        })),
        words().prop_map(|outcome| F::TopicConcluded(TopicConcluded { outcome })),
    ]
    .boxed()
}

pub fn rule_fact() -> BoxedStrategy<rules::Fact> {
    use rules::*;
    let deadline = || {
        (level(), any_post(), any::<u16>()).prop_map(|(level, Post { role, department, .. }, days)| Deadline {
            level,
            role,
            department,
            days,
        })
    };
    let rule = prop_oneof![
        (proptest::collection::btree_map(field(), deadline(), 0..5), deadline(), any::<u16>())
            .prop_map(|(by_field, otherwise, verify_days)| Rule::Deadlines(Deadlines { by_field, otherwise, verify_days })),
        (any::<u16>(), level()).prop_map(|(answer_days, up_to)| Rule::Escalation(Escalation { answer_days, up_to })),
        any::<(u16, u16, u8)>().prop_map(|(per_client_hour, per_village_day, photos_max)| {
            Rule::PublicReports(PublicReports { per_client_hour, per_village_day, photos_max })
        }),
        any::<(u32, u16)>().prop_map(|(metres, days)| Rule::Duplicates(Duplicates { metres, days })),
        any::<(u16, u16)>().prop_map(|(villages_min, days)| Rule::Topics(Topics { villages_min, days })),
        any::<u16>().prop_map(|keep_days| Rule::Contacts(Contacts { keep_days })),
        any::<u16>().prop_map(|min| Rule::SmallCounts(SmallCounts { min })),
        any::<u16>().prop_map(|days| Rule::Retention(Retention { days })),
    ];
    (any_day(), rule, words()).prop_map(|(from, rule, reason)| Fact::RuleSet(RuleSet { from, rule, reason })).boxed()
}

fn person() -> impl Strategy<Value = PersonId> {
    (0..3_u128).prop_map(|n| PersonId(Uuid::from_u128(n)))
}

fn holding() -> impl Strategy<Value = HoldingId> {
    (0..3_u128).prop_map(|n| HoldingId(Uuid::from_u128(n)))
}

fn task_id() -> impl Strategy<Value = TaskId> {
    (0..3_u128).prop_map(|n| TaskId(Uuid::from_u128(n)))
}

pub fn duty_fact() -> BoxedStrategy<duties::Fact> {
    use duties::{Fact as F, *};
    let quantity = || (any::<u32>(), words()).prop_map(|(value, unit)| Quantity { value, unit });
    let about = (select(TaskKind::ALL.to_vec()), any::<u16>(), words(), option::of(words()), option::of(field()), any_post());
    let how = (
        vec(any_post(), 0..3),
        any_day(),
        option::of(quantity()),
        option::of(task_id()),
        option::of(task_id()),
        option::of(words()),
    );
    prop_oneof![
        (holding(), person(), any_day(), option::of(any_day()), option::of(words()))
            .prop_map(|(holding, person, from, until, document)| F::TakenUp(TakenUp { holding, person, from, until, document })),
        (holding(), any_day(), words()).prop_map(|(holding, on, reason)| F::Left(Left { holding, on, reason })),
        (holding(), holding(), person(), any_day(), any_day(), words()).prop_map(
            |(holding, stands_in_for, person, from, until, reason)| F::Delegated(Delegated {
                holding,
                stands_in_for,
                person,
                from,
                until,
                reason
            })
        ),
        (holding(), words()).prop_map(|(holding, reason)| F::Withdrawn(Withdrawn { holding, reason })),
        (words(), option::of(words())).prop_map(|(duty, phone)| F::Described(Described { duty, phone })),
        (holding(), any_day(), file(), proptest::collection::btree_map("[a-z]{1,8}", any::<u32>(), 0..3))
            .prop_map(|(holding, on, statement, counts)| F::DrawnUp(DrawnUp { holding, on, statement, counts })),
        (file(), select(Side::ALL.to_vec()), person(), option::of(words()), option::of(words())).prop_map(
            |(statement, side, person, in_absence, remark)| F::Signed(Signed { statement, side, person, in_absence, remark })
        ),
        (about, how).prop_map(
            |((kind, year, title, duty, field, lead), (helpers, due, quantity, part_of, carried_from, occasion))| F::TaskSet(
                TaskSet { kind, year, title, duty, field, lead, helpers, due, quantity, part_of, carried_from, occasion }
            )
        ),
        vec(task_id(), 0..3).prop_map(|parts| F::TaskPassedDown(TaskPassedDown { parts })),
        (any_post(), vec(any_post(), 0..3), any_day(), words())
            .prop_map(|(lead, helpers, due, reason)| F::TaskAmended(TaskAmended { lead, helpers, due, reason })),
        (words(), photos(), option::of(any::<u32>()), any_post())
            .prop_map(|(text, photos, done, post)| F::TaskClaimed(TaskClaimed { text, photos, done, post })),
        (words(), option::of(any::<u32>()), any_post()).prop_map(|(note, done, post)| F::TaskVerified(TaskVerified {
            note,
            done,
            post
        })),
        (words(), any_post()).prop_map(|(reason, post)| F::TaskRejected(TaskRejected { reason, post })),
        words().prop_map(|reason| F::TaskWithdrawn(TaskWithdrawn { reason })),
        (task_id(), words()).prop_map(|(into, reason)| F::TaskCarriedOver(TaskCarriedOver { into, reason })),
        (any_day(), any_post(), option::of(any_post())).prop_map(|(due, post, to)| F::TaskLapsed(TaskLapsed { due, post, to })),
    ]
    .boxed()
}

pub fn access_fact() -> BoxedStrategy<crate::access::Fact> {
    use crate::access::{Fact as F, *};
    let account = || option::of(any::<u128>().prop_map(|n| AccountId(Uuid::from_u128(n))));
    let who =
        (account(), option::of(words()), option::of(words())).prop_map(|(account, name, client)| Who { account, name, client });
    let (times, count) = (any::<u32>(), any::<u64>());
    prop_oneof![
        (who.clone(), words()).prop_map(|(who, how)| F::SignedIn(SignedIn { who, how })),
        (who.clone(), words(), times).prop_map(|(who, why, times)| F::SignInRefused(SignInRefused { who, why, times })),
        who.clone().prop_map(|who| F::SignedOut(SignedOut { who })),
        (who.clone(), words(), words(), times).prop_map(|(who, what, why, times)| F::Refused(Refused { who, what, why, times })),
        (who.clone(), words(), option::of(words()), count, words())
            .prop_map(|(who, what, query, rows, format)| F::Exported(Exported { who, what, query, rows, format })),
        (who.clone(), words(), times).prop_map(|(who, what, times)| F::AuditRead(AuditRead { who, what, times })),
        (words(), words(), count).prop_map(|(kind, subject, seq)| F::Changed(Changed { kind, subject, seq })),
        (who, words(), account(), option::of(words())).prop_map(|(who, event, by, detail)| F::AccountEvent(AccountEvent {
            who,
            event,
            by,
            detail
        })),
        words().prop_map(|version| F::Started(Started { version })),
        words().prop_map(|version| F::Stopped(Stopped { version })),
        count.prop_map(|chains| F::CheckpointMade(CheckpointMade { chains })),
        count.prop_map(|facts| F::BackupMade(BackupMade { facts })),
    ]
    .boxed()
}

fn form_id() -> impl Strategy<Value = FormId> {
    (0..3_u128).prop_map(|n| FormId(Uuid::from_u128(n)))
}

fn submission_id() -> impl Strategy<Value = SubmissionId> {
    (0..3_u128).prop_map(|n| SubmissionId(Uuid::from_u128(n)))
}

pub fn survey_fact() -> BoxedStrategy<crate::surveys::Fact> {
    use crate::surveys::{Fact as F, *};
    let version = || option::of(select(vec!["1", "2"]).prop_map(text::<200>));
    let name = || select(vec!["a.jpg", "villages.csv"]).prop_map(text::<200>);
    let form_file = (name(), select(FileKind::ALL.to_vec()), option::of(file()), option::of(words()))
        .prop_map(|(name, kind, file, md5)| FormFile { name, kind, file, md5 });
    let form_head = (words(), version(), words(), words(), any::<bool>(), vec(form_file, 0..3), vec(words(), 0..3)).prop_map(
        |(form_id, version, title, md5, encrypted, files, file_questions)| FormHead {
            form_id,
            version,
            title,
            md5,
            encrypted,
            files,
            file_questions,
        },
    );
    let head = (words(), version(), words(), option::of(words()), any::<bool>(), vec(name(), 0..3)).prop_map(
        |(form_id, version, instance, deprecated, encrypted, mentioned)| SubmissionHead {
            form_id,
            version,
            instance,
            deprecated,
            encrypted,
            mentioned,
        },
    );
    let doubt = (words(), select(DoubtKind::ALL.to_vec())).prop_map(|(at, what)| Doubt { at, what });
    let checked = (vec(doubt, 0..3), any::<bool>(), 0..200_u32, option::of(0..9999_u32), option::of(position()));
    let checked = checked.prop_map(|(doubts, judged, questions, seconds, point)| {
        let doubts_count = doubts.len() as u32;
        Checked { judged, doubts, doubts_count, unjudged: 0, questions, seconds, point }
    });
    let figure = || select(vec!["toilets", "households_2"]).prop_map(text::<60>);
    let target = prop_oneof![
        (figure(), words(), 0..4_u8, vec(words(), 0..2)).prop_map(|(figure, title, decimals, yes)| Target::Reading {
            figure,
            title,
            decimals,
            yes
        }),
        Just(Target::Count { what: crate::places::Counted::Population, method: crate::places::Method::Counted }),
    ];
    let row = (words(), target).prop_map(|(from, to)| MappingRow { from, to });
    let mapping = (option::of(words()), select(ApplyWhen::ALL.to_vec()), vec(row, 0..4));
    let mapping = mapping.prop_map(|(village, when, rows)| Mapping { village, day: None, when, rows });
    let derived = prop_oneof![
        (form_id(), any::<bool>(), checked).prop_map(|(form, edits, checked)| F::SubmissionChecked(SubmissionChecked {
            form,
            edits,
            checked
        })),
        mapping.prop_map(|mapping| F::FormMapped(FormMapped { mapping })),
        (any::<bool>(), any::<bool>()).prop_map(|(on, past)| {
            let tried = on.then_some(Tried { submissions: 3, readings: 2, counts: 1, problems: 0, not_made: 1 });
            F::MappingSwitched(MappingSwitched { on, past, tried })
        }),
        (0..9_u16).prop_map(|readings| {
            let not_made = vec![NotMade { from: text("/data/n"), why: NotMadeReason::NotANumber }];
            F::SubmissionApplied(SubmissionApplied { readings, counts: Vec::new(), problems: Vec::new(), not_made })
        }),
        (0..9_u16, figure(), words(), any::<i32>(), 0..4_u8, option::of(Just(Role::Inspector))).prop_map(
            |(n, figure, title, value, decimals, by)| {
                let on = crate::scenes::day("2026-03-01");
                F::ReadingRecorded(ReadingRecorded { n, figure, title, value: value.into(), decimals, on, by })
            }
        ),
        (0..9_u16).prop_map(|n| F::ReadingWithdrawn(ReadingWithdrawn { n })),
    ];
    let sender = prop_oneof![any_post().prop_map(|post| Sender::Account { post }), Just(Sender::Machine)];
    prop_oneof![
        1 => (file(), form_head).prop_map(|(file, head)| F::FormUploaded(FormUploaded { file, head })),
        1 => version().prop_map(|version| F::FormPublished(FormPublished { version, known: Vec::new(), again: None })),
        1 => (words(), any::<bool>()).prop_map(|(reason, takes_late)| F::FormClosed(FormClosed { reason, takes_late })),
        1 => (version(), name(), file(), words()).prop_map(|(version, name, file, md5)| F::FormFileGiven(FormFileGiven {
            version,
            name,
            file,
            md5
        })),
        2 => (form_id(), file(), head, sender, option::of(words()), option::of(submission_id())).prop_map(
            |(form, file, head, sender, device, edits)| F::SubmissionReceived(SubmissionReceived {
                form,
                file,
                head,
                sender,
                device,
                edits
            })
        ),
        1 => (name(), file()).prop_map(|(name, file)| F::AttachmentArrived(AttachmentArrived { name, file })),
        1 => submission_id().prop_map(|into| F::SubmissionEdited(SubmissionEdited { into })),
        1 => (select(Verdict::ALL.to_vec()), option::of(words()))
            .prop_map(|(verdict, note)| F::SubmissionReviewed(SubmissionReviewed { verdict, note })),
        6 => derived,
        1 => words().prop_map(|text| F::SubmissionCommented(SubmissionCommented { text })),
        1 => version().prop_map(|version| F::FormDraftDropped(FormDraftDropped { version })),
    ]
    .boxed()
}

pub fn campaign_fact() -> BoxedStrategy<crate::campaigns::Fact> {
    use crate::campaigns::{Fact as F, *};
    let to = || {
        prop_oneof![
            any_post().prop_map(|post| Assignee::Post { post }),
            (0..3_u128).prop_map(|n| Assignee::Person { person: PersonId(Uuid::from_u128(n)) })
        ]
    };
    let adds = (0..9_u32, 0..9_u32).prop_map(|(villages, over)| Adds { villages, questions: 9, minutes: 3, over });
    prop_oneof![
        (form_id(), words(), any_day(), any_day(), option::of(1..480_u16), option::of(adds), option::of(words())).prop_map(
            |(form, title, from, until, minutes, adds, over_cap)| {
                F::CampaignOpened(CampaignOpened { form, title, from, until, places: Vec::new(), minutes, adds, over_cap })
            }
        ),
        to().prop_map(|to| F::CampaignAssigned(CampaignAssigned { to })),
        to().prop_map(|from| F::CampaignUnassigned(CampaignUnassigned { from })),
        words().prop_map(|reason| F::CampaignClosed(CampaignClosed { reason })),
    ]
    .boxed()
}

pub fn planning_fact() -> BoxedStrategy<crate::planning::Fact> {
    use crate::planning::{Fact as F, *};
    let work = || select(vec!["road", "toilet"]).prop_map(|w| WorkCode::new(w).expect("a good code"));
    let how = || select(AskedBy::ALL.to_vec());
    let counted = (work(), 1..90_u32, 0..90_u32, any_day(), how(), option::of(words()));
    prop_oneof![
        3 => counted.prop_map(|(work, asked, in_favour, on, how, note)| {
            F::WishesCounted(WishesCounted { work, asked, in_favour, on, how, photos: Vec::new(), note })
        }),
        1 => (work(), any_day(), how(), words())
            .prop_map(|(work, on, how, reason)| F::WishesWithdrawn(WishesWithdrawn { work, on, how, reason })),
        1 => (words(), words(), 3..9_u8).prop_map(|(title, reason, years)| {
            let brief = Brief { years, ..crate::planning::tests::brief() };
            F::BriefSaved(BriefSaved { title, brief, reason })
        }),
        1 => words().prop_map(|reason| F::BriefWithdrawn(BriefWithdrawn { reason })),
        1 => (0..2_u128, 1..4_u16).prop_map(|(n, version)| {
            let (brief, made) = (BriefId(Uuid::from_u128(n)), crate::planning::tests::made());
            F::PlanProposed(PlanProposed { brief, version, made })
        }),
        1 => words().prop_map(|reason| F::PlanDiscarded(PlanDiscarded { reason })),
    ]
    .boxed()
}

pub fn fact() -> BoxedStrategy<crate::Fact> {
    prop_oneof![
        4 => survey_fact().prop_map(crate::Fact::Survey),
        2 => campaign_fact().prop_map(crate::Fact::Campaign),
        2 => planning_fact().prop_map(crate::Fact::Planning),
        4 => duty_fact().prop_map(crate::Fact::Duty),
        4 => place_fact().prop_map(crate::Fact::Place),
        6 => problem_fact().prop_map(crate::Fact::Problem),
        1 => rule_fact().prop_map(crate::Fact::Rule),
        1 => person_fact().prop_map(crate::Fact::Person),
        2 => access_fact().prop_map(crate::Fact::Access),
    ]
    .boxed()
}

/// Facts about few subjects, in any order, at any time, sense or nonsense.
pub fn log() -> impl Strategy<Value = Vec<Recorded>> {
    let subject = prop_oneof![
        2 => select(vec![SHANGWU, YUNLING]).prop_map(Subject::Place),
        3 => problem_id().prop_map(Subject::Problem),
        1 => (0..2_u128).prop_map(|n| Subject::Topic(TopicId(Uuid::from_u128(n)))),
        1 => select(vec![QINGXI, SHANGWU]).prop_map(Subject::Rules),
        1 => person_id().prop_map(Subject::Person),
        2 => select(vec![Post::new(SHANGWU, Role::Head), Post::of(QINGXI, Department::Water)]).prop_map(Subject::Post),
        2 => task_id().prop_map(Subject::Task),
        2 => form_id().prop_map(Subject::Form),
        2 => submission_id().prop_map(Subject::Submission),
        2 => (0..3_u128).prop_map(|n| Subject::Campaign(CampaignId(Uuid::from_u128(n)))),
        1 => select(vec![SHANGWU, YUNLING]).prop_map(Subject::Wishes),
        1 => (0..2_u128).prop_map(|n| Subject::Brief(BriefId(Uuid::from_u128(n)))),
        1 => (0..2_u128).prop_map(|n| Subject::Plan(PlanId(Uuid::from_u128(n)))),
        1 => (0..4_u128).prop_map(|n| Subject::Access(AccessId::Noted(Uuid::from_u128(n)))),
    ];
    let time = prop_oneof![4 => 1_700_000_000_000..1_900_000_000_000_i64, 1 => any::<i64>()];
    let one = (subject, place(), time.clone(), time, fact(), any::<bool>()).prop_map(
        |(subject, place, effective_ms, recorded_ms, fact, signed_in)| Recorded {
            org: 990_101,
            seq: 0,
            subject,
            place,
            actor: if signed_in { Actor::from(LU).word() } else { "public".into() },
            effective_ms,
            recorded_ms,
            fact,
        },
    );
    vec(one, 0..40).prop_map(|mut log| {
        for (n, recorded) in log.iter_mut().enumerate() {
            recorded.seq = n as u64 + 1;
        }
        log
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fact;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

        #[test]
        fn a_fact_is_read_back_as_it_was_recorded(fact in fact()) {
            let body = fact.encode();
            let read = Fact::decode(fact.kind(), &body).expect("readable");
            prop_assert_eq!(&read, &fact);
            prop_assert_eq!(read.encode(), body);
        }

        #[test]
        fn a_text_disguises_nothing(raw in proptest::collection::vec(any::<char>(), 0..30), marks in "[\u{200b}-\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}\u{feff}\u{0}-\u{1f}a村 ]{0,10}") {
            let raw = String::from_iter(raw) + &marks;
            if let Ok(text) = Text::<30>::new(&raw) {
                let s = text.as_str();
                let bad = |c: char| c != '\n' && c.is_control() || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                prop_assert!(!s.contains(bad), "{s:?}");
                prop_assert!((1..=30).contains(&s.chars().count()));
                prop_assert_eq!(Text::<30>::new(s), Ok(text.clone()), "cleaned twice is cleaned once");
            }
        }

        #[test]
        fn any_time_has_a_day(ms in any::<i64>(), n in -700_000_i64..700_000) {
            let day = Day::of_ms(ms);
            prop_assert_eq!(Day::of_ms(day.start_ms()), day);
            prop_assert_eq!(day.to_string().parse::<Day>().expect("a day"), day);
            let this_century = Day::of_ms(ms.rem_euclid(4_000_000_000_000));
            prop_assert_eq!(this_century.plus(n).days_since(this_century), n);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_recorded_folds_into_rows_that_can_be_stored(log in log()) {
            let (mut once, mut again) = (Scene::default(), Scene::default());
            for recorded in &log {
                once.fold(recorded);
            }
            for recorded in &log {
                again.fold(recorded);
            }
            prop_assert!(once.rows().eq(again.rows()), "rebuild equals incremental");
            for (view, _, row) in once.rows() {
                prop_assert_eq!(&view.decode(&row.encode()).expect("a row is read back"), row);
                let values = row.values();
                prop_assert_eq!(values.len(), view.columns().len());
                for (column, value) in view.columns().iter().zip(&values) {
                    let fits = match column.kind {
                        ColumnKind::Text | ColumnKind::Day => matches!(value, Value::Text(_) | Value::Null),
                        ColumnKind::Bool => matches!(value, Value::Int(0 | 1) | Value::Null),
                        ColumnKind::Int | ColumnKind::Ms | ColumnKind::Place => matches!(value, Value::Int(_) | Value::Null),
                    };
                    prop_assert!(fits, "{view:?} {} {value:?}", column.name);
                }
            }
        }

        #[test]
        fn a_row_depends_on_its_own_facts_alone(log in log()) {
            let mut whole = Scene::default();
            log.iter().for_each(|r| whole.fold(r));
            for (view, key, row) in whole.rows() {
                let own = log.iter().filter(|r| view.key(r).as_deref() == Some(key)).fold(None, |row, r| view.fold(row, r));
                prop_assert_eq!(own.as_ref(), Some(row));
            }
        }
    }
}
