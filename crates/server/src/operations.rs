//! What the people who run the machine want to know.

use std::time::Duration;

use prometheus::{Encoder, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use serde_json::json;

use crate::{
    answer::{Answer, Problem},
    answers::Health,
    ask::Ask,
};

/// Counters of requests.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Metrics {
    /// Fresh counters.
    pub fn new() -> Metrics {
        let registry = Registry::new();
        let requests =
            IntCounterVec::new(Opts::new("qianwan_requests_total", "Requests by route and status."), &["route", "status"]);
        let buckets = vec![0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];
        let seconds = HistogramVec::new(
            HistogramOpts::new("qianwan_request_seconds", "Time to answer by route.").buckets(buckets),
            &["route"],
        );
        let (requests, seconds) = (requests.expect("a fixed, valid name"), seconds.expect("a fixed, valid name"));
        let _ = registry.register(Box::new(requests.clone()));
        let _ = registry.register(Box::new(seconds.clone()));
        Metrics { registry, requests, seconds }
    }

    /// Counts a request.
    pub fn request(&self, route: &str, status: u16, took: Duration) {
        self.requests.with_label_values(&[route, &status.to_string()]).inc();
        self.seconds.with_label_values(&[route]).observe(took.as_secs_f64());
    }
}

/// `GET /healthz`: whether the database answers.
pub fn health(ask: &Ask) -> Result<Answer, Problem> {
    ask.app.store.setting("installation")?;
    let database = ask.app.store.database_name();
    Ok(Answer::json(&json!(Health { status: "ok", database, version: env!("CARGO_PKG_VERSION") })))
}

/// `GET /metrics`.
pub fn metrics(ask: &Ask) -> Result<Answer, Problem> {
    let mut text = Vec::new();
    let told = |e: prometheus::Error| Problem::accident(format!("metrics: {e}"));
    TextEncoder::new().encode(&ask.app.metrics.registry.gather(), &mut text).map_err(told)?;
    let facts = ask.app.store.positions().facts();
    text.extend_from_slice(
        format!("# HELP qianwan_facts Facts in the log.\n# TYPE qianwan_facts gauge\nqianwan_facts {facts}\n").as_bytes(),
    );
    Ok(Answer::bytes("text/plain; version=0.0.4; charset=utf-8", text))
}
