//! Every URL in one table, each with who may come in. A line without a `permit:` does not compile, and `xtask tidy` reads it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, RawPathParams, Request, rejection::RawPathParamsRejection},
    http::{HeaderValue, Method, Response, StatusCode, header},
    routing::{MethodFilter, on},
};
use domain::basics::Capability;
use subtle::ConstantTimeEq;
use tower_http::compression::{
    CompressionLayer,
    predicate::{DefaultPredicate, NotForContentType, Predicate},
};

use crate::{
    App, account_pages, accounts,
    answer::{Answer, Problem},
    ask::Ask,
    assets, audit, campaigns, central, central_drafts, central_entities, central_phones, central_reviews, checkpoints, command,
    dossier, duties, export, facts_api, files, indicators, invitations, keys, map, mapping, my_account, odata, oidc, openapi,
    openrosa, operations, persons, places, planning, public, public_duties, rows, session,
    sheets::SHEET_MAX,
    submission_export, surveys, today, visits,
    wording::Language,
};

/// Who may come in. What they may see inside is narrowed by their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permit {
    /// Everybody.
    Public,
    /// Anybody signed in, or a key that may read.
    SignedIn,
    /// Anybody who signed in himself: no key, whatever it may do.
    Person,
    /// Whoever has this capability somewhere.
    With(Capability),
    /// Whoever has one of these somewhere; what is seen inside depends on which.
    Either(Capability, Capability),
    /// Whoever has this capability somewhere, and signed in himself: no key.
    PersonWith(Capability),
    /// Whoever has one of these somewhere, and signed in himself.
    PersonEither(Capability, Capability),
    /// Whoever has the key of a phone, which stands in the address.
    KeyInPath,
    /// A program with a bearer: a session of its own or a token. A cookie counts for nothing.
    Bearer,
    /// Only from this machine itself.
    Loopback,
}

/// What a client has to bring so that another site cannot act in its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Reading only.
    None,
    /// Header `X-Qianwan`.
    Header,
    /// Nothing that a browser sends by itself counts: a key in the address, a bearer, a name with its password.
    Key,
    /// A plain HTML form without a session, or one that checks its own token.
    Form,
}

type Handler = fn(&Ask) -> Result<Answer, Problem>;

/// One URL.
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path, `{name}` for parameters.
    pub path: &'static str,
    /// Who may come in.
    pub permit: Permit,
    /// Against cross-site requests.
    pub guard: Guard,
    /// Largest body, bytes.
    pub body_max: usize,
    /// What it is for, one line, for the reference.
    pub about: &'static str,
    handler: Handler,
}

const SMALL: usize = 1 << 20;
const UPLOAD: usize = 48 << 20;
/// Filled forms with their photographs. Larger than what is kept in memory: it goes to the disk, and only after the door.
const PARCEL: usize = openrosa::CONTENT_MAX;

macro_rules! routes {
    ($( $method:ident $path:literal permit: $permit:expr, guard: $guard:ident, body: $body:expr, $handler:path, $about:literal; )+) => {
        /// The table.
        pub fn table() -> Vec<Route> {
            vec![$( Route {
                method: Method::$method, path: $path, permit: $permit, guard: Guard::$guard, body_max: $body, about: $about, handler: $handler,
            } ),+]
        }
    };
}

use Capability::{
    AccountsManage, AccountsSecure, AuditRead, Export, LogRead, ParticularsUnmask, PlanningEdit, ProblemsReport, Read,
    SurveysManage, SurveysSubmit,
};
use Permit::{Bearer, Either, KeyInPath, Loopback, Person, PersonEither, PersonWith, Public, SignedIn, With};

