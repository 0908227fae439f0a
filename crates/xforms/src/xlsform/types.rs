//! What the sheets may say: types of questions, headers, parameters, and their other names.

use super::table::Headers;

/// A type of question: what it puts into the body and what into its bind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Type {
    /// Name of the control; nothing for what is not seen, `action` for what only acts.
    pub control: &'static str,
    /// Kind of medium of an upload.
    pub media: &'static str,
    /// Attributes of the bind.
    pub bind: &'static [(&'static str, &'static str)],
    /// A hint, if the row has none.
    pub hint: &'static str,
}

const fn plain(control: &'static str, bind: &'static [(&'static str, &'static str)]) -> Type {
    Type { control, media: "", bind, hint: "" }
}

const fn upload(media: &'static str) -> Type {
    Type { control: "upload", media, bind: &[("type", "binary")], hint: "" }
}

const fn limited(bind: &'static [(&'static str, &'static str)], hint: &'static str) -> Type {
    Type { control: "input", media: "", bind, hint }
}

macro_rules! preload {
    ($kind:literal, $type:literal, $what:literal) => {
        plain("", &[("jr:preload", $kind), ("type", $type), ("jr:preloadParams", $what)])
    };
}

const READ_ONLY: &[(&str, &str)] = &[("readonly", "true()"), ("type", "string")];

/// Names, newest first, and what they are. The older names are those of the first spreadsheets for ODK, still in use.
const TYPES: &[(&[&str], Type)] = &[
    (&["text", "string", "q string", "add text prompt"], plain("input", &[("type", "string")])),
    (&["integer", "int", "q int", "add integer prompt"], plain("input", &[("type", "int")])),
    (&["decimal", "q decimal", "add decimal prompt"], plain("input", &[("type", "decimal")])),
    (&["date", "q date", "add date prompt"], plain("input", &[("type", "date")])),
    (&["time"], plain("input", &[("type", "time")])),
    (
        &["dateTime", "datetime", "date time", "q dateTime", "q date time", "add dateTime prompt", "add date time prompt"],
        plain("input", &[("type", "dateTime")]),
    ),
    (&["note", "q note", "add note prompt"], plain("input", READ_ONLY)),
    (
        &["geopoint", "gps", "location", "q geopoint", "q location", "add location prompt"],
        plain("input", &[("type", "geopoint")]),
    ),
    (&["geotrace", "q geotrace"], plain("input", &[("type", "geotrace")])),
    (&["geoshape", "q geoshape"], plain("input", &[("type", "geoshape")])),
    (&["barcode", "q barcode", "add barcode prompt"], plain("input", &[("type", "barcode")])),
    (&["photo", "image", "q picture", "q image", "add image prompt"], upload("image/*")),
    (&["audio", "q audio", "add audio prompt"], upload("audio/*")),
    (&["video", "q video", "add video prompt"], upload("video/*")),
    (&["file", "add file prompt"], upload("application/*")),
    (&["osm"], upload("osm/*")),
    (&["acknowledge", "q acknowledge", "add acknowledge prompt"], plain("trigger", &[("type", "string")])),
    (&["trigger"], plain("trigger", &[])),
    (&["calculate", "q calculate", "add calculate prompt", "hidden"], plain("", &[("type", "string")])),
    (&["select one", "select one using", "add select one prompt using", "q select1"], plain("select1", &[("type", "string")])),
    (
        &["select all that apply", "select multiple using", "add select multiple prompt using", "q select"],
        plain("select", &[("type", "string")]),
    ),
    (&["select one external"], plain("input", &[("type", "string")])),
    (&["rank"], plain("odk:rank", &[("type", "odk:rank")])),
    (&["range"], plain("range", &[("type", "int")])),
    (&["start", "start time", "get start time"], preload!("timestamp", "dateTime", "start")),
    (&["end", "end time", "get end time"], preload!("timestamp", "dateTime", "end")),
    (&["today", "get today"], preload!("date", "date", "today")),
    (&["deviceid", "imei", "device id", "get device id"], preload!("property", "string", "deviceid")),
    (&["subscriberid", "subscriber id", "get subscriber id"], preload!("property", "string", "subscriberid")),
    (&["simserial", "sim id", "get sim id"], preload!("property", "string", "simserial")),
    (&["phonenumber", "get phone number"], preload!("property", "string", "phonenumber")),
    (&["username"], preload!("property", "string", "username")),
    (&["email"], preload!("property", "string", "email")),
    (&["uri:deviceid"], preload!("property", "string", "uri:deviceid")),
    (&["uri:subscriberid"], preload!("property", "string", "uri:subscriberid")),
    (&["uri:simserial"], preload!("property", "string", "uri:simserial")),
    (&["uri:phonenumber"], preload!("property", "string", "uri:phonenumber")),
    (&["uri:username"], preload!("property", "string", "uri:username")),
    (&["uri:email"], preload!("property", "string", "uri:email")),
    (&["audit"], plain("", &[("type", "binary")])),
    (&["start-geopoint"], plain("action", &[("type", "geopoint")])),
    (&["background-audio"], plain("action", &[("type", "binary")])),
    (&["background-geopoint"], plain("trigger", &[("type", "geopoint")])),
    (&["percentage"], limited(&[("type", "int"), ("constraint", "0 <= . and . <= 100")], "")),
    (
        &["number of days in last month"],
        limited(&[("type", "int"), ("constraint", "0 <= . and . <= 31")], "Enter a number 0-31."),
    ),
    (
        &["number of days in last six months"],
        limited(&[("type", "int"), ("constraint", "0 <= . and . <= 183")], "Enter a number 0-183."),
    ),
    (
        &["number of days in last year"],
        limited(&[("type", "int"), ("constraint", "0 <= . and . <= 365")], "Enter a number 0-365."),
    ),
    (&["phone number"], limited(&[("type", "string"), ("constraint", r"regex(., '^\d*$')")], "Enter numbers only.")),
];

