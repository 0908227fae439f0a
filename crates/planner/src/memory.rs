//! What outlives a search: multipliers, which prove a bound and price the money, and columns, which make the next search quicker.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::{
    dual::Dual,
    error::{Finding, Refused},
    instance::Instance,
    model::{Item, Model},
};

/// Multipliers of the shared constraints, in points × 1/1000 for one unit of 1,000 yuan; all at least 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Multipliers {
    /// By pool and year, in the order of the instance. For a pool that carries money over, the price of a unit in year t is the sum from t on.
    pub money: Vec<Vec<f64>>,
    /// By county code: price of the demonstration share in each demonstration year.
    pub demonstration: Vec<(String, Vec<f64>)>,
    /// How each neighbour bonus is split between its two ends, by edge, work and year in the planner's order; from 0 to 1.
    pub splits: Vec<f64>,
}

impl Multipliers {
    pub(crate) fn of(dual: &Dual<'_>, instance: &Instance) -> Multipliers {
        let (model, layout, z) = (dual.model, dual.layout, &dual.center);
        let mut money = vec![Vec::new(); instance.pools.len()];
        for (p, pool) in model.pools.iter().enumerate() {
            money[pool.origin] = (0..model.years).map(|t| z[layout.money(p, t)]).collect();
        }
        let demo = |c: usize| (0..layout.demo_years).map(|t| z[layout.demo(c, t)]).collect();
        let demonstration = model.counties.iter().enumerate().map(|(c, county)| (county.code.clone(), demo(c))).collect();
        Multipliers { money, demonstration, splits: z[layout.split..].to_vec() }
    }

    /// Price of one unit of a pool's money in each year: what a yuan more in that year would bring by the dual.
    pub fn price(&self, instance: &Instance, pool: usize) -> Vec<f64> {
        let mut prices = self.money.get(pool).cloned().unwrap_or_default();
        if instance.pools.get(pool).is_some_and(|pool| pool.kind == crate::instance::PoolKind::Cumulative) {
            for t in (0..prices.len().saturating_sub(1)).rev() {
                prices[t] += prices[t + 1];
            }
        }
        prices
    }

    pub(crate) fn vector(&self, dual: &Dual<'_>, instance: &Instance) -> Result<Vec<f64>, Refused> {
        let (model, layout) = (dual.model, dual.layout);
        let mut findings = Vec::new();
        let mut z = vec![0.0; layout.len];
        if self.money.len() != instance.pools.len() || self.money.iter().any(|money| money.len() != model.years) {
            findings.push(Finding::new("wrong-length", "multipliers.money", "give one number for each pool and year"));
        } else {
            for (p, pool) in model.pools.iter().enumerate() {
                z[layout.money(p, 0)..layout.money(p, 0) + model.years].copy_from_slice(&self.money[pool.origin]);
            }
        }
        let demo: HashMap<&str, &Vec<f64>> = self.demonstration.iter().map(|(code, prices)| (code.as_str(), prices)).collect();
        for (c, county) in model.counties.iter().enumerate() {
            match demo.get(county.code.as_str()).filter(|prices| prices.len() == layout.demo_years) {
                Some(prices) => prices.iter().enumerate().for_each(|(t, &price)| z[layout.demo(c, t)] = price),
                None => {
                    let finding =
                        Finding::new("wrong-length", "multipliers.demonstration", "give one number for each county and year");
                    findings.push(finding.with("county", &county.code));
                }
            }
        }
        if self.splits.len() == layout.len - layout.split {
            z[layout.split..].copy_from_slice(&self.splits);
        } else {
            findings.push(Finding::new("wrong-length", "multipliers.splits", "give one number for each bonus and year"));
        }
        let bad = |(j, &x): (usize, &f64)| !(x >= 0.0 && x.is_finite() && (j < layout.split || x <= 1.0));
        if z.iter().enumerate().any(bad) {
            let advice = "multipliers are finite and at least 0, splits at most 1";
            findings.push(Finding::new("negative-number", "multipliers", advice));
        }
        Refused::if_any(findings)?;
        Ok(z)
    }
}

