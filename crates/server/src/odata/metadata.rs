//! What the tables of a form are, as EDMX: groups are complex types, repeats entity types.

use std::fmt::Write;

use xforms::table::{ColumnKind, Tables};

/// The document for a form's tables.
pub fn document(form_id: &str, tables: &Tables) -> String {
    let name: String = form_id.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
    let user = format!("org.opendatakit.user.{name}");
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<edmx:Edmx xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\" Version=\"4.0\"><edmx:DataServices>",
    );
    out += "<Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"org.opendatakit.submission\"><ComplexType Name=\"metadata\">";
    for (field, kind) in super::SYSTEM {
        let _ = write!(out, "<Property Name=\"{field}\" Type=\"Edm.{kind}\"/>");
    }
    let _ = write!(out, "</ComplexType></Schema><Schema xmlns=\"http://docs.oasis-open.org/odata/ns/edm\" Namespace=\"{user}\">");
    for number in 0..tables.tables.len() {
        entity(&mut out, &user, tables, number);
    }
    let _ = write!(out, "<EntityContainer Name=\"{name}\">");
    for table in &tables.tables {
        let _ = write!(out, "<EntitySet Name=\"{0}\" EntityType=\"{user}.{0}\">", table.name);
        out += "<Annotation Term=\"Org.OData.Capabilities.V1.ConformanceLevel\" EnumMember=\"Org.OData.Capabilities.V1.ConformanceLevelType/Minimal\"/>\
                <Annotation Term=\"Org.OData.Capabilities.V1.BatchSupported\" Bool=\"false\"/>\
                <Annotation Term=\"Org.OData.Capabilities.V1.CountRestrictions\"><Record><PropertyValue Property=\"Countable\" Bool=\"true\"/></Record></Annotation>\
                <Annotation Term=\"Org.OData.Capabilities.V1.SortRestrictions\"><Record><PropertyValue Property=\"Sortable\" Bool=\"false\"/></Record></Annotation></EntitySet>";
    }
    out += "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>";
    out
}

/// What stands directly within a row or a group: values, groups, tables.
#[derive(Default)]
struct Level<'t> {
    values: Vec<(&'t str, ColumnKind)>,
    groups: Vec<(&'t str, Level<'t>)>,
    tables: Vec<(&'t str, &'t str)>,
}

impl<'t> Level<'t> {
    fn at(&mut self, groups: &'t [String]) -> &mut Level<'t> {
        let Some((first, rest)) = groups.split_first() else { return self };
        let place = match self.groups.iter().position(|(name, _)| name == first) {
            Some(place) => place,
            None => {
                self.groups.push((first, Level::default()));
                self.groups.len() - 1
            }
        };
        self.groups[place].1.at(rest)
    }

    fn properties(&self, out: &mut String, user: &str, path: &str) {
        for (name, kind) in &self.values {
            let kind = match kind {
                ColumnKind::Text | ColumnKind::Chosen | ColumnKind::Time | ColumnKind::File => "String",
                ColumnKind::Integer => "Int64",
                ColumnKind::Decimal => "Decimal",
                ColumnKind::Date => "Date",
                ColumnKind::DateTime => "DateTimeOffset",
                ColumnKind::Point => "GeographyPoint",
                ColumnKind::Line => "GeographyLineString",
                ColumnKind::Area => "GeographyPolygon",
            };
            let _ = write!(out, "<Property Name=\"{name}\" Type=\"Edm.{kind}\"/>");
        }
        for (name, _) in &self.groups {
            let _ = write!(out, "<Property Name=\"{name}\" Type=\"{user}.{path}{name}\"/>");
        }
        for (name, table) in &self.tables {
            let _ = write!(out, "<NavigationProperty Name=\"{name}\" Type=\"Collection({user}.{table})\"/>");
        }
    }

    fn types(&self, out: &mut String, user: &str, path: &str) {
        for (name, level) in &self.groups {
            let below = format!("{path}{name}.");
            let _ = write!(out, "<ComplexType Name=\"{path}{name}\">");
            level.properties(out, user, &below);
            out.push_str("</ComplexType>");
            level.types(out, user, &below);
        }
    }
}

fn entity(out: &mut String, user: &str, tables: &Tables, number: usize) {
    let table = &tables.tables[number];
    let mut level = Level::default();
    for column in &table.columns {
        if let Some((name, groups)) = column.names.split_last() {
            level.at(groups).values.push((name, column.kind));
        }
    }
    for below in tables.within(number) {
        if let Some((name, groups)) = tables.tables[below].names.split_last() {
            level.at(groups).tables.push((name, &tables.tables[below].name));
        }
    }
    let _ = write!(out, "<EntityType Name=\"{}\"><Key><PropertyRef Name=\"__id\"/></Key>", table.name);
    out.push_str("<Property Name=\"__id\" Type=\"Edm.String\"/>");
    match table.above {
        None => out.push_str("<Property Name=\"__system\" Type=\"org.opendatakit.submission.metadata\"/>"),
        Some(above) => {
            let _ = write!(out, "<Property Name=\"{}\" Type=\"Edm.String\"/>", super::above_key(&tables.tables[above]));
        }
    }
    // Groups within a repeat are called by its path, so that those of two tables do not meet.
    let path = table.name.split_once('.').map_or(String::new(), |(_, path)| format!("{path}."));
    level.properties(out, user, &path);
    out.push_str("</EntityType>");
    level.types(out, user, &path);
}
