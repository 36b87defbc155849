//! The statistics against values that others published, and properties that they have to have.

use asepsis_groups::{Pair, benjamini_hochberg, detectable, newcombe, wilson};
use proptest::prelude::*;

fn near(found: f64, published: f64, digits: i32) {
    let half = 0.5 * 10_f64.powi(-digits) + 1e-9;
    assert!((found - published).abs() <= half, "{found} is not {published}");
}

#[test]
fn r23_wilsons_interval_as_newcombe_1998_table_1_method_3() {
    // Statistics in Medicine 17 (1998) 857-872, table I, "score, no continuity correction".
    for (x, n, low, high) in
        [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    {
        let interval = wilson(x, n).expect("there are observations");
        near(interval.low, low, 4);
        near(interval.high, high, 4);
    }
    assert!(wilson(0, 0).is_none() && wilson(2, 1).is_none());
}

#[test]
fn r23_newcombes_interval_as_newcombe_1998_table_2_method_10() {
    // Statistics in Medicine 17 (1998) 873-890, table II, examples (a) to (h), "hybrid score, no continuity correction".
    for (one, two, low, high) in [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((0, 10), (0, 10), -0.2775, 0.2775),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ] {
        let interval = newcombe(one, two).expect("there are observations");
        near(interval.low, low, 4);
        near(interval.high, high, 4);
    }
}

#[test]
fn r23_fishers_test_as_published() {
    // Fisher, The Design of Experiments (1935), the lady tasting tea: 34 of 70, two-sided.
    near(Pair { one: (3, 4), others: (1, 4) }.fisher(), 34.0 / 70.0, 9);
    // Fisher, The Logic of Inductive Inference (1935), convictions of like-sex twins of criminals; two-sided as R's fisher.test gives it
    // in its manual (0.0005367).
    near(Pair { one: (10, 13), others: (2, 17) }.fisher(), 0.000_536_7, 7);
    near(Pair { one: (2, 17), others: (10, 13) }.fisher(), 0.000_536_7, 7);
}

#[test]
fn r23_chi_square_as_in_its_table_and_beside_fishers_test() {
    // 3.8415 is the 5 % point of one degree of freedom: 10 of 20 beside 10 of 20 is 0; 15 of 20 beside 5 of 20 is 10 (p .00157).
    near(Pair { one: (10, 20), others: (10, 20) }.chi_square(), 1.0, 9);
    near(Pair { one: (15, 20), others: (5, 20) }.chi_square(), 0.001_565_4, 7);
    // Where both are used they say the same; so many tables are not added up.
    let large = Pair { one: (30_500, 60_000), others: (29_900, 60_000) };
    assert!((large.chi_square() - large.fisher()).abs() < 1e-4, "{} {}", large.chi_square(), large.fisher());
    assert!((large.p() - large.chi_square()).abs() < f64::EPSILON);
    assert!((Pair { one: (0, 50), others: (0, 50) }.p() - 1.0).abs() < 1e-9);
}

#[test]
fn r23_benjamini_and_hochberg_as_in_their_paper() {
    // Journal of the Royal Statistical Society B 57 (1995), section 3.2: at .05 the first four of fifteen are rejected.
    let p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    ];
    let q = benjamini_hochberg(&p);
    assert_eq!(q.iter().filter(|q| **q <= 0.05).count(), 4, "{q:?}");
    near(q[3], 0.0095 * 15.0 / 4.0, 9);
    let turned: Vec<f64> = p.iter().rev().copied().collect();
    assert!(benjamini_hochberg(&turned).iter().rev().eq(q.iter()), "the order does not matter");
    assert!(benjamini_hochberg(&[]).is_empty());
}

#[test]
fn r23_what_can_be_seen_as_in_the_tables_of_sample_size() {
    // Fleiss, Levin and Paik 2003, formula 4.14: .10 beside .20, level .05, power .80, wants 199 in each group.
    near(detectable(199, (20, 200), 0.05).expect("enough"), 0.10, 2);
    assert!(detectable(5, (2, 5), 0.05).is_none_or(|delta| delta > 0.55));
    assert!(detectable(0, (2, 5), 0.05).is_none());
}

