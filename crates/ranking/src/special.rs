//! Distribution functions and quantiles: normal, t, χ², beta, binomial; the sample quantile of type 7.
//!
//! `erfc` and `lgamma` come from `libm`, so that results are the same on every platform. Sources: the NIST Digital Library of
//! Mathematical Functions (DLMF, dlmf.nist.gov) for the continued fractions; Wichura, "Algorithm AS 241", Applied Statistics
//! 37 (1988) 477–484 for the normal quantile; Hyndman and Fan, American Statistician 50 (1996) 361–365 for type 7.

use std::f64::consts::{PI, SQRT_2};

/// Density of the standard normal distribution.
pub fn normal_density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x) / (2.0 * PI).sqrt()
}

/// P(Z ≤ x), Z standard normal.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / SQRT_2)
}

/// P(Z > x), Z standard normal, without cancellation in the upper tail.
pub fn normal_upper(x: f64) -> f64 {
    0.5 * libm::erfc(x / SQRT_2)
}

/// The x with P(Z ≤ x) = p, for 0 < p < 1 (NaN outside); AS 241 and one step of Newton's method.
pub fn normal_quantile(p: f64) -> f64 {
    if !(p > 0.0 && p < 1.0) {
        return f64::NAN;
    }
    let horner = |r: f64, c: [f64; 8]| c.iter().rev().fold(0.0, |sum, c| sum * r + c);
    let q = p - 0.5;
    let first = if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        q * horner(
            r,
            [
                3.387_132_872_796_366_5,
                133.141_667_891_784_38,
                1_971.590_950_306_551_3,
                13_731.693_765_509_46,
                45_921.953_931_549_87,
                67_265.770_927_008_7,
                33_430.575_583_588_13,
                2_509.080_928_730_122_7,
            ],
        ) / horner(
            r,
            [
                1.0,
                42.313_330_701_600_91,
                687.187_007_492_057_9,
                5_394.196_021_424_751,
                21_213.794_301_586_597,
                39_307.895_800_092_71,
                28_729.085_735_721_943,
                5_226.495_278_852_545,
            ],
        )
    } else {
        let tail = if q < 0.0 { p } else { 1.0 - p };
        let r = (-tail.ln()).sqrt();
        let value = if r <= 5.0 {
            let r = r - 1.6;
            horner(
                r,
                [
                    1.423_437_110_749_683_5,
                    4.630_337_846_156_546,
                    5.769_497_221_460_691,
                    3.647_848_324_763_204_5,
                    1.270_458_252_452_368_4,
                    0.241_780_725_177_450_6,
                    0.022_723_844_989_269_184,
                    7.745_450_142_783_414e-4,
                ],
            ) / horner(
                r,
                [
                    1.0,
                    2.053_191_626_637_759,
                    1.676_384_830_183_803_8,
                    0.689_767_334_985_1,
                    0.148_103_976_427_480_08,
                    0.015_198_666_563_616_457,
                    5.475_938_084_995_345e-4,
                    1.050_750_071_644_416_9e-9,
                ],
            )
        } else {
            let r = r - 5.0;
            horner(
                r,
                [
                    6.657_904_643_501_103,
                    5.463_784_911_164_114,
                    1.784_826_539_917_291_3,
                    0.296_560_571_828_504_87,
                    0.026_532_189_526_576_124,
                    0.001_242_660_947_388_078_4,
                    2.711_555_568_743_487_6e-5,
                    2.010_334_399_292_288_1e-7,
                ],
            ) / horner(
                r,
                [
                    1.0,
                    0.599_832_206_555_888,
                    0.136_929_880_922_735_8,
                    0.014_875_361_290_850_615,
                    7.868_691_311_456_133e-4,
                    1.846_318_317_510_054_8e-5,
                    1.421_511_758_316_446e-7,
                    2.044_263_103_389_939_8e-15,
                ],
            )
        };
        if q < 0.0 { -value } else { value }
    };
    let error = if first < 0.0 { normal_cdf(first) - p } else { (1.0 - p) - normal_upper(first) };
    let density = normal_density(first);
    if density > 1e-290 { first - error / density } else { first }
}

/// Regularised incomplete beta function I_x(a, b), a, b > 0, 0 ≤ x ≤ 1. Continued fraction DLMF 8.17.22, modified Lentz.
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(1.0 - x, b, a);
    }
    let front = (libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    let tiny = 1e-300;
    let keep = |v: f64| if v.abs() < tiny { tiny } else { v };
    let (mut c, mut d) = (1.0, 1.0 / keep(1.0 - (a + b) * x / (a + 1.0)));
    let mut h = d;
    for m in 1..100_000 {
        let m = f64::from(m);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / keep(1.0 + term * d);
            c = keep(1.0 + term / c);
            h *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (front * h).min(1.0)
}

/// The x with I_x(a, b) = p, by bisection to the last bit.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return 1.0;
    }
    bisect(0.0, 1.0, |x| beta_cdf(x, a, b) < p)
}

