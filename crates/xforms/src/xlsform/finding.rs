//! What is found in a workbook: which word, how bad, and where.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The form is made all the same.
    Warning,
    /// There is no form until this is mended.
    Error,
}

/// A column of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its header as written.
    pub header: String,
    /// Its letter as the spreadsheet shows it: `A`, `AB`.
    pub letter: String,
}

/// One thing found in a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Name of the sheet, in small letters; `None` for the workbook as a whole.
    pub sheet: Option<String>,
    /// Row as the spreadsheet numbers it, from 1; `None` for the sheet as a whole.
    pub row: Option<u32>,
    /// Column; `None` where no single one is meant or the sheet has none.
    pub column: Option<Place>,
    /// What it is.
    pub word: Word,
}

macro_rules! words {
    ($($(#[$doc:meta])+ $name:ident $({ $($field:ident),+ })? = $key:literal,)+) => {
        /// What was found. Locale files word it by [`Word::key`], filling in [`Word::arguments`].
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Word {
            $($(#[$doc])+ $name $({ $(#[doc = concat!("Filled in as `", stringify!($field), "`.")] $field: String),+ })?,)+
        }

        impl Word {
            /// All keys and the names of their parameters, for the tests of whoever words them.
            pub const KEYS: &'static [(&'static str, &'static [&'static str])] = &[$(($key, &[$($(stringify!($field)),+)?])),+];

            /// The stable key of this word, without its parameters.
            pub fn key(&self) -> &'static str {
                match self { $(Word::$name $({ $($field: _),+ })? => $key,)+ }
            }

            /// Names and values of the parameters.
            pub fn arguments(&self) -> Vec<(&'static str, &str)> {
                match self { $(Word::$name $({ $($field),+ })? => vec![$($((stringify!($field), $field.as_str())),+)?],)+ }
            }
        }
    };
}