/// The probability of `x` hits of `n` at a rate.
fn binomial(n: u64, x: u64, rate: f64) -> f64 {
    let mut p = 1.0;
    for k in 0..x {
        p *= rate * (n - k) as f64 / (k + 1) as f64;
    }
    p * (1.0 - rate).powi(i32::try_from(n - x).expect("small"))
}

#[test]
fn r23_wilsons_interval_covers_what_it_should_on_average_and_never_far_less() {
    for n in [30, 60, 120] {
        let (mut sum, mut least) = (0.0, 1.0_f64);
        let rates: Vec<f64> = (1..100).map(|at| f64::from(at) / 100.0).collect();
        for rate in &rates {
            let covers = |x: &u64| wilson(*x, n).is_some_and(|interval| (interval.low..=interval.high).contains(rate));
            let covered: f64 = (0..=n).filter(covers).map(|x| binomial(n, x, *rate)).sum();
            sum += covered;
            least = least.min(covered);
        }
        let mean = sum / rates.len() as f64;
        assert!((0.945..0.965).contains(&mean) && least > 0.83, "{n}: {mean} {least}");
    }
}

proptest! {
    #[test]
    fn r23_intervals_hold_what_was_seen_and_rise_with_it(n in 1u64..5000, part in 0.0f64..1.0, m in 1u64..5000) {
        let x = (part * (n as f64)) as u64;
        let at = wilson(x, n).expect("some");
        prop_assert!(0.0 <= at.low && at.low <= at.at && at.at <= at.high && at.high <= 1.0);
        let more = wilson(x + 1, n).filter(|_| x < n);
        prop_assert!(more.is_none_or(|more| more.low > at.low && more.high >= at.high));
        let wider = wilson(x * 4, n * 4).expect("some");
        prop_assert!(wider.high - wider.low <= at.high - at.low);
        let difference = newcombe((x, n), (m / 2, m)).expect("some");
        let turned = newcombe((m / 2, m), (x, n)).expect("some");
        prop_assert!(difference.low <= difference.at && difference.at <= difference.high);
        prop_assert!((difference.low + turned.high).abs() < 1e-12 && (difference.at + turned.at).abs() < 1e-12);
    }

    #[test]
    fn r23_p_is_a_probability_does_not_depend_on_the_order_and_falls_as_rates_part(
        n1 in 1u64..300, n2 in 1u64..300, a in 0.0f64..=1.0, b in 0.0f64..=1.0,
    ) {
        let (x1, x2) = ((a * n1 as f64) as u64, (b * n2 as f64) as u64);
        let pair = Pair { one: (x1, n1), others: (x2, n2) };
        let turned = Pair { one: (x2, n2), others: (x1, n1) };
        for (p, q) in [(pair.fisher(), turned.fisher()), (pair.chi_square(), turned.chi_square())] {
            prop_assert!((0.0..=1.0).contains(&p) && (p - q).abs() < 1e-7, "{p} {q}");
        }
        // With the same hits in all, moving one hit further from the balance makes it no more probable.
        let further = x1 * n2 >= x2 * n1 && x1 < n1 && x2 > 0;
        if further {
            let moved = Pair { one: (x1 + 1, n1), others: (x2 - 1, n2) };
            prop_assert!(moved.chi_square() <= pair.chi_square() + 1e-12);
            prop_assert!(moved.fisher() <= pair.fisher() + 1e-9);
        }
    }

    #[test]
    fn r23_more_observations_never_see_less(n1 in 1u64..2000, n2 in 1u64..2000, part in 0.0f64..=1.0) {
        let x2 = (part * n2 as f64) as u64;
        if let Some(delta) = detectable(n1, (x2, n2), 0.05) {
            let more = detectable(n1 * 2, (x2 * 2, n2 * 2), 0.05);
            prop_assert!(more.is_some_and(|more| more <= delta + 1e-9), "{more:?} {delta}");
            prop_assert!(detectable(n1, (x2, n2), 0.01).is_none_or(|strict| strict >= delta));
        }
    }
}