routes! {
    GET "/" permit: Public, guard: None, body: 0, public::home, "Public home page";
    GET "/v/{code}" permit: Public, guard: None, body: 0, public::place, "Public page of a place";
    GET "/v/{code}/duties" permit: Public, guard: None, body: 0, public_duties::duties_page, "Who answers for what at a place";
    GET "/v/{code}/report" permit: Public, guard: None, body: 0, public::report_form, "Form to report a problem";
    POST "/v/{code}/report" permit: Public, guard: Form, body: UPLOAD, public::report, "Report a problem without an account";
    GET "/v/{code}/poster.svg" permit: Public, guard: None, body: 0, public::poster, "Poster with a QR code for the village entrance";
    GET "/p/{problem}" permit: Public, guard: None, body: 0, public::problem, "Public page of a problem";
    POST "/p/{problem}" permit: Public, guard: Form, body: SMALL, public::answer_form, "The reporter says whether it is solved";
    POST "/p/{problem}/contact" permit: Public, guard: Form, body: SMALL, persons::own_form, "The reporter erases his particulars, or takes all that is held about him";
    GET "/public/files/{hash}" permit: Public, guard: None, body: 0, public::photo, "A photo of a public problem, without its position";
    GET "/login" permit: Public, guard: None, body: 0, session::page, "Sign-in page";
    POST "/login" permit: Public, guard: Form, body: SMALL, session::sign_in_form, "Sign in with a plain form";
    GET "/login/code" permit: Public, guard: None, body: 0, account_pages::code_page, "Second step of signing in";
    POST "/login/code" permit: Public, guard: Form, body: SMALL, account_pages::code_form, "Second step with a plain form";
    GET "/login/oidc" permit: Public, guard: None, body: 0, oidc::set_out, "To the provider of identities, to sign in there";
    GET "/login/oidc/back" permit: Public, guard: None, body: 0, oidc::back, "Back from the provider of identities";
    GET "/login/oidc/link" permit: Public, guard: None, body: 0, oidc::link_page, "What an identity that opens no account can do";
    POST "/login/oidc/link" permit: Person, guard: Form, body: SMALL, oidc::link_form, "Have an identity open one's own account";
    GET "/link" permit: Public, guard: None, body: 0, account_pages::link_page, "One-time link: choose a password";
    POST "/link" permit: Public, guard: Form, body: SMALL, account_pages::link_form, "One-time link: set the password";
    GET "/second-factor" permit: Person, guard: None, body: 0, account_pages::factor_page, "One's own second factor";
    POST "/second-factor" permit: Person, guard: Form, body: SMALL, account_pages::factor_form, "Turn the second factor on or off";
    GET "/key/{key}" permit: Public, guard: None, body: 0, keys::who, "Whose key of a phone this is";
    POST "/logout" permit: Person, guard: Form, body: SMALL, session::sign_out_form, "Sign out with a plain form";
    GET "/welcome" permit: Public, guard: None, body: 0, session::welcome_page, "One-time link: set a password";
    POST "/welcome" permit: Public, guard: Form, body: SMALL, session::welcome, "One-time link: become the first administrator";
    GET "/console" permit: Public, guard: None, body: 0, assets::to_console, "To the console";
    GET "/console/" permit: Public, guard: None, body: 0, assets::console, "The console";
    GET "/console/{*file}" permit: Public, guard: None, body: 0, assets::console, "The console's files";
    GET "/field" permit: Public, guard: None, body: 0, assets::to_field, "To the field app";
    GET "/field/" permit: Public, guard: None, body: 0, assets::field, "The field app";
    GET "/field/{*file}" permit: Public, guard: None, body: 0, assets::field, "The field app's files";
    GET "/assets/{file}" permit: Public, guard: None, body: 0, assets::shared, "Styles shared by all surfaces";
    GET "/favicon.ico" permit: Public, guard: None, body: 0, assets::icon, "Icon";
    GET "/robots.txt" permit: Public, guard: None, body: 0, assets::robots, "For crawlers";
    POST "/api/session" permit: Public, guard: Header, body: SMALL, session::sign_in, "Sign in";
    GET "/api/session" permit: SignedIn, guard: None, body: 0, session::get, "Who is signed in";
    POST "/api/session/code" permit: Public, guard: Header, body: SMALL, session::second_step, "Second step of signing in";
    GET "/api/account" permit: Person, guard: None, body: 0, my_account::get, "One's own account";
    POST "/api/account/password" permit: Person, guard: Header, body: SMALL, my_account::password, "Another password";
    DELETE "/api/account/sessions" permit: Person, guard: Header, body: 0, my_account::end_others, "End all other sessions";
    DELETE "/api/account/sessions/{session}" permit: Person, guard: Header, body: 0, my_account::end_session, "End one session";
    DELETE "/api/account/identities" permit: Person, guard: Header, body: 0, my_account::unlink, "Have no identity open one's own account";
    POST "/api/account/tokens" permit: Person, guard: Header, body: SMALL, my_account::make_token, "A key for a program";
    DELETE "/api/account/tokens/{token}" permit: Person, guard: Header, body: 0, my_account::end_token, "End a key for a program";
    GET "/api/accounts" permit: PersonEither(AccountsManage, AccountsSecure), guard: None, body: 0, accounts::list, "Accounts within one's places";
    POST "/api/accounts" permit: With(AccountsManage), guard: Header, body: SMALL, accounts::create, "An account with its first post";
    GET "/api/accounts/{account}" permit: PersonEither(AccountsManage, AccountsSecure), guard: None, body: 0, accounts::one, "One account";
    POST "/api/accounts/{account}" permit: PersonEither(AccountsManage, AccountsSecure), guard: Header, body: SMALL, accounts::act, "Do something to an account";
    GET "/api/accounts/export/{file}" permit: PersonEither(AccountsManage, AccountsSecure), guard: None, body: 0, accounts::export, "Accounts as CSV or XLSX";
    GET "/api/accounts/invitations" permit: With(AccountsManage), guard: None, body: 0, invitations::progress, "How far a batch of invitations is";
    POST "/api/accounts/invitations" permit: With(AccountsManage), guard: Header, body: SHEET_MAX, invitations::invite, "Invite everybody in a workbook";
    POST "/api/accounts/invitations/check" permit: With(AccountsManage), guard: Header, body: SHEET_MAX, invitations::preview, "What a workbook of people would do";
    GET "/api/accounts/invitations/template.xlsx" permit: With(AccountsManage), guard: None, body: 0, invitations::template, "An empty workbook of people";
    GET "/api/app-users" permit: With(AccountsManage), guard: None, body: 0, accounts::app_users, "Keys of phones";
    POST "/api/app-users" permit: With(AccountsManage), guard: Header, body: SMALL, accounts::make_app_user, "A key for a phone";
    DELETE "/api/app-users/{key}" permit: With(AccountsManage), guard: Header, body: 0, accounts::end_app_user, "End the key of a phone";
    DELETE "/api/session" permit: Person, guard: Header, body: 0, session::sign_out, "Sign out";
    POST "/api/commands" permit: SignedIn, guard: Header, body: SMALL, command::submit, "The one way to write";
    GET "/api/views" permit: Either(Read, AuditRead), guard: None, body: 0, rows::views, "Views and their columns";
    GET "/api/rows/{view}" permit: Either(Read, AuditRead), guard: None, body: 0, rows::list, "A page of a list";
    GET "/api/rows/{view}/{*key}" permit: Either(Read, AuditRead), guard: None, body: 0, rows::one, "One row and what may be done to it";
    GET "/api/groups/{view}" permit: Either(Read, AuditRead), guard: None, body: 0, rows::groups, "Rows counted by columns or places";
    GET "/api/history/{view}" permit: Either(Read, AuditRead), guard: None, body: 0, facts_api::under_figure, "Facts under a figure";
    GET "/api/history/{view}/{*key}" permit: Either(Read, AuditRead), guard: None, body: 0, facts_api::history, "Facts under a row, in order";
    GET "/api/facts" permit: With(LogRead), guard: None, body: 0, facts_api::latest, "Latest facts";
    GET "/api/chains" permit: Either(LogRead, AuditRead), guard: None, body: 0, facts_api::chains, "Chains and their checkpoints";
    GET "/checkpoints/{county}/{chain}" permit: Either(LogRead, AuditRead), guard: None, body: 0, checkpoints::page, "The latest checkpoint of a chain, to print";
    GET "/api/indicators" permit: With(Read), guard: None, body: 0, indicators::catalogue, "Catalogue of indicators";
    GET "/api/indicators/{name}" permit: With(Read), guard: None, body: 0, indicators::values, "Values of an indicator by place";
    GET "/api/places/{id}/dossier" permit: With(Read), guard: None, body: 0, dossier::dossier, "Everything known of a place";
    GET "/api/places/{id}/duplicates" permit: With(Read), guard: None, body: 0, places::duplicates, "Possible duplicates near by";
    GET "/api/today" permit: SignedIn, guard: None, body: 0, today::today, "What waits for the signed-in person";
    GET "/api/bearers" permit: SignedIn, guard: None, body: 0, duties::bearers, "Whom duties lay with on a day";
    GET "/api/officials" permit: SignedIn, guard: None, body: 0, duties::officials, "Officials by name, for whoever appoints";
    POST "/api/officials" permit: SignedIn, guard: Header, body: SMALL, duties::register, "Register an official by name";
    GET "/api/officials/{person}" permit: SignedIn, guard: None, body: 0, duties::official, "What an official held, and what counts for him";
    GET "/api/handovers/{hash}" permit: With(Read), guard: None, body: 0, duties::handover, "What is handed over, as it was signed";
    GET "/handover/{hash}" permit: With(Read), guard: None, body: 0, duties::handover_page, "The same as a page to print";
    GET "/brief" permit: With(Read), guard: None, body: 0, visits::brief_page, "What to take along to villages, as a page to print";
    GET "/brief.gpx" permit: With(Read), guard: None, body: 0, visits::gpx, "The way through the villages for a navigation app";
    GET "/brief.geojson" permit: With(Read), guard: None, body: 0, visits::geojson, "The way through the villages as GeoJSON";
    GET "/api/topics/candidates" permit: With(Read), guard: None, body: 0, places::topic_candidates, "The same problem in many villages";
    GET "/api/export/{file}" permit: Either(Export, AuditRead), guard: None, body: 0, export::export, "A list as CSV or XLSX";
    GET "/api/map" permit: With(Read), guard: None, body: 0, map::about, "Bounds and layers of the map";
    GET "/api/tiles/{layer}/{z}/{x}/{y}" permit: With(Read), guard: None, body: 0, map::tile, "Vector tile";
    POST "/api/files" permit: With(ProblemsReport), guard: Header, body: UPLOAD, files::upload, "Store a photo";
    GET "/api/files/{hash}" permit: With(Read), guard: None, body: 0, files::get, "A stored file";
    GET "/v1/key/{token}/projects/{project}/formList" permit: KeyInPath, guard: None, body: 0, openrosa::form_list, "OpenRosa: forms offered to a phone";
    GET "/v1/key/{token}/projects/{project}/forms/{form}" permit: KeyInPath, guard: None, body: 0, openrosa::form_xml, "OpenRosa: the form now offered, as {form}.xml";
    GET "/v1/key/{token}/projects/{project}/forms/{form}/manifest" permit: KeyInPath, guard: None, body: 0, openrosa::manifest, "OpenRosa: files of the form now offered";
    GET "/v1/key/{token}/projects/{project}/forms/{form}/attachments/{name}" permit: KeyInPath, guard: None, body: 0, openrosa::attachment, "OpenRosa: one of these files";
    GET "/v1/key/{token}/projects/{project}/forms/{form}/versions/{version}" permit: KeyInPath, guard: None, body: 0, openrosa::version_xml, "OpenRosa: a version of a form, as {version}.xml; ___ where it has none";
    GET "/v1/key/{token}/projects/{project}/forms/{form}/versions/{version}/manifest" permit: KeyInPath, guard: None, body: 0, openrosa::version_manifest, "OpenRosa: files of a version";
    GET "/v1/key/{token}/projects/{project}/forms/{form}/versions/{version}/attachments/{name}" permit: KeyInPath, guard: None, body: 0, openrosa::version_attachment, "OpenRosa: a file of a version";
    HEAD "/v1/key/{token}/projects/{project}/submission" permit: KeyInPath, guard: None, body: 0, openrosa::before_submission, "OpenRosa: how much may be sent at a time";
    POST "/v1/key/{token}/projects/{project}/submission" permit: KeyInPath, guard: Key, body: PARCEL, openrosa::submission, "OpenRosa: hand in a filled form";
    POST "/v1/sessions" permit: Public, guard: Key, body: SMALL, central::sign_in, "ODK Central: a session for a program";
    GET "/v1/users/current" permit: Bearer, guard: None, body: 0, central::current_user, "ODK Central: who is signed in";
    GET "/v1/projects" permit: Bearer, guard: None, body: 0, central::projects, "ODK Central: organisations within reach";
    GET "/v1/projects/{project}" permit: Bearer, guard: None, body: 0, central::project, "ODK Central: one organisation";
    GET "/v1/projects/{project}/forms" permit: Bearer, guard: None, body: 0, central::forms, "ODK Central: published forms";
    GET "/v1/projects/{project}/forms/{form}" permit: Bearer, guard: None, body: 0, central::form, "ODK Central: one form; as {form}.xml its XML";
    GET "/v1/projects/{project}/forms/{form}/{*resource}" permit: Bearer, guard: None, body: 0, odata::resource, "OData of a form, as {form}.svc: $metadata, its tables, and one submission";
    GET "/v1/projects/{project}/forms/{form}/submissions" permit: Bearer, guard: None, body: 0, central::submissions, "ODK Central: submissions, the newest first";
    POST "/v1/projects/{project}/forms/{form}/submissions" permit: Bearer, guard: Key, body: UPLOAD, central::hand_in, "ODK Central: hand in a filled form as XML";
    GET "/v1/projects/{project}/forms/{form}/submissions/{instance}" permit: Bearer, guard: None, body: 0, central::submission, "ODK Central: one submission; as {instance}.xml its XML";
    GET "/v1/projects/{project}/forms/{form}/submissions/{instance}/attachments" permit: Bearer, guard: None, body: 0, central::attachments, "ODK Central: files of a submission";
    GET "/v1/projects/{project}/forms/{form}/submissions/{instance}/attachments/{name}" permit: Bearer, guard: None, body: 0, central::attachment, "ODK Central: a file of a submission";
    POST "/v1/projects/{project}/forms/{form}/submissions/{instance}/attachments/{name}" permit: Bearer, guard: Key, body: UPLOAD, central::give_attachment, "ODK Central: give a file of a submission";
    POST "/v1/projects/{project}/forms" permit: Bearer, guard: Key, body: UPLOAD, central_drafts::create, "ODK Central: a form, as XForm XML or a workbook";
    GET "/v1/projects/{project}/forms/{form}/attachments" permit: Bearer, guard: None, body: 0, central_drafts::files, "ODK Central: files of the version that counts";
    GET "/v1/projects/{project}/forms/{form}/versions" permit: Bearer, guard: None, body: 0, central_drafts::versions, "ODK Central: published versions, the newest first";
    GET "/v1/projects/{project}/forms/{form}/versions/{version}" permit: Bearer, guard: None, body: 0, central_drafts::version, "ODK Central: one version; as {version}.xml its XML";
    GET "/v1/projects/{project}/forms/{form}/draft" permit: Bearer, guard: None, body: 0, central_drafts::draft, "ODK Central: the version that was never published";
    GET "/v1/projects/{project}/forms/{form}/draft.xml" permit: Bearer, guard: None, body: 0, central_drafts::draft_xml, "ODK Central: its XML";
    POST "/v1/projects/{project}/forms/{form}/draft" permit: Bearer, guard: Key, body: UPLOAD, central_drafts::begin, "ODK Central: bring the next version, or a copy of the published one";
    DELETE "/v1/projects/{project}/forms/{form}/draft" permit: Bearer, guard: Key, body: 0, central_drafts::drop_draft, "ODK Central: take the draft back";
    POST "/v1/projects/{project}/forms/{form}/draft/publish" permit: Bearer, guard: Key, body: SMALL, central_drafts::publish, "ODK Central: offer the draft, under another version if one is named";
    GET "/v1/projects/{project}/forms/{form}/draft/attachments" permit: Bearer, guard: None, body: 0, central_drafts::draft_files, "ODK Central: files of the draft";
    POST "/v1/projects/{project}/forms/{form}/draft/attachments/{name}" permit: Bearer, guard: Key, body: UPLOAD, central_drafts::give_file, "ODK Central: give a file of the draft";
    POST "/v1/projects/{project}/forms/{form}/assignments/{role}/{actor}" permit: Bearer, guard: Key, body: SMALL, central_phones::assign, "ODK Central: whether a phone is offered a form";
    PUT "/v1/projects/{project}/forms/{form}/submissions/{instance}" permit: Bearer, guard: Key, body: UPLOAD, central_reviews::edit, "ODK Central: an edit of a submission";
    PATCH "/v1/projects/{project}/forms/{form}/submissions/{instance}" permit: Bearer, guard: Key, body: SMALL, central_reviews::review, "ODK Central: review a submission";
    GET "/v1/projects/{project}/forms/{form}/submissions/{instance}/comments" permit: Bearer, guard: None, body: 0, central_reviews::comments, "ODK Central: what was said about a submission";
    POST "/v1/projects/{project}/forms/{form}/submissions/{instance}/comments" permit: Bearer, guard: Key, body: SMALL, central_reviews::comment, "ODK Central: say something about a submission";
    GET "/v1/projects/{project}/forms/{form}/submissions/{instance}/versions" permit: Bearer, guard: None, body: 0, central_reviews::versions, "ODK Central: a submission and what it replaced";
    GET "/v1/projects/{project}/forms/{form}/submissions/{instance}/versions/{version}" permit: Bearer, guard: None, body: 0, central_reviews::version, "ODK Central: one of them; as {version}.xml its XML";
    GET "/v1/projects/{project}/app-users" permit: Bearer, guard: None, body: 0, central_phones::list, "ODK Central: keys of phones";
    POST "/v1/projects/{project}/app-users" permit: Bearer, guard: Key, body: SMALL, central_phones::create, "ODK Central: a key for a phone";
    GET "/v1/projects/{project}/datasets" permit: Bearer, guard: None, body: 0, central_entities::datasets, "ODK Central: entity lists: places, and CSV files of forms";
    GET "/v1/projects/{project}/datasets/{dataset}" permit: Bearer, guard: None, body: 0, central_entities::dataset, "ODK Central: one list with its properties";
    GET "/v1/projects/{project}/datasets/{dataset}/entities" permit: Bearer, guard: None, body: 0, central_entities::entities, "ODK Central: its entities";
    GET "/v1/projects/{project}/datasets/{dataset}/entities.csv" permit: Bearer, guard: None, body: 0, central_entities::entities_csv, "ODK Central: the same as CSV";
    GET "/v1/projects/{project}/datasets/{dataset}/entities/{entity}" permit: Bearer, guard: None, body: 0, central_entities::entity, "ODK Central: one entity with its values";
    GET "/v1/projects/{project}/datasets/{dataset}/Entities" permit: Bearer, guard: None, body: 0, central_entities::table, "ODK Central: its entities as OData, as {dataset}.svc/Entities";
    POST "/api/forms" permit: With(SurveysManage), guard: Header, body: UPLOAD, surveys::upload, "Bring a version of a form, as XForm XML";
    GET "/api/forms/{form}/versions/{version}/xml" permit: With(Read), guard: None, body: 0, surveys::form_xml, "A version of a form; ___ where it has none";
    GET "/api/forms/{form}/versions/{version}/files/{name}" permit: With(Read), guard: None, body: 0, surveys::form_file, "A file of a version";
    POST "/api/forms/{form}/versions/{version}/files/{name}" permit: With(SurveysManage), guard: Header, body: UPLOAD, surveys::give_file, "Give a file that a version needs";
    GET "/api/forms/{form}/questions" permit: With(Read), guard: None, body: 0, mapping::questions, "What a form asks, computes and notes";
    POST "/api/forms/{form}/mapping/trial" permit: With(SurveysManage), guard: Header, body: SMALL, mapping::try_it, "What a mapping would make of the submissions that are there";
    GET "/api/forms/{form}/{file}" permit: With(Export), guard: None, body: 0, submission_export::export, "Submissions of a form: submissions.csv, .xlsx, .geojson or .zip";
    GET "/api/places/{id}/forms" permit: With(SurveysSubmit), guard: None, body: 0, surveys::offered_at, "Forms offered at a place, its own and those of the places above";
    POST "/api/submissions" permit: With(SurveysSubmit), guard: Header, body: PARCEL, surveys::hand_in, "Hand in a filled form";
    GET "/api/submissions/{submission}" permit: With(Read), guard: None, body: 0, surveys::submission, "A filled form with its answers as they stand there";
    GET "/api/submissions/{submission}/xml" permit: With(Read), guard: None, body: 0, surveys::submission_xml, "The same, byte for byte";
    GET "/api/submissions/{submission}/files/{name}" permit: With(Read), guard: None, body: 0, surveys::submission_file, "A file that came with it";
    GET "/api/campaigns" permit: With(Read), guard: None, body: 0, campaigns::list, "Survey campaigns that come to one's places, with how far they are";
    GET "/api/campaigns/forecast" permit: With(SurveysManage), guard: None, body: 0, campaigns::forecast_told, "What a campaign would ask of villages";
    GET "/api/campaigns/{campaign}/coverage" permit: With(Read), guard: None, body: 0, campaigns::coverage, "Which village was visited in a campaign, and which never";
    GET "/api/campaigns/{campaign}/coverage/{file}" permit: With(Export), guard: None, body: 0, campaigns::coverage_export, "The same as coverage.csv or coverage.xlsx";
    GET "/api/coverage" permit: With(Read), guard: None, body: 0, campaigns::coverage_of_form, "Which village had a submission since a day, and which none";
    GET "/api/coverage/{file}" permit: With(Export), guard: None, body: 0, campaigns::coverage_of_form_export, "The same as coverage.csv or coverage.xlsx";
    GET "/api/burden" permit: With(Read), guard: None, body: 0, campaigns::burden, "What surveys asked of villages in a month";
    GET "/api/burden/{file}" permit: With(Export), guard: None, body: 0, campaigns::burden_export, "The same as burden.csv or burden.xlsx";
    GET "/api/catalogue" permit: With(Read), guard: None, body: 0, planning::catalogue, "The catalogue of works and the standards that hold at a place";
    GET "/api/catalogue/{file}" permit: With(Export), guard: None, body: 0, planning::catalogue_export, "The catalogue as catalogue.csv or catalogue.xlsx";
    GET "/api/needs" permit: With(Read), guard: None, body: 0, planning::needs, "What villages are in need of, by kind of work";
    GET "/api/needs/{file}" permit: With(Export), guard: None, body: 0, planning::needs_export, "The same as needs.csv or needs.xlsx";
    POST "/api/briefs/{brief}/search" permit: With(PlanningEdit), guard: Header, body: SMALL, planning::search::begin, "Begin to search for a plan within a brief";
    GET "/api/searches/{search}" permit: With(Read), guard: None, body: 0, planning::search::told, "How far a search is";
    DELETE "/api/searches/{search}" permit: With(PlanningEdit), guard: Header, body: 0, planning::search::cancel, "Cancel a search; it leaves no plan";
    GET "/api/plans/{plan}" permit: With(Read), guard: None, body: 0, planning::plan, "A plan by village, year and source";
    GET "/api/plans/{plan}/{file}" permit: With(Export), guard: None, body: 0, planning::plan_export, "Its works as works.csv or works.xlsx; instance.json and plan.json in the exchange format";
    GET "/api/my/assignments" permit: With(SurveysSubmit), guard: None, body: 0, campaigns::mine, "Where one is to go in survey campaigns";
    GET "/api/persons/{id}" permit: With(Read), guard: None, body: 0, persons::masked, "Particulars of a private person, masked";
    POST "/api/persons/{id}/unmask" permit: PersonWith(ParticularsUnmask), guard: Header, body: SMALL, persons::unmask, "Particulars in full, for a reason that is recorded first";
    POST "/api/persons/{id}/export" permit: PersonWith(ParticularsUnmask), guard: Header, body: SMALL, persons::export, "All that is held about a private person, for a reason that is recorded first";
    GET "/api/openapi.json" permit: Public, guard: None, body: 0, openapi::get, "This reference";
    GET "/healthz" permit: Public, guard: None, body: 0, operations::health, "Whether it works";
    GET "/metrics" permit: Loopback, guard: None, body: 0, operations::metrics, "Figures for Prometheus";
}