/// A type by one of its names.
pub(super) fn question(name: &str) -> Option<&'static Type> {
    TYPES.iter().find(|(names, _)| names.contains(&name)).map(|(_, t)| t)
}

/// The newer name of a type, where the two are not treated alike.
pub(super) fn newer(name: &str) -> &str {
    match name {
        "imei" => "deviceid",
        "image" | "add image prompt" | "add photo prompt" => "photo",
        "add audio prompt" => "audio",
        "add video prompt" => "video",
        "add file prompt" => "file",
        name => name,
    }
}

/// Types that are known and not supported.
pub(super) fn refused(name: &str) -> bool {
    let first = name.split_whitespace().next().unwrap_or_default();
    matches!(first, "include" | "cascading_select") || name.starts_with("cascading select")
}

/// How a question of choices is called, what may follow (never, for a list, for a file), and its type.
const SELECTS: [(&str, &[&str], &str); 11] = [
    ("add select one prompt using", &[""], "select one"),
    ("add select multiple prompt using", &[""], "select all that apply"),
    ("select1", &[""], "select one"),
    ("select_one", &[""], "select one"),
    ("select one", &[" from", "", " from file"], "select one"),
    ("select_multiple", &[""], "select all that apply"),
    ("select all that apply", &[" from", ""], "select all that apply"),
    ("select_one_external", &[""], "select one external"),
    ("select_one_from_file", &[""], "select one"),
    ("select_multiple_from_file", &[""], "select all that apply"),
    ("select multiple", &[" from file"], "select all that apply"),
];

/// A type that asks to choose.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Select<'a> {
    /// Name of the type.
    pub kind: &'static str,
    /// The list or file.
    pub list: &'a str,
    /// Whether the list is said to be a file.
    pub from_file: bool,
    /// Whether "other" may be chosen, and is then asked for.
    pub other: bool,
}