/// Halves until nothing lies between: the border of `below`, which holds left of it.
pub(crate) fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..1_100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// P(T > t) for Student's t with `df` degrees of freedom (DLMF 8.17; infinite `df` is the normal).
pub fn t_upper(t: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return normal_upper(t);
    }
    let half = 0.5 * beta_cdf(df / (df + t * t), 0.5 * df, 0.5);
    if t >= 0.0 { half } else { 1.0 - half }
}

/// The t with P(T ≤ t) = p, 0 < p < 1, `df` > 0 degrees of freedom.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if df.is_infinite() {
        return normal_quantile(p);
    }
    if p < 0.5 {
        return -t_quantile(1.0 - p, df);
    }
    let mut high = 2.0;
    while t_upper(high, df) > 1.0 - p && high < 1e300 {
        high *= 2.0;
    }
    bisect(0.0, high, |t| t_upper(t, df) > 1.0 - p)
}

/// P(χ² > x) with `df` degrees of freedom: upper regularised incomplete gamma (DLMF 8.7.1 and 8.9.2).
pub fn chi2_upper(x: f64, df: f64) -> f64 {
    let (a, x) = (0.5 * df, 0.5 * x);
    if x <= 0.0 {
        return 1.0;
    }
    let front = (a * x.ln() - x - libm::lgamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        while term > sum * 1e-17 {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        return 1.0 - front * sum;
    }
    let tiny = 1e-300;
    let (mut b, mut c) = (x + 1.0 - a, 1.0 / tiny);
    let mut d = 1.0 / b;
    let mut h = d;
    for n in 1..10_000 {
        let n = f64::from(n);
        let an = -n * (n - a);
        b += 2.0;
        d = 1.0 / (an * d + b);
        c = b + an / c;
        h *= c * d;
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    front * h
}

/// P(F > f) with `df1` and `df2` degrees of freedom.
pub fn f_upper(f: f64, df1: f64, df2: f64) -> f64 {
    beta_cdf(df2 / (df2 + df1 * f.max(0.0)), 0.5 * df2, 0.5 * df1)
}

/// P(X ≥ k) for X binomial(n, p).
pub fn binomial_upper(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        return 1.0;
    }
    if k > n {
        return 0.0;
    }
    beta_cdf(p, k as f64, (n - k) as f64 + 1.0)
}

/// Exact two-sided interval of a proportion, `k` of `n` (Clopper and Pearson, Biometrika 26 (1934) 404–413).
pub fn clopper_pearson(k: u64, n: u64, confidence: f64) -> (f64, f64) {
    let tail = 0.5 * (1.0 - confidence);
    let (kf, nf) = (k as f64, n as f64);
    let low = if k == 0 { 0.0 } else { beta_quantile(tail, kf, nf - kf + 1.0) };
    let high = if k >= n { 1.0 } else { beta_quantile(1.0 - tail, kf + 1.0, nf - kf) };
    (low, high)
}

/// Quantile of type 7 (R's default): linear between order statistics. Reorders `values`; NaN of an empty list.
pub fn quantile(values: &mut [f64], p: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let position = p.clamp(0.0, 1.0) * (values.len() - 1) as f64;
    let below = position.floor() as usize;
    let (_, at, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *at;
    match above.iter().copied().min_by(f64::total_cmp) {
        Some(high) if position > below as f64 => low + (position - below as f64) * (high - low),
        _ => low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1e-3), "{a} is not {b}");
    }

    #[test]
    fn against_published_quantiles() {
        close(normal_quantile(0.975), 1.959_963_984_540_054);
        close(normal_quantile(1e-10), -6.361_340_902_404_056);
        close(t_quantile(0.975, 1.0), 12.706_204_736_174_7);
        close(t_quantile(0.975, 10.0), 2.228_138_851_986_274);
        close(chi2_upper(3.841_458_820_694_124, 1.0), 0.05);
        close(f_upper(4.964_602_743_730_711, 1.0, 10.0), 0.05);
    }

    #[test]
    fn binomial_against_plain_sums() {
        for n in [1_u64, 7, 40, 300] {
            for p in [0.03, 0.5, 0.9_f64] {
                let mut term = (1.0 - p).powi(n as i32);
                let mut sum = 0.0;
                for k in 0..n {
                    sum += term;
                    let upper = binomial_upper(k + 1, n, p);
                    assert!((upper - (1.0 - sum)).abs() < 1e-11, "{n} {p} {k}");
                    term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
                }
            }
        }
    }

    #[test]
    fn many_trials_still_settle() {
        // Symmetry holds to the last digits where a truncated continued fraction would not.
        let half = binomial_upper(500_001, 1_000_001, 0.5);
        assert!((half - 0.5).abs() < 1e-8, "{half}");
    }

    #[test]
    fn quantile_is_type_7() {
        close(quantile(&mut [4.0, 1.0, 3.0, 2.0], 0.95), 3.85);
        close(quantile(&mut [1.0], 0.95), 1.0);
        assert!(quantile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn all_thirty_satisfied_says_little() {
        close(clopper_pearson(30, 30, 0.95).0, 0.025_f64.powf(1.0 / 30.0));
        assert_eq!(clopper_pearson(0, 10, 0.95).0, 0.0);
    }
}
