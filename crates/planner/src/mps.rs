//! The full model as text for an outside solver: free MPS and CPLEX LP.
//!
//! Variables: `x` a village's option in a year (binary), `D` shared cost of a county, work and year, `Y` money of a pool in it, `z` a
//! neighbour bonus earned. Money is real-valued here, so the model is a relaxation of the exchange format by less than one unit for each
//! payment. The objective is in millions of the format's units (points × 1/1000), which solvers scale better.
//!
//! Names: `x_v_w_l_t`, `D_c_w_t`, `Y_c_w_t_p`, `z_i_j_w_t` with positions of the instance, counties numbered by code.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crate::{demands::Demands, error::Refused, instance, instance::Instance, model::Model};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The instance or the demands are unusable.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The text could not be written.
    #[error("the model could not be written")]
    Io(#[from] io::Error),
}

/// Writes the model as free MPS, column by column, without holding it in memory.
///
/// # Errors
/// See [`Failure`].
pub fn write_mps(instance: &Instance, demands: &Demands, mut out: impl Write) -> Result<(), Failure> {
    let model = door(instance, demands)?;
    writeln!(out, "NAME qianwan\nOBJSENSE\n    MAX\nROWS\n N gain")?;
    rows(&model, |row| {
        let letter = match row.sense {
            Sense::AtMost => 'L',
            Sense::AtLeast => 'G',
            Sense::Equal => 'E',
        };
        writeln!(out, " {letter} {}", row.name)
    })?;
    writeln!(out, "COLUMNS")?;
    let mut binary = false;
    columns(&model, |column| {
        if column.binary != binary {
            binary = column.binary;
            writeln!(out, " M{0} 'MARKER' '{1}'", u8::from(!binary), if binary { "INTORG" } else { "INTEND" })?;
        }
        if column.gain != 0 {
            writeln!(out, " {} gain {}", column.name, millions(column.gain))?;
        }
        for (row, factor) in &column.entries {
            writeln!(out, " {} {row} {factor}", column.name)?;
        }
        Ok(())
    })?;
    writeln!(out, "RHS")?;
    rows(&model, |row| if row.right == 0 { Ok(()) } else { writeln!(out, " rhs {} {}", row.name, row.right) })?;
    writeln!(out, "BOUNDS")?;
    columns(
        &model,
        |column| {
            if column.binary || column.at_most_one { writeln!(out, " UP bound {} 1", column.name) } else { Ok(()) }
        },
    )?;
    writeln!(out, "ENDATA")?;
    out.flush()?;
    Ok(())
}

/// Writes the model in LP text; its rows are gathered in memory first.
///
/// # Errors
/// See [`Failure`].
pub fn write_lp(instance: &Instance, demands: &Demands, mut out: impl Write) -> Result<(), Failure> {
    let model = door(instance, demands)?;
    let mut by_row: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    writeln!(out, "Maximize\n gain:")?;
    columns(&model, |column| {
        if column.gain != 0 {
            writeln!(out, " + {} {}", millions(column.gain), column.name)?;
        }
        for (row, factor) in column.entries {
            by_row.entry(row).or_default().push((column.name.clone(), factor));
        }
        Ok(())
    })?;
    writeln!(out, "Subject To")?;
    rows(&model, |row| {
        let Some(entries) = by_row.get(&row.name) else { return Ok(()) };
        write!(out, " {}:", row.name)?;
        for (at, (column, factor)) in entries.iter().enumerate() {
            let sign = if *factor < 0 { '-' } else { '+' };
            write!(out, "{} {sign} {} {column}", if at % 8 == 7 { "\n" } else { "" }, factor.abs())?;
        }
        let sense = match row.sense {
            Sense::AtMost => "<=",
            Sense::AtLeast => ">=",
            Sense::Equal => "=",
        };
        writeln!(out, " {sense} {}", row.right)
    })?;
    writeln!(out, "Bounds")?;
    columns(&model, |column| if column.at_most_one { writeln!(out, " 0 <= {} <= 1", column.name) } else { Ok(()) })?;
    writeln!(out, "Binaries")?;
    columns(&model, |column| if column.binary { writeln!(out, " {}", column.name) } else { Ok(()) })?;
    writeln!(out, "End")?;
    out.flush()?;
    Ok(())
}

fn door(instance: &Instance, demands: &Demands) -> Result<Model, Refused> {
    instance::validate(instance)?;
    demands.validate(instance)?;
    Ok(Model::new(instance, demands))
}

fn millions(gain: i64) -> String {
    format!("{}.{:06}", gain / 1_000_000, gain % 1_000_000)
}

enum Sense {
    AtMost,
    AtLeast,
    Equal,
}

struct Row {
    name: String,
    sense: Sense,
    right: i64,
}

struct Column {
    name: String,
    gain: i64,
    binary: bool,
    at_most_one: bool,
    entries: Vec<(String, i64)>,
}