/// Reads a type that asks to choose: its name, the list, perhaps "or other".
pub(super) fn select(text: &str) -> Option<Select<'_>> {
    let names = SELECTS.iter().copied().chain([("rank", &[""][..], "rank")]);
    let mut all = names.flat_map(|(name, tails, kind)| tails.iter().map(move |tail| (name, *tail, kind)));
    all.find_map(|(name, tail, kind)| {
        let rest = text.strip_prefix(name)?.strip_prefix(tail)?.strip_prefix(' ')?;
        let (list, after) = rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len()));
        let other = match after {
            "" => false,
            " or specify other" | " or_other" | " or other" => true,
            _ => return None,
        };
        (!list.is_empty()).then_some(Select { kind, list, from_file: name.ends_with("file") || tail.ends_with("file"), other })
    })
}

/// What can hold questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    /// A group.
    Group,
    /// A repeat.
    Repeat,
    /// A group for each choice of a list.
    Loop,
}

impl Container {
    /// Its name, as the sheet has it.
    pub fn name(self) -> &'static str {
        match self {
            Container::Group => "group",
            Container::Repeat => "repeat",
            Container::Loop => "loop",
        }
    }
}

const CONTAINERS: [(&str, Container); 5] = [
    ("group", Container::Group),
    ("lgroup", Container::Repeat),
    ("repeat", Container::Repeat),
    ("loop", Container::Loop),
    ("looped group", Container::Repeat),
];

/// Reads `begin group`, `begin loop over list`: the container and the list.
pub(super) fn begin(text: &str) -> Option<(Container, Option<&str>)> {
    let rest = text.strip_prefix("begin")?.strip_prefix([' ', '_', '\t', '\n'])?;
    CONTAINERS.iter().find_map(|(name, container)| match rest.strip_prefix(name)? {
        "" => Some((*container, None)),
        list => {
            let list = list.strip_prefix(' ')?;
            let list = list.strip_prefix("over ").unwrap_or(list);
            (!list.is_empty() && !list.contains(char::is_whitespace)).then_some((*container, Some(list)))
        }
    })
}

/// Reads `end group`.
pub(super) fn end(text: &str) -> Option<Container> {
    let rest = text.strip_prefix("end")?.strip_prefix([' ', '_', '\t', '\n'])?;
    CONTAINERS.iter().find(|(name, _)| *name == rest).map(|(_, container)| *container)
}

/// Yes or no, as settings say it.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "true()" => Some(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "false()" => Some(false),
        _ => None,
    }
}

/// Headers of the sheet `survey`.
pub(super) const SURVEY: Headers = Headers {
    known: &[
        "type",
        "name",
        "label",
        "hint",
        "guidance_hint",
        "default",
        "trigger",
        "bind",
        "control",
        "media",
        "instance",
        "parameters",
        "choice_filter",
        "disabled",
        "intent",
        "query",
        "sms_field",
        "itemset",
        "list_name",
        "choices",
        "actions",
    ],
    aliases: &[
        ("compact_tag", &["instance", "odk:tag"]),
        ("read_only", &["bind", "readonly"]),
        ("readonly", &["bind", "readonly"]),
        ("relevant", &["bind", "relevant"]),
        ("relevance", &["bind", "relevant"]),
        ("required", &["bind", "required"]),
        ("constraint", &["bind", "constraint"]),
        ("constraining_message", &["bind", "jr:constraintMsg"]),
        ("constraint_message", &["bind", "jr:constraintMsg"]),
        ("requiredmsg", &["bind", "jr:requiredMsg"]),
        ("required_message", &["bind", "jr:requiredMsg"]),
        ("noapperrorstring", &["bind", "jr:noAppErrorString"]),
        ("no_app_error_string", &["bind", "jr:noAppErrorString"]),
        ("calculation", &["bind", "calculate"]),
        ("calculate", &["bind", "calculate"]),
        ("save_to", &["bind", "entities:saveto"]),
        ("caption", &["label"]),
        ("command", &["type"]),
        ("tag", &["name"]),
        ("value", &["name"]),
        ("image", &["media", "image"]),
        ("big-image", &["media", "big-image"]),
        ("audio", &["media", "audio"]),
        ("video", &["media", "video"]),
        ("appearance", &["control", "appearance"]),
        ("count", &["control", "jr:count"]),
        ("repeat_count", &["control", "jr:count"]),
        ("jr:count", &["control", "jr:count"]),
        ("autoplay", &["control", "autoplay"]),
        ("rows", &["control", "rows"]),
        ("body", &["control"]),
    ],
    required: &["type"],
};