/// The router over the table.
pub fn router(app: Arc<App>) -> Router {
    let packed = |of: &'static str| NotForContentType::const_new(of);
    let smaller = DefaultPredicate::new().and(packed(PACKED[0])).and(packed(PACKED[1]));
    let mut router = Router::new();
    for route in table() {
        let app = app.clone();
        let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
        let route = Arc::new(route);
        let path = route.path;
        let served = move |params: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            let (app, route) = (app.clone(), route.clone());
            async move {
                match params {
                    Ok(params) => serve(app, route, params, request).await,
                    // Bytes that are no text name nothing.
                    Err(_) => refusal(&app, &request, Problem::not_found()),
                }
            }
        };
        router = router.route(path, on(filter, served));
    }
    let (missing, wrong) = (app.clone(), app.clone());
    router
        .fallback(move |request: Request| {
            let app = missing.clone();
            async move { refusal(&app, &request, Problem::not_found()) }
        })
        .method_not_allowed_fallback(move |request: Request| {
            let app = wrong.clone();
            async move { refusal(&app, &request, Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed")) }
        })
        .layer(DefaultBodyLimit::disable())
        .layer(CompressionLayer::new().compress_when(smaller))
}

/// Archives and workbooks are compressed already.
const PACKED: [&str; 2] = ["application/zip", "application/vnd.openxmlformats-officedocument"];

fn refusal(app: &App, request: &Request, problem: Problem) -> Response<Body> {
    finish(
        app,
        request.uri().path(),
        told(
            app,
            problem,
            language_of(request.uri().query(), request.headers()),
            Dialect::of(request.uri().path(), request.headers()),
        ),
    )
}

/// How whoever asks is told no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dialect {
    /// A page, for people who follow links.
    Page,
    /// A document, for programs.
    Document,
    /// As surveying apps understand it.
    OpenRosa,
}

