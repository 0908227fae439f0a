//! Indicators.