words! {
    /// Neither a workbook nor a CSV file with sheets in it, or one that is damaged or locked by a password.
    NotAWorkbook = "not-a-workbook",
    /// The name of the file ends in nothing known.
    UnknownKind { name } = "unknown-kind",
    /// More bytes than are read, packed or unpacked; `max` in MiB.
    TooLarge { max } = "too-large",
    /// More rows in a sheet than are read.
    TooManyRows { max } = "too-many-rows",
    /// More columns in a sheet than are read.
    TooManyColumns { max } = "too-many-columns",
    /// More cells in the workbook than are read.
    TooManyCells { max } = "too-many-cells",
    /// More letters in a cell than are read.
    CellTooLong { max } = "cell-too-long",
    /// More questions than are written, after loops are unrolled.
    TooManyQuestions { max } = "too-many-questions",
    /// Groups in groups beyond what is read.
    TooDeep { max } = "too-deep",
    /// A character that no XML document may hold.
    ControlCharacter = "control-character",
    /// A day before 1900-03-01, which the old file format does not tell apart from another.
    AmbiguousDay = "ambiguous-day",
    /// No sheet `survey`; `similar` is a sheet with nearly that name, or nothing.
    NoSurveySheet { similar } = "no-survey-sheet",
    /// A sheet whose name is nearly one that is read.
    SimilarSheet { sheet, similar } = "similar-sheet",
    /// Two columns with the same header.
    HeaderTwice { header } = "header-twice",
    /// Two headers that mean the same column.
    SameColumnTwice { header, other } = "same-column-twice",
    /// A column that must be there.
    HeaderMissing { header } = "header-missing",
    /// A column that does not mean anything here.
    ColumnNotUnderstood { header } = "column-not-understood",
    /// A column that nothing reads.
    ColumnNotUsed { header } = "column-not-used",
    /// A column of choices whose header cannot name an element.
    HeaderNoName { header } = "header-no-name",
    /// A setting that is not supported.
    SettingNotSupported { name } = "setting-not-supported",
    /// Encryption needs an instanceID.
    EncryptionNeedsInstanceId = "encryption-needs-instance-id",
    /// A row with something in it but without type, name and label.
    CommentRow = "comment-row",
    /// The column `disabled` is used.
    DisabledUsed = "disabled-used",
    /// A row with a name or a label but without a type.
    TypeMissing = "type-missing",
    /// A type that is not known.
    TypeUnknown { name } = "type-unknown",
    /// A type that is known and not supported.
    TypeNotSupported { name } = "type-not-supported",
    /// A kind of metadata that phones no longer give.
    MetadataDeprecated { name } = "metadata-deprecated",
    /// A question, group or repeat without a name.
    NameMissing = "name-missing",
    /// A name that is no name: letter or underscore first, then letters, digits, hyphen, underscore, full stop.
    NameInvalid { name } = "name-invalid",
    /// A name with a prefix that nothing declares.
    PrefixUnknown { name } = "prefix-unknown",
    /// What the setting `namespaces` declares is no namespace.
    NamespaceInvalid { text } = "namespace-invalid",
    /// A name twice in the same group.
    NameTwice { name } = "name-twice",
    /// Two names in the same group that differ in capitals only.
    NameCase { name } = "name-case",
    /// A name that is taken for something else.
    NameReserved { name } = "name-reserved",
    /// A repeat named like the whole form.
    RepeatNamedLikeForm { name } = "repeat-named-like-form",
    /// Two repeats with the same name.
    RepeatNameTwice { name } = "repeat-name-twice",
    /// A group or repeat that is not ended.
    NotEnded { kind, name } = "not-ended",
    /// An end to what was not begun.
    NotBegun { kind } = "not-begun",
    /// A repeat without a label.
    RepeatWithoutLabel { name } = "repeat-without-label",
    /// A question to be seen, without label and hint.
    LabelMissing { name } = "label-missing",
    /// A large picture without a small one.
    BigImageAlone { name } = "big-image-alone",
    /// A text that is missing in one language.
    TranslationMissing { header, language } = "translation-missing",
    /// A calculation that is missing.
    CalculationMissing { name } = "calculation-missing",
    /// `${` that does not open a reference.
    ReferenceMalformed = "reference-malformed",
    /// A reference to what is not there.
    ReferenceUnknown { name } = "reference-unknown",
    /// A reference to a name that is there more than once.
    ReferenceAmbiguous { name } = "reference-ambiguous",
    /// A trigger that is not a question to be seen.
    TriggerNotVisible { name, target } = "trigger-not-visible",
    /// A trigger that is missing.
    TriggerMissing { name } = "trigger-missing",
    /// A calculation where none may be.
    CalculationNotAllowed { name } = "calculation-not-allowed",
    /// No sheet `choices`, and a list is asked for.
    NoChoicesSheet { list } = "no-choices-sheet",
    /// A list that is not there.
    ListUnknown { list } = "list-unknown",
    /// A choice without a name.
    ChoiceNameMissing { list } = "choice-name-missing",
    /// A name twice in the same list.
    ChoiceNameTwice { list, name } = "choice-name-twice",
    /// A name with a space in a list of which several may be chosen.
    ChoiceNameSpace { list, name } = "choice-name-space",
    /// A choice without a label.
    ChoiceLabelMissing { list, name } = "choice-label-missing",
    /// A file of choices that does not end in what is read.
    FileUnknown { name } = "file-unknown",
    /// A loop that does not say over which list.
    LoopWithoutList = "loop-without-list",
    /// "Or other" together with a filter.
    OtherWithFilter = "other-with-filter",
    /// "Or other" for what has no list in the workbook.
    OtherWithoutList { list } = "other-without-list",
    /// A filter in a table of questions.
    TableWithFilter = "table-with-filter",
    /// Questions of one table with several lists.
    TableMixed { list, expected } = "table-mixed",
    /// `search()` together with a file of choices.
    SearchWithFile { name } = "search-with-file",
    /// A list used by questions with `search()` and without.
    SearchShared { list, name, other } = "search-shared",
    /// A question with choices from outside, without a filter.
    ExternalWithoutFilter { name } = "external-without-filter",
    /// Parameters that are not pairs of name and value.
    ParametersMalformed = "parameters-malformed",
    /// A parameter that this type does not take.
    ParameterUnknown { name, accepted } = "parameter-unknown",
    /// A parameter with a value that it cannot have.
    ParameterInvalid { name, value } = "parameter-invalid",
    /// A parameter that needs another one.
    ParameterNeeds { name, other } = "parameter-needs",
    /// A step of zero.
    StepZero { name } = "step-zero",
    /// A step wider than the whole.
    StepTooWide { name } = "step-too-wide",
    /// A value that no step reaches.
    OffStep { name } = "off-step",
    /// A value before the start or after the end.
    OutsideRange { name } = "outside-range",
    /// Marks that this appearance does not show.
    RangeAppearance { appearance } = "range-appearance",
    /// Without ticks, start and end alone may have a label.
    RangeLabels { list } = "range-labels",
    /// Two instances with one name and different sources.
    InstanceClash { name } = "instance-clash",
    /// A reference geometry that is nowhere.
    GeometryUnknown { name } = "geometry-unknown",
    /// A column of the sheet `entities` that is not known.
    EntityColumnUnknown { header } = "entity-column-unknown",
    /// An entity without the name of its list.
    EntityListMissing = "entity-list-missing",
    /// A list twice.
    EntityListTwice { list } = "entity-list-twice",
    /// A name of a list or property that is not allowed.
    EntityNameInvalid { name } = "entity-name-invalid",
    /// An entity without a label, though it may be created.
    EntityLabelMissing { list } = "entity-label-missing",
    /// A condition for updating without an id.
    EntityUpdateNeedsId { list } = "entity-update-needs-id",
    /// An id and a condition for creating without one for updating.
    EntityCreateWithId { list } = "entity-create-with-id",
    /// Something to be saved, and no sheet `entities`.
    SaveWithoutEntities = "save-without-entities",
    /// Something to be saved to a list that is not there.
    SaveListUnknown { list } = "save-list-unknown",
    /// Several lists, and it is not said to which.
    SaveListMissing = "save-list-missing",
    /// A property saved twice.
    SaveTwice { name, row } = "save-twice",
    /// Groups and repeats cannot be saved.
    SaveOfGroup = "save-of-group",
    /// What is saved to one list lies in several repeats.
    EntityScattered { list } = "entity-scattered",
    /// Two entities that want the same group.
    EntityNoRoom { list, other } = "entity-no-room",
    /// A formula that ends too early.
    FormulaUnfinished { name, field, formula } = "formula-unfinished",
    /// A formula that cannot be understood from some place on.
    FormulaUnreadable { name, field, formula, near } = "formula-unreadable",
    /// A quoted text that does not end, in a formula.
    FormulaOpenText { name, field, formula } = "formula-open-text",
    /// A function that is not known.
    FormulaFunction { name, field, function } = "formula-function",
    /// Too few or too many values for a function.
    FormulaArguments { name, field, function, count } = "formula-arguments",
    /// Questions that depend on each other.
    FormulaCycle { names } = "formula-cycle",
    /// A calculation that needs its own result.
    FormulaOwnValue { name, field } = "formula-own-value",
}

/// Letters of a column, from 0: `A`, …, `Z`, `AA`.
pub(super) fn letters(mut index: usize) -> String {
    let mut out = Vec::new();
    loop {
        out.push(b'A' + (index % 26) as u8);
        match (index / 26).checked_sub(1) {
            Some(next) => index = next,
            None => break,
        }
    }
    out.iter().rev().map(|b| char::from(*b)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_as_spreadsheets_name_them() {
        assert_eq!([0, 25, 26, 51, 52, 701, 702].map(letters), ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]);
    }

    #[test]
    fn keys_are_used_once() {
        let mut keys: Vec<&str> = Word::KEYS.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), Word::KEYS.len());
        let word = Word::ListUnknown { list: "甲".into() };
        assert_eq!((word.key(), word.arguments()), ("list-unknown", vec![("list", "甲")]));
    }
}
