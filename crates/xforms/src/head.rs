//! What a form and a filled form say of themselves, read in one pass without keeping the document.
//!
//! Nothing here looks at questions or answers: that is a matter for `form` and `evaluation`. A document type declaration is
//! refused, so that no entity is ever expanded; size, depth and the length of what is kept are bounded; only UTF-8 is read.
//! Sources: the ODK XForms specification (sections "metadata", "encryption", "secondary instances", "media") and the OpenRosa
//! metadata schema.
//!
//! Start reading at [`form_head`] and [`submission_head`].

use quick_xml::{
    Decoder, Reader,
    escape::resolve_predefined_entity,
    events::{BytesStart, Event},
};

/// Largest form, bytes.
pub const FORM_MAX: usize = 16 << 20;
/// Largest filled form, bytes; photographs are not in it.
pub const SUBMISSION_MAX: usize = 16 << 20;
/// Elements within one another, at most.
pub const DEPTH_MAX: usize = 200;
/// Characters of an id, a version, a title or the name of a file, at most.
pub const WORD_MAX: usize = 200;
/// Files that a form needs or a filled form mentions, at most.
pub const FILES_MAX: usize = 1000;

/// What a file of a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A film.
    Video,
    /// Data: CSV, GeoJSON or XML beside the form.
    Data,
}

/// A file that a form needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededFile {
    /// Its name.
    pub name: String,
    /// What for.
    pub kind: FileKind,
}

/// What a form says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormHead {
    /// Form id: the attribute `id` of the first instance, or its namespace where it has none.
    pub id: String,
    /// Version; none where it says none.
    pub version: Option<String>,
    /// Title; the form id where it has none.
    pub title: String,
    /// Name of the root element of what is filled in.
    pub root: String,
    /// Namespace of that element.
    pub root_namespace: Option<String>,
    /// Files that it needs, each name once, in the order of mention.
    pub files: Vec<NeededFile>,
    /// Whether what is filled in comes encrypted.
    pub encrypted: bool,
    /// Paths of questions that are answered with a file.
    pub file_questions: Vec<String>,
}

/// What a filled form says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmissionHead {
    /// Name of the root element.
    pub root: String,
    /// Its namespace.
    pub root_namespace: Option<String>,
    /// Form id.
    pub id: String,
    /// Version; none where it names none.
    pub version: Option<String>,
    /// The instance.
    pub instance: String,
    /// The instance that it replaces.
    pub deprecated: Option<String>,
    /// Whether the answers are encrypted.
    pub encrypted: bool,
    /// Names of the files that it mentions, each once.
    pub mentioned: Vec<String>,
}

/// Why nothing could be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Larger than is read.
    #[error("larger than {max} bytes")]
    TooLarge {
        /// Most bytes.
        max: usize,
    },
    /// Not UTF-8, or said to be something else.
    #[error("not UTF-8")]
    NotUtf8,
    /// A document type declaration.
    #[error("a document type declaration, which could name anything")]
    Doctype,
    /// Deeper than is read.
    #[error("more than {max} elements within one another")]
    TooDeep {
        /// Most.
        max: usize,
    },
    /// Not well-formed, broken off included.
    #[error("not XML, from byte {at}: {why}")]
    NotXml {
        /// Where.
        at: u64,
        /// Why, in English.
        why: String,
    },
    /// XML, and no form.
    #[error("no form: {missing} is missing")]
    Missing {
        /// What is missing.
        missing: Part,
    },
    /// Said twice, with two meanings.
    #[error("{part} is said twice")]
    Twice {
        /// What.
        part: Part,
    },
    /// Longer than an id, version, title or name of a file may be, or a name that leads elsewhere.
    #[error("{part} is too long or no name: {found:?}")]
    BadWord {
        /// What.
        part: Part,
        /// Its beginning.
        found: String,
    },
    /// More files than are kept.
    #[error("more than {max} files")]
    TooManyFiles {
        /// Most.
        max: usize,
    },
}