/// One work of a column: work, level, year.
type Part = (u16, i64, u8);

/// Prices and columns of a search, by codes, so that they fit an instance that has changed a little.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    pools: HashMap<String, Vec<f64>>,
    demonstration: HashMap<String, Vec<f64>>,
    splits: Vec<f64>,
    columns: HashMap<String, Vec<Vec<Part>>>,
    plan: HashMap<String, Vec<Part>>,
}

impl Memory {
    pub(crate) fn of(dual: &Dual<'_>, instance: &Instance, plan: &[Vec<Item>]) -> Memory {
        let (model, multipliers) = (dual.model, Multipliers::of(dual, instance));
        let code = |v: usize| instance.villages[model.villages[v].origin].code.clone();
        let columns = |v: usize| {
            let columns = dual.columns(v);
            (0..columns.len()).map(|k| parts(model, v, &columns.items(k))).collect()
        };
        Memory {
            pools: instance.pools.iter().map(|pool| pool.id.clone()).zip(multipliers.money).collect(),
            demonstration: multipliers.demonstration.into_iter().collect(),
            splits: multipliers.splits,
            columns: (0..model.villages.len()).map(|v| (code(v), columns(v))).collect(),
            plan: plan.iter().enumerate().map(|(v, items)| (code(v), parts(model, v, items))).collect(),
        }
    }

    /// Hands columns and prices to a dual; false where next to nothing fits.
    pub(crate) fn restore(&self, dual: &mut Dual<'_>) -> bool {
        let (model, layout) = (dual.model, dual.layout);
        let mut fitting = 0;
        for v in 0..model.villages.len() {
            for column in self.columns.get(&model.villages[v].code).into_iter().flatten() {
                if let Some(items) = items(model, v, column).filter(|items| model.village_can(v, items)) {
                    dual.add_column(v, &items);
                    fitting += 1;
                }
            }
        }
        for (p, pool) in model.pools.iter().enumerate() {
            if let Some(prices) = self.pools.get(&pool.id).filter(|prices| prices.len() == model.years) {
                dual.center[layout.money(p, 0)..layout.money(p, 0) + model.years].copy_from_slice(prices);
            }
        }
        for (c, county) in model.counties.iter().enumerate() {
            if let Some(prices) = self.demonstration.get(&county.code).filter(|prices| prices.len() == layout.demo_years) {
                prices.iter().enumerate().for_each(|(t, &price)| dual.center[layout.demo(c, t)] = price);
            }
        }
        if self.splits.len() == layout.len - layout.split {
            dual.center[layout.split..].copy_from_slice(&self.splits);
        }
        fitting >= 2 * model.villages.len()
    }

    /// The plan remembered, as far as it fits.
    pub(crate) fn plan(&self, dual: &Dual<'_>) -> Option<Vec<Vec<Item>>> {
        let model = dual.model;
        (0..model.villages.len()).map(|v| items(model, v, self.plan.get(&model.villages[v].code)?)).collect()
    }
}

fn parts(model: &Model, v: usize, items: &[Item]) -> Vec<Part> {
    let part = |&item: &Item| {
        let (option, year) = model.item(v, item);
        (option.work as u16, option.level, year as u8)
    };
    items.iter().map(part).collect()
}

fn items(model: &Model, v: usize, parts: &[Part]) -> Option<Vec<Item>> {
    let mut items = Vec::with_capacity(parts.len());
    for &(work, level, year) in parts {
        let wanted = |option: &crate::model::Opt| option.work == usize::from(work) && option.level == level;
        let option = model.villages[v].options.iter().position(wanted)?;
        if usize::from(year) >= model.years {
            return None;
        }
        items.push((option * model.years + usize::from(year)) as Item);
    }
    items.sort_unstable();
    Some(items)
}