impl Dialect {
    fn of(path: &str, headers: &axum::http::HeaderMap) -> Dialect {
        let asks_page = || headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|a| a.contains("text/html"));
        match path {
            p if p.starts_with("/v1/key/") => Dialect::OpenRosa,
            p if !p.starts_with("/api/") && asks_page() => Dialect::Page,
            _ => Dialect::Document,
        }
    }
}

fn told(app: &App, problem: Problem, language: Language, dialect: Dialect) -> Answer {
    let mut problem = problem;
    if let Some(what) = &problem.accident {
        let id = app.accidents.lock().map_or(0, |mut n| {
            *n += 1;
            *n
        });
        tracing::error!(accident = id, what, "accident");
        problem = problem.arg("id", id);
    }
    match dialect {
        Dialect::Page => return public::refusal_page(app, &problem, language).status(problem.status),
        Dialect::OpenRosa => return openrosa::refusal(&problem, language),
        Dialect::Document => {}
    }
    let document = problem.document(language, app.settings.demo).to_string().into_bytes();
    Answer::bytes("application/problem+json", document).status(problem.status)
}

async fn serve(app: Arc<App>, route: Arc<Route>, params: RawPathParams, request: Request) -> Response<Body> {
    let began = Instant::now();
    let (mut parts, body) = request.into_parts();
    // HTTP/2 sends no Host: what it has instead stands in the address.
    if let Some(authority) = parts.uri.authority().and_then(|a| HeaderValue::from_str(a.as_str()).ok()) {
        parts.headers.entry(header::HOST).or_insert(authority);
    }
    let client = client_of(&app, &parts.extensions, &parts.headers);
    let language = language_of(parts.uri.query(), &parts.headers);
    let dialect = Dialect::of(route.path, &parts.headers);
    let parcel = route.body_max == PARCEL;
    // Its room is given back when the answer is made.
    let (body, later, _room) = match parcel {
        true => (bytes::Bytes::new(), Some((body, parts.headers.clone())), None),
        false => match app.room.read(body, &parts.headers, route.body_max).await {
            Ok((body, room)) => (body, None, room),
            Err(problem) => return finish(&app, parts.uri.path(), told(&app, problem, language, dialect)),
        },
    };
    let query = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .map(|(n, v)| (n.into_owned(), v.into_owned()))
        .collect();
    let path = params.iter().map(|(_, v)| v.to_owned()).collect();
    let now_ms = app.now_ms();
    let headers = parts.headers;
    let ask = Ask { app: app.clone(), caller: None, path, query, headers, body, parcel: None, client, language, now_ms };
    let handled = match later {
        None => {
            let table_row = route.clone();
            tokio::task::spawn_blocking(move || handle(&table_row, ask, dialect)).await.ok()
        }
        Some((body, headers)) => handle_parcel(&route, ask, dialect, body, &headers).await,
    };
    let mut answer = handled.unwrap_or_else(|| told(&app, Problem::accident("a handler broke off"), language, dialect));
    // What is for somebody, or was asked for with a key in the address, is kept nowhere unless its handler says how.
    let for_somebody = route.permit != Permit::Public || route.path == "/key/{key}";
    if for_somebody && !answer.headers.iter().any(|(name, _)| *name == header::CACHE_CONTROL) {
        answer = answer.with(header::CACHE_CONTROL, "no-store");
    }
    app.metrics.request(route.path, answer.status.as_u16(), began.elapsed());
    tracing::debug!(method = %route.method, path = if route.path.contains("/key/") { route.path } else { parts.uri.path() }, status = answer.status.as_u16(), ms = began.elapsed().as_millis(), "request");
    finish(&app, parts.uri.path(), answer)
}

