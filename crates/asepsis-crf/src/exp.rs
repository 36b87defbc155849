/// The exponential function to about five digits, the same to the bit everywhere.
///
/// 2^f is a polynomial on -0.5..0.5 (Taylor coefficients of ln 2), 2^i goes into the exponent's bits.
pub(crate) fn exp(x: f32) -> f32 {
    exp_within(x.clamp(-80.0, 80.0))
}

/// The same for what lies within -80..80.
#[inline]
pub(crate) fn exp_within(x: f32) -> f32 {
    const LOG2_E: f32 = std::f32::consts::LOG2_E;
    /// 1.5 * 2^23: adding and taking it away rounds to the nearest integer.
    const ROUND: f32 = 12_582_912.0;
    let t = x * LOG2_E;
    let rounded = t + ROUND;
    let f = t - (rounded - ROUND);
    let p = 1.0
        + f * (std::f32::consts::LN_2
            + f * (0.240_226_5
                + f * (0.055_504_11 + f * (0.009_618_129 + f * (0.001_333_355_8 + f * 0.000_154_035_3)))));
    // The rounded sum has the integer in its lowest bits, and nought in the others that stay.
    let scale = f32::from_bits(rounded.to_bits().wrapping_add(127) << 23);
    p * scale
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn the_exponent_is_the_rounded_integer() {
        for i in -80_000..=80_000 {
            let t = i as f32 / 1000.0 * std::f32::consts::LOG2_E;
            let whole = (t + 12_582_912.0) - 12_582_912.0;
            let scale = f32::from_bits(((whole as i32 + 127) << 23) as u32);
            assert!((0.5..=1.5).contains(&(exp(i as f32 / 1000.0) / scale)), "exp({})", i as f32 / 1000.0);
        }
    }

    #[test]
    fn it_is_the_exponential_function() {
        for i in -800..=800 {
            let x = f64::from(i) / 10.0;
            let ratio = f64::from(exp(x as f32)) / (f64::from(x as f32)).exp();
            assert!((ratio - 1.0).abs() < 1e-5, "exp({x}) is off by {ratio}");
        }
        assert!(exp(-1e9) > 0.0 && exp(1e9).is_finite());
    }
}