/// Every row in turn.
fn rows(model: &Model, mut take: impl FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let mut row = |name: String, sense: Sense, right: i64| take(Row { name, sense, right });
    let years = model.years;
    for village in &model.villages {
        let v = village.origin;
        for (n, need) in village.needs.iter().enumerate() {
            let sense = if need.required { Sense::Equal } else { Sense::AtMost };
            row(format!("once_{v}_{n}"), sense, 1)?;
            for t in 0..years {
                for m in 0..need.after.len() {
                    row(format!("after_{v}_{n}_{m}_{t}"), Sense::AtMost, 0)?;
                }
            }
        }
        for t in 0..years {
            row(format!("load_{v}_{t}"), Sense::AtMost, village.load)?;
            row(format!("labour_{v}_{t}"), Sense::AtMost, village.labour)?;
            row(format!("own_{v}_{t}"), Sense::AtMost, village.own * (t as i64 + 1))?;
        }
    }
    for (c, county) in model.counties.iter().enumerate() {
        for t in 0..years {
            for w in 0..model.works {
                row(format!("cost_{c}_{w}_{t}"), Sense::Equal, 0)?;
                row(format!("paid_{c}_{w}_{t}"), Sense::Equal, 0)?;
                for &p in &county.pools {
                    row(format!("share_{c}_{w}_{t}_{}", model.pools[p].origin), Sense::AtMost, 0)?;
                }
            }
            if t < model.demo_years && model.demo_share > 0 {
                row(format!("demo_{c}_{t}"), Sense::AtLeast, 0)?;
            }
        }
    }
    for pool in &model.pools {
        let mut saved = 0;
        for t in 0..years {
            saved = if pool.cumulative { saved + pool.cap[t] } else { pool.cap[t] };
            row(format!("cap_{}_{t}", pool.origin), Sense::AtMost, saved)?;
        }
    }
    for i in 0..model.terms.len() {
        for t in 0..years {
            row(format!("near_{i}_0_{t}"), Sense::AtMost, 0)?;
            row(format!("near_{i}_1_{t}"), Sense::AtMost, 0)?;
        }
    }
    Ok(())
}

/// Every column in turn.
fn columns(model: &Model, mut take: impl FnMut(Column) -> io::Result<()>) -> io::Result<()> {
    let years = model.years;
    for (v, village) in model.villages.iter().enumerate() {
        for (o, option) in village.options.iter().enumerate() {
            for t in (0..years).filter(|t| option.allow >> t & 1 == 1) {
                let gain = model.gain(v, (o * years + t) as u16);
                let name = format!("x_{}_{}_{}_{t}", village.origin, option.work, option.level);
                take(Column { name, gain, binary: true, at_most_one: true, entries: of_choice(model, v, o, t) })?;
            }
        }
    }
    for (c, county) in model.counties.iter().enumerate() {
        for w in 0..model.works {
            for t in 0..years {
                let mut entries = vec![(format!("cost_{c}_{w}_{t}"), -1), (format!("paid_{c}_{w}_{t}"), -1)];
                for &p in &county.pools {
                    entries.push((format!("share_{c}_{w}_{t}_{}", model.pools[p].origin), -model.pools[p].share[w]));
                }
                take(Column { name: format!("D_{c}_{w}_{t}"), gain: 0, binary: false, at_most_one: false, entries })?;
                for &p in &county.pools {
                    let pool = &model.pools[p];
                    let origin = pool.origin;
                    let mut entries = vec![(format!("paid_{c}_{w}_{t}"), 1), (format!("share_{c}_{w}_{t}_{origin}"), 100)];
                    let last = if pool.cumulative { years } else { t + 1 };
                    entries.extend((t..last).map(|u| (format!("cap_{origin}_{u}"), 1)));
                    take(Column {
                        name: format!("Y_{c}_{w}_{t}_{origin}"),
                        gain: 0,
                        binary: false,
                        at_most_one: false,
                        entries,
                    })?;
                }
            }
        }
    }
    for (i, term) in model.terms.iter().enumerate() {
        let mut ends = term.ends.map(|v| model.villages[v].origin);
        ends.sort_unstable();
        let [a, b] = ends;
        for t in 0..years {
            let entries = vec![(format!("near_{i}_0_{t}"), 1), (format!("near_{i}_1_{t}"), 1)];
            let name = format!("z_{a}_{b}_{}_{t}", term.work);
            take(Column { name, gain: term.bonus * model.disc[t], binary: false, at_most_one: true, entries })?;
        }
    }
    Ok(())
}

fn of_choice(model: &Model, v: usize, o: usize, t: usize) -> Vec<(String, i64)> {
    let (village, years) = (&model.villages[v], model.years);
    let option = &village.options[o];
    let (n, c, origin) = (option.need, village.county, village.origin);
    let mut entries = vec![(format!("once_{origin}_{n}"), 1)];
    for m in 0..village.needs[n].after.len() {
        entries.extend((t..years).map(|u| (format!("after_{origin}_{n}_{m}_{u}"), 1)));
    }
    for (later, need) in village.needs.iter().enumerate() {
        for (m, &(before, lag)) in need.after.iter().enumerate().filter(|(_, (before, _))| *before == n) {
            debug_assert_eq!(before, n);
            let from = t + usize::try_from(lag).unwrap_or(years).min(years);
            entries.extend((from..years).map(|u| (format!("after_{origin}_{later}_{m}_{u}"), -1)));
        }
    }
    if model.loads[option.work] > 0 {
        entries.push((format!("load_{origin}_{t}"), model.loads[option.work]));
    }
    if option.labour > 0 {
        entries.push((format!("labour_{origin}_{t}"), option.labour));
    }
    if option.own > 0 {
        entries.extend((t..years).map(|u| (format!("own_{origin}_{u}"), option.own)));
    }
    if option.shared > 0 {
        entries.push((format!("cost_{c}_{}_{t}", option.work), option.shared));
        if t < model.demo_years && model.demo_share > 0 {
            let factor = if village.demo { 100 - model.demo_share } else { -model.demo_share };
            if factor != 0 {
                entries.push((format!("demo_{c}_{t}"), factor * option.shared));
            }
        }
    }
    if let Some(slot) = village.needs[n].slot {
        for &i in &village.terms {
            let side = model.terms[i].slots.iter().position(|&at| at == slot);
            entries.extend(side.map(|side| (format!("near_{i}_{side}_{t}"), -1)));
        }
    }
    entries
}