fn handle(route: &Route, mut ask: Ask, dialect: Dialect) -> Answer {
    let result = enter(route, &mut ask).and_then(|()| (route.handler)(&ask));
    answer(route, &ask, dialect, result)
}

/// The door first, and the parcel after it: nobody sends a hundred megabytes to be told that he may not.
async fn handle_parcel(
    route: &Arc<Route>,
    mut ask: Ask,
    dialect: Dialect,
    body: Body,
    headers: &axum::http::HeaderMap,
) -> Option<Answer> {
    let (app, table_row) = (ask.app.clone(), route.clone());
    let (mut ask, entered) = app
        .room
        .in_turn(move || {
            let entered = enter(&table_row, &mut ask);
            (ask, entered)
        })
        .await?;
    let taken = match entered {
        Ok(()) => app.room.take_in(body, headers, route.body_max, &app.store).await,
        Err(problem) => Err(problem),
    };
    let table_row = route.clone();
    let answered = move || {
        let result = taken.and_then(|parcel| {
            ask.parcel = Some(parcel);
            (table_row.handler)(&ask)
        });
        answer(&table_row, &ask, dialect, result)
    };
    app.room.in_turn(answered).await
}

fn answer(route: &Route, ask: &Ask, dialect: Dialect, result: Result<Answer, Problem>) -> Answer {
    if let Err(problem) = &result
        && route.permit != Permit::Public
    {
        audit::refused(ask, route.method.as_str(), route.path, problem);
    }
    match result {
        Ok(answer) => answer,
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED && dialect == Dialect::Page => Answer::see_other("/login"),
        Err(problem) => told(&ask.app, problem, ask.language, dialect),
    }
}