/// A part of a form or a filled form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The element with the model.
    Model,
    /// The first instance.
    Instance,
    /// The root element.
    Root,
    /// The id of the form.
    FormId,
    /// Its version.
    Version,
    /// Its title.
    Title,
    /// The id of the instance.
    InstanceId,
    /// The id of the instance that is replaced.
    DeprecatedId,
    /// The name of a file.
    FileName,
    /// The path of a question.
    Path,
}

impl Part {
    /// The word in locale files.
    pub fn word(self) -> &'static str {
        match self {
            Part::Model => "model",
            Part::Instance => "instance",
            Part::Root => "root",
            Part::FormId => "form_id",
            Part::Version => "version",
            Part::Title => "title",
            Part::InstanceId => "instance_id",
            Part::DeprecatedId => "deprecated_id",
            Part::FileName => "file_name",
            Part::Path => "path",
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

type Result<T> = std::result::Result<T, HeadError>;

/// One step through a document.
enum Step<'a> {
    /// An element begins.
    Open(Element),
    /// Text within the innermost element.
    Text(std::borrow::Cow<'a, str>),
    /// The innermost element ends.
    Close,
}

/// A start tag.
struct Element {
    /// Name without its prefix.
    name: String,
    /// Attributes in order, names as written.
    attributes: Vec<(String, String)>,
}

impl Element {
    /// The attribute of this name, whatever its prefix; the one without wins.
    fn get(&self, name: &str) -> Option<&str> {
        let plain = self.attributes.iter().find(|(n, _)| n == name);
        let local = |n: &str| n.rsplit_once(':').is_some_and(|(prefix, local)| local == name && prefix != "xmlns");
        plain.or_else(|| self.attributes.iter().find(|(n, _)| local(n))).map(|(_, v)| v.as_str())
    }

    /// The attribute of exactly this name.
    fn plain(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Goes through a document, with all bounds.
fn walk(bytes: &[u8], max: usize, mut each: impl FnMut(Step<'_>) -> Result<()>) -> Result<()> {
    if bytes.len() > max {
        return Err(HeadError::TooLarge { max });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| HeadError::NotUtf8)?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    if text.contains('\0') {
        return Err(HeadError::NotUtf8);
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut roots) = (0_usize, 0_usize);
    loop {
        let at = reader.buffer_position();
        let broken = |why: String| HeadError::NotXml { at, why };
        match reader.read_event().map_err(|e| broken(e.to_string()))? {
            Event::Start(tag) => {
                if depth == 0 {
                    roots += 1;
                    if roots > 1 {
                        return Err(broken("a second root element".into()));
                    }
                }
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(HeadError::TooDeep { max: DEPTH_MAX });
                }
                each(Step::Open(element(&tag, reader.decoder()).map_err(broken)?))?;
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                each(Step::Close)?;
            }
            Event::Text(said) => {
                let said = said.decode().map_err(|e| broken(e.to_string()))?;
                if depth > 0 {
                    each(Step::Text(said))?;
                } else if !said.trim().is_empty() {
                    return Err(broken("text outside the root element".into()));
                }
            }
            Event::CData(said) => {
                let said = said.decode().map_err(|e| broken(e.to_string()))?;
                each(Step::Text(said))?;
            }
            Event::GeneralRef(named) => {
                let name = named.decode().map_err(|e| broken(e.to_string()))?;
                let character = named.resolve_char_ref().map_err(|e| broken(e.to_string()))?.map(String::from);
                let said = character.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                each(Step::Text(said.ok_or_else(|| broken(format!("an unknown entity {name:.40}")))?.into()))?;
            }
            Event::DocType(_) => return Err(HeadError::Doctype),
            Event::Decl(declared) => {
                let encoding = declared.encoding().transpose().map_err(|e| broken(e.to_string()))?;
                if encoding.is_some_and(|e| !e.eq_ignore_ascii_case(b"utf-8") && !e.eq_ignore_ascii_case(b"us-ascii")) {
                    return Err(HeadError::NotUtf8);
                }
            }
            Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            Event::Eof => {
                return match (depth, roots) {
                    (0, 0) => Err(broken("no root element".into())),
                    (0, _) => Ok(()),
                    _ => Err(broken("broken off".into())),
                };
            }
        }
    }
}

fn element(tag: &BytesStart<'_>, decoder: Decoder) -> std::result::Result<Element, String> {
    let utf8 = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(|e| e.to_string());
    let mut attributes = Vec::new();
    // With checks: an attribute that stands twice is an error.
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute.decode_and_unescape_value(decoder).map_err(|e| e.to_string())?;
        attributes.push((utf8(attribute.key.as_ref())?, value.into_owned()));
    }
    Ok(Element { name: utf8(tag.local_name().as_ref())?, attributes })
}

/// A word of bounded length, trimmed.
fn word(part: Part, raw: &str) -> Result<String> {
    let trimmed = raw.trim();
    match trimmed.chars().count() <= WORD_MAX {
        true => Ok(trimmed.to_owned()),
        false => Err(HeadError::BadWord { part, found: trimmed.chars().take(40).collect() }),
    }
}

/// MD5 of a file in hexadecimal, as phones compare it.
pub fn md5(bytes: &[u8]) -> String {
    use md5::Digest as _;
    md5::Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a file: no path, and nothing that leads elsewhere.
///
/// # Errors
/// It is no such name.
pub fn file_name(raw: &str) -> Result<String> {
    let name = word(Part::FileName, raw)?;
    let bad = name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\']) || name.chars().any(char::is_control);
    if bad { Err(HeadError::BadWord { part: Part::FileName, found: name.chars().take(40).collect() }) } else { Ok(name) }
}

/// Puts what may be said once; the same twice is said once.
fn once(slot: &mut Option<String>, part: Part, value: String) -> Result<()> {
    match slot {
        Some(before) if *before != value => Err(HeadError::Twice { part }),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn push_unique(names: &mut Vec<String>, name: String) -> Result<()> {
    if names.contains(&name) {
        return Ok(());
    }
    if names.len() >= FILES_MAX {
        return Err(HeadError::TooManyFiles { max: FILES_MAX });
    }
    names.push(name);
    Ok(())
}

/// The namespace of a root element: that of its prefix is not looked for, since forms and answers use the default one.
fn namespace(root: &Element) -> Option<String> {
    root.plain("xmlns").map(str::to_owned)
}

/// The file that a `jr://` address names; none where it names something else.
fn needed(address: &str) -> Result<Option<NeededFile>> {
    let Some(rest) = address.trim().strip_prefix("jr://") else { return Ok(None) };
    let Some((folder, name)) = rest.split_once('/') else { return Ok(None) };
    let kind = match folder {
        "images" => FileKind::Image,
        "audio" => FileKind::Audio,
        "video" => FileKind::Video,
        "file" | "file-csv" => FileKind::Data,
        // jr://instance/last-saved and whatever else the phone has itself.
        _ => return Ok(None),
    };
    // In the value of a question without an answer only the folder is named.
    if name.is_empty() || name == "-" { Ok(None) } else { Ok(Some(NeededFile { name: file_name(name)?, kind })) }
}

/// Files that `search('name', …)` in an appearance looks up: a CSV of that name.
fn searched(appearance: &str) -> Result<Option<NeededFile>> {
    let Some(inside) = appearance.trim().strip_prefix("search").and_then(|r| r.trim_start().strip_prefix('(')) else {
        return Ok(None);
    };
    let inside = inside.trim_start();
    let Some(quote) = inside.chars().next().filter(|c| matches!(c, '\'' | '"')) else { return Ok(None) };
    let Some(name) = inside[1..].split(quote).next().filter(|n| !n.is_empty()) else { return Ok(None) };
    let name = if name.ends_with(".csv") { name.to_owned() } else { format!("{name}.csv") };
    Ok(Some(NeededFile { name: file_name(&name)?, kind: FileKind::Data }))
}

/// Reads what a form says of itself.
///
/// # Errors
/// Why it is no form, or none that is read.
pub fn form_head(bytes: &[u8]) -> Result<FormHead> {
    let mut path: Vec<String> = Vec::new();
    let mut said = String::new();
    let (mut model, mut instance, mut title) = (false, 0_u32, None);
    let (mut root, mut root_namespace, mut id, mut version) = (None::<String>, None, None, None);
    let (mut files, mut file_questions, mut encrypted) = (Vec::<NeededFile>::new(), Vec::new(), false);
    let mut keep = |file: Option<NeededFile>| -> Result<()> {
        let Some(file) = file else { return Ok(()) };
        if files.iter().any(|f| f.name == file.name) {
            return Ok(());
        }
        if files.len() >= FILES_MAX {
            return Err(HeadError::TooManyFiles { max: FILES_MAX });
        }
        files.push(file);
        Ok(())
    };
    walk(bytes, FORM_MAX, |step| {
        match step {
            Step::Open(element) => {
                said.clear();
                let parent = path.last().map(String::as_str).unwrap_or_default();
                match (path.len(), parent, element.name.as_str()) {
                    (2, "head", "model") => {
                        if model {
                            return Err(HeadError::Twice { part: Part::Model });
                        }
                        model = true;
                    }
                    (3, "model", "instance") => {
                        instance += 1;
                        keep(element.plain("src").map(needed).transpose()?.flatten())?;
                    }
                    (3, "model", "submission") => {
                        encrypted |= element.get("base64RsaPublicKey").is_some_and(|k| !k.trim().is_empty())
                    }
                    (3, "model", "bind")
                        if element.plain("type").is_some_and(|t| t == "binary" || t.ends_with(":base64Binary")) =>
                    {
                        let nodeset = element.plain("nodeset").or(element.plain("ref")).unwrap_or_default().trim();
                        if nodeset.chars().count() > 500 {
                            let found = nodeset.chars().take(40).collect();
                            return Err(HeadError::BadWord { part: Part::Path, found });
                        }
                        push_unique(&mut file_questions, nodeset.to_owned())?;
                    }
                    // The first element of the first instance is what is filled in.
                    (4, "instance", _) if instance == 1 && root.is_none() => {
                        root = Some(word(Part::Root, &element.name)?);
                        root_namespace = namespace(&element);
                        id = element.plain("id").map(|v| word(Part::FormId, v)).transpose()?;
                        version = element.get("version").map(|v| word(Part::Version, v)).transpose()?;
                    }
                    (4, "instance", _) if instance == 1 => return Err(HeadError::Twice { part: Part::Root }),
                    _ => {}
                }
                keep(element.plain("appearance").map(searched).transpose()?.flatten())?;
                keep(element.plain("query").map(searched).transpose()?.flatten())?;
                path.push(element.name);
            }
            Step::Text(text) => {
                // What is kept is short; of the rest so much that it shows to be too long.
                let room = 4096_usize.saturating_sub(said.len());
                said.extend(text.chars().take(room));
            }
            Step::Close => {
                let name = path.pop().unwrap_or_default();
                let parent = path.last().map(String::as_str).unwrap_or_default();
                if name == "title" && path.len() == 2 && parent == "head" {
                    once(&mut title, Part::Title, word(Part::Title, &said)?)?;
                } else if name == "value" || (path.len() > 4 && path.get(3).is_some_and(|p| p == "instance") && instance == 1) {
                    // Words in a language that are a picture, a sound or a film, and pictures to draw on.
                    keep(needed(&said)?)?;
                }
                said.clear();
            }
        }
        Ok(())
    })?;
    let missing = |missing| HeadError::Missing { missing };
    if !model {
        return Err(missing(Part::Model));
    }
    if instance == 0 {
        return Err(missing(Part::Instance));
    }
    let root = root.ok_or(missing(Part::Root))?;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let id = given(id).or_else(|| given(root_namespace.clone())).ok_or(missing(Part::FormId))?;
    let id = word(Part::FormId, &id)?;
    let title = given(title).unwrap_or_else(|| id.clone());
    Ok(FormHead { id, version: given(version), title, root, root_namespace, files, encrypted, file_questions })
}

/// Namespace of encrypted submissions.
const ENCRYPTED: &str = "http://www.opendatakit.org/xforms/encrypted";

/// Reads what a filled form says of itself. `file_questions` are the paths of its form that are answered with files, from
/// [`FormHead::file_questions`]; what they hold is mentioned.
///
/// # Errors
/// Why it is no filled form, or none that is read.
pub fn submission_head(bytes: &[u8], file_questions: &[String]) -> Result<SubmissionHead> {
    // The root element may be called otherwise than in the form: the path below it counts.
    let below = |path: &str| path.trim_start_matches('/').split_once('/').map(|(_, rest)| rest.to_owned());
    let questions: Vec<String> = file_questions.iter().filter_map(|q| below(q)).collect();
    let mut path: Vec<String> = Vec::new();
    let mut said = String::new();
    let mut root: Option<Element> = None;
    let (mut instance, mut deprecated, mut mentioned) = (None, None, Vec::new());
    let mut encrypted = false;
    walk(bytes, SUBMISSION_MAX, |step| {
        match step {
            Step::Open(element) => {
                said.clear();
                let name = element.name.clone();
                if path.is_empty() {
                    encrypted = element.get("encrypted").is_some_and(|e| e.trim().eq_ignore_ascii_case("yes"))
                        || element.plain("xmlns") == Some(ENCRYPTED);
                    root = Some(element);
                }
                path.push(name);
            }
            Step::Text(text) => {
                let room = 4096_usize.saturating_sub(said.len());
                said.extend(text.chars().take(room));
            }
            Step::Close => {
                let name = path.pop().unwrap_or_default();
                let meta = path.len() == 2 && path.last().is_some_and(|p| p == "meta");
                match name.as_str() {
                    "instanceID" if meta => once(&mut instance, Part::InstanceId, word(Part::InstanceId, &said)?)?,
                    "deprecatedID" if meta => once(&mut deprecated, Part::DeprecatedId, word(Part::DeprecatedId, &said)?)?,
                    "encryptedXmlFile" if encrypted && path.len() == 1 => push_unique(&mut mentioned, file_name(&said)?)?,
                    "file" if encrypted && path.len() == 2 && path[1] == "media" => {
                        push_unique(&mut mentioned, file_name(&said)?)?
                    }
                    _ if !questions.is_empty() && !path.is_empty() && !said.trim().is_empty() => {
                        let here = path.iter().skip(1).map(String::as_str).chain([name.as_str()]).collect::<Vec<_>>().join("/");
                        if questions.contains(&here) {
                            push_unique(&mut mentioned, file_name(&said)?)?;
                        }
                    }
                    _ => {}
                }
                said.clear();
            }
        }
        Ok(())
    })?;
    let missing = |missing| HeadError::Missing { missing };
    let root = root.ok_or(missing(Part::Root))?;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty());
    let id = root.plain("id").map(str::to_owned).or_else(|| namespace(&root)).map(|i| word(Part::FormId, &i)).transpose()?;
    let version = root.get("version").map(|v| word(Part::Version, v)).transpose()?;
    Ok(SubmissionHead {
        id: given(id).ok_or(missing(Part::FormId))?,
        version: given(version),
        instance: given(instance).ok_or(missing(Part::InstanceId))?,
        deprecated: given(deprecated),
        encrypted,
        mentioned,
        root_namespace: namespace(&root),
        root: root.name,
    })
}

/// Answers of a filled form as they stand there: path and text of every element without elements in it, in order. Empty ones
/// are left out; of a text no more than `text_max` characters is given, and no more than `count_max` answers.
///
/// # Errors
/// As [`submission_head`].
pub fn leaves(bytes: &[u8], count_max: usize, text_max: usize) -> Result<Vec<(String, String)>> {
    let mut path: Vec<String> = Vec::new();
    let (mut said, mut leaf, mut found) = (String::new(), false, Vec::new());
    walk(bytes, SUBMISSION_MAX, |step| {
        match step {
            Step::Open(element) => {
                said.clear();
                leaf = true;
                path.push(element.name);
            }
            Step::Text(text) => {
                let room = text_max.saturating_sub(said.chars().count().min(text_max));
                said.extend(text.chars().take(room));
            }
            Step::Close => {
                if leaf && !said.trim().is_empty() && found.len() < count_max {
                    found.push((format!("/{}", path.join("/")), said.trim().to_owned()));
                }
                path.pop();
                leaf = false;
                said.clear();
            }
        }
        Ok(())
    })?;
    Ok(found)
}

#[cfg(test)]
mod tests;