/// Headers of the sheets `choices` and `external_choices`.
pub(super) const CHOICES: Headers = Headers {
    known: &["name", "label", "media", "sms_option"],
    aliases: &[
        ("caption", &["label"]),
        ("list_name", &["list name"]),
        ("value", &["name"]),
        ("image", &["media", "image"]),
        ("big-image", &["media", "big-image"]),
        ("audio", &["media", "audio"]),
        ("video", &["media", "video"]),
    ],
    required: &["name"],
};

/// Headers of the sheet `settings`.
pub(super) const SETTINGS: Headers = Headers {
    known: &[
        "name",
        "title",
        "id_string",
        "version",
        "default_language",
        "style",
        "submission_url",
        "public_key",
        "auto_send",
        "auto_delete",
        "client_editable",
        "instance_xmlns",
        "instance_id",
        "instance_name",
        "namespaces",
        "attribute",
        "omit_instanceID",
        "delimiter",
        "allow_choice_duplicates",
        "clean_text_values",
        "add_none_option",
        "flat",
        "sms_keyword",
        "sms_separator",
        "sms_allow_media",
        "sms_date_format",
        "sms_datetime_format",
        "sms_response",
    ],
    aliases: &[
        ("form_title", &["title"]),
        ("set_form_title", &["title"]),
        ("form_id", &["id_string"]),
        ("set_form_id", &["id_string"]),
        ("prefix", &["prefix"]),
    ],
    required: &[],
};

/// Headers of the sheet `entities`.
pub(super) const ENTITIES: Headers = Headers {
    known: &["dataset", "entity_id", "create_if", "update_if", "repeat", "label"],
    aliases: &[("list_name", &["dataset"])],
    required: &[],
};

/// Kinds of media that a label may have.
pub(super) const MEDIA: [&str; 4] = ["image", "big-image", "audio", "video"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_one_meaning() {
        let mut names: Vec<&str> = TYPES.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn choices_as_types() {
        let [old, old_file] = ["from a or specify other", "from file a.xml"].map(|rest| format!("select one {rest}"));
        let list = |text| select(text).map(|s| (s.kind, s.list, s.from_file, s.other));
        assert_eq!(list("select_one yes_no"), Some(("select one", "yes_no", false, false)));
        assert_eq!(list(&old), Some(("select one", "a", false, true)));
        assert_eq!(list("select_multiple_from_file a.csv"), Some(("select all that apply", "a.csv", true, false)));
        assert_eq!(list(&old_file), Some(("select one", "a.xml", true, false)));
        assert_eq!(list("rank r"), Some(("rank", "r", false, false)));
        assert_eq!(list("select_one ${a}"), Some(("select one", "${a}", false, false)));
        for none in ["select_one", "select_one ", "select_one a b", "selectone a", "text"] {
            assert_eq!(list(none), None, "{none}");
        }
    }

    #[test]
    fn containers_as_types() {
        assert_eq!(begin("begin group"), Some((Container::Group, None)));
        assert_eq!(begin("begin_repeat"), Some((Container::Repeat, None)));
        assert_eq!(begin("begin loop over l"), Some((Container::Loop, Some("l"))));
        assert_eq!(begin("begin lgroup"), Some((Container::Repeat, None)));
        assert_eq!(begin("begin looped group"), Some((Container::Repeat, None)));
        assert_eq!((begin("begin"), begin("begin grou"), begin("begin group a b")), (None, None, None));
        assert_eq!((end("end group"), end("end_repeat"), end("end x")), (Some(Container::Group), Some(Container::Repeat), None));
    }
}