/// The one door for routes.
fn enter(route: &Route, ask: &mut Ask) -> Result<(), Problem> {
    // No name or word holds a NUL, and not every database takes one.
    if ask.path.iter().any(|p| p.contains('\0')) {
        return Err(Problem::not_found());
    }
    if ask.query.iter().any(|(n, v)| n.contains('\0') || v.contains('\0')) {
        return Err(Problem::bad_query("NUL"));
    }
    ask.caller = match route.permit {
        // Whatever else came with it: the key in the address counts.
        Permit::KeyInPath => Some(keys::in_path(ask)?),
        Permit::Bearer => central::caller(ask)?,
        _ => match keys::bearer(ask)? {
            Some(caller) => Some(caller),
            None => session::caller(ask)?,
        },
    };
    let key = ask.caller.as_ref().is_some_and(|c| c.limit.is_some());
    match route.permit {
        Permit::Public => {}
        // A key gives commands within its scope, says who it is, and sees what waits where it may read.
        Permit::SignedIn => {
            let open = ["/api/commands", "/api/session"].contains(&route.path);
            if key && !open && !ask.caller()?.has(Read) {
                return Err(Problem::forbidden());
            }
            session::complete(ask)?;
        }
        Permit::Person => {
            if ask.caller()?.limit.is_some() {
                return Err(Problem::new(StatusCode::FORBIDDEN, "keys/not-here"));
            }
        }
        Permit::With(capability) => {
            session::complete(ask)?;
            if !ask.caller()?.has(capability) {
                return Err(Problem::forbidden());
            }
        }
        Permit::Either(one, other) => {
            session::complete(ask)?;
            let caller = ask.caller()?;
            if !(caller.has(one) || caller.has(other)) {
                return Err(Problem::forbidden());
            }
        }
        Permit::PersonWith(capability) => {
            session::complete(ask)?;
            if key || !ask.caller()?.has(capability) {
                return Err(Problem::forbidden());
            }
        }
        Permit::PersonEither(one, other) => {
            session::complete(ask)?;
            let caller = ask.caller()?;
            if key || !(caller.has(one) || caller.has(other)) {
                return Err(Problem::forbidden());
            }
        }
        Permit::Bearer => {
            ask.caller()?;
            session::complete(ask)?;
        }
        Permit::KeyInPath => {
            if !ask.caller()?.has(SurveysSubmit) {
                return Err(Problem::forbidden());
            }
        }
        Permit::Loopback => {
            if !ask.client.is_loopback() {
                return Err(Problem::not_found());
            }
        }
    }
    if route.guard != Guard::None {
        own_page(ask)?;
    }
    match route.guard {
        Guard::None => Ok(()),
        Guard::Key => ask.header("origin").map_or(Ok(()), |_| same_site(ask)),
        // No browser sends a key by itself.
        Guard::Header if key || ask.headers.contains_key("x-qianwan") => Ok(()),
        Guard::Header => Err(Problem::new(StatusCode::FORBIDDEN, "cross-site")),
        Guard::Form => same_site(ask),
    }
}

/// Browsers say which site's page is asking, whatever else that page may do; programs say nothing.
fn own_page(ask: &Ask) -> Result<(), Problem> {
    match ask.header("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(Problem::new(StatusCode::FORBIDDEN, "cross-site")),
    }
}

/// A form of another site shows by its origin; a browser too old to send one must bring the session's token.
fn same_site(ask: &Ask) -> Result<(), Problem> {
    let refused = || Problem::new(StatusCode::FORBIDDEN, "cross-site");
    let host = ask.header("host").unwrap_or_default();
    match ask.header("origin") {
        Some("null") => Err(refused()),
        Some(origin) => {
            let (scheme, theirs) = origin.split_once("://").unwrap_or_default();
            // Where we speak TLS, a page that came without it may have been written by anybody on the way.
            let untouched = scheme == "https" || !ask.app.settings.secure_cookies;
            (theirs == host && untouched).then_some(()).ok_or_else(refused)
        }
        None => match &ask.caller {
            None => Ok(()),
            // A key is no session, and nobody's form.
            Some(caller) if caller.csrf.is_empty() => Err(refused()),
            Some(caller) => {
                let form = public::Form::read(ask)?;
                let same = form.get("csrf").is_some_and(|given| bool::from(given.as_bytes().ct_eq(caller.csrf.as_bytes())));
                same.then_some(()).ok_or_else(refused)
            }
        },
    }
}

fn client_of(app: &App, extensions: &axum::http::Extensions, headers: &axum::http::HeaderMap) -> IpAddr {
    let direct = extensions.get::<ConnectInfo<SocketAddr>>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |c| c.0.ip());
    if !app.settings.behind_proxy {
        return direct;
    }
    // The last address is the one our own proxy saw.
    let forwarded = headers.get("x-forwarded-for").and_then(|v| v.to_str().ok()).and_then(|v| v.rsplit(',').next());
    forwarded.and_then(|a| a.trim().parse().ok()).unwrap_or(direct)
}

fn language_of(query: Option<&str>, headers: &axum::http::HeaderMap) -> Language {
    let from_query = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(n, _)| n == "lang")
        .and_then(|(_, v)| Language::from_tag(&v));
    let header_text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let from_cookie = || {
        let cookies = header_text(header::COOKIE)?;
        cookies.split(';').find_map(|c| c.trim().strip_prefix("qw_lang=")).and_then(Language::from_tag)
    };
    let from_header = || header_text(header::ACCEPT_LANGUAGE).and_then(Language::from_tag);
    from_query.or_else(from_cookie).or_else(from_header).unwrap_or(Language::Chinese)
}

/// What every answer carries.
const CONTENT_SECURITY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

fn finish(app: &App, path: &str, answer: Answer) -> Response<Body> {
    let mut response = answer.into_response();
    let headers = response.headers_mut();
    headers.insert("content-security-policy", HeaderValue::from_static(CONTENT_SECURITY));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.entry("referrer-policy").or_insert(HeaderValue::from_static("same-origin"));
    headers.insert("permissions-policy", HeaderValue::from_static("geolocation=(self), camera=(self), microphone=()"));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    headers.insert("x-frame-options", HeaderValue::from_static("DENY"));
    if app.settings.secure_cookies {
        headers.insert("strict-transport-security", HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        let private = path.starts_with("/api/");
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(if private { "no-store" } else { "no-cache" }));
    }
    if app.settings.demo {
        headers.insert("qianwan-demo", HeaderValue::from_static("1"));
    }
    response
}
