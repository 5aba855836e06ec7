//! Draws: a small generator for each thread, and scores that order candidates by weight.
//!
//! Not for secrets.

/// xoshiro256++ (Blackman and Vigna): 256 bits of state, one for each thread.
#[derive(Clone, Debug)]
pub struct Rng([u64; 4]);

impl Rng {
    /// Begin at a seed; the same seed gives the same draws.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut state = seed;
        Self(std::array::from_fn(|_| {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            mix(state)
        }))
    }

    /// Begin at a place that the operating system chooses.
    #[must_use]
    pub fn from_system() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self::new(RandomState::new().hash_one(0x6773_6c62_u32))
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        let [a, b, c, d] = self.0;
        let drawn = a.wrapping_add(d).rotate_left(23).wrapping_add(a);
        let (c, d) = (c ^ a, d ^ b);
        self.0 = [a ^ d, b ^ c, c ^ b << 17, d.rotate_left(45)];
        drawn
    }

    /// A number below `end`, which must not be 0; the bias is below `end` / 2^64.
    #[inline]
    pub fn below(&mut self, end: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(end);
        u64::try_from(wide >> 64).unwrap_or(u64::MAX)
    }
}

/// Spread the bits of a number (the finish of splitmix64).
#[must_use]
#[inline]
pub fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ number >> 31
}

/// A candidate's score from 64 random (or hashed) bits and its weight: the least score wins.
///
/// With u uniform in (0, 1), -ln(u) / weight is exponentially distributed with rate `weight`, so a
/// candidate is first with its share of the weights, and the order is that of draws by weight
/// without replacement (Efraimidis and Spirakis 2006). With hashed bits this is weighted
/// rendezvous hashing: a candidate that leaves moves only its own clients.
///
/// Only additions, multiplications and divisions are used, which IEEE 754 rounds alike
/// everywhere: every node gives the same score.
#[must_use]
#[inline]
pub fn score(bits: u64, weight: u32) -> f64 {
    minus_ln(bits) / f64::from(weight)
}

/// -ln of the number in (0, 1) whose binary fraction begins with these bits.
fn minus_ln(bits: u64) -> f64 {
    const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
    // u is at least 2^-53: never 0, and so is the score never infinite.
    let mantissa = bits | 1 << 11;
    let zeros = mantissa.leading_zeros();
    // The exponent field of 1 keeps the value in [1, 2): the leading 1 is implied.
    let fraction = (mantissa << zeros << 1) >> 12;
    let mut unit = f64::from_bits(0x3ff0_0000_0000_0000 | fraction) / 2.0; // [0.5, 1)
    let mut halvings = f64::from(zeros);
    if unit < SQRT_HALF {
        unit *= 2.0;
        halvings += 1.0;
    }
    // ln(unit) = 2 artanh(s), by its series; |s| < 0.172, so that the rest is below 1e-16.
    let s = (unit - 1.0) / (unit + 1.0);
    let square = s * s;
    let mut sum = 0.0;
    for odd in [21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0, 1.0] {
        sum = sum * square + 1.0 / odd;
    }
    halvings * std::f64::consts::LN_2 - 2.0 * s * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_right() {
        for bits in [1 << 11, 1 << 20, 1 << 40, 1 << 63, u64::MAX, 0x1234_5678_9abc_def0] {
            let half = |bits: u64| f64::from(u32::try_from(bits & 0xffff_ffff).unwrap());
            let (high, low) = (half(bits >> 32), half(bits | 1 << 11));
            let unit = high / 2f64.powi(32) + low / 2f64.powi(64);
            assert!((minus_ln(bits) + unit.ln()).abs() < 1e-9, "{bits:x}");
        }
        assert!(minus_ln(0).is_finite());
    }

    #[test]
    fn scores_are_the_same_on_every_node() {
        let scores = [1, 3, u32::MAX].map(|weight| score(0x0123_4567_89ab_cdef, weight).to_bits());
        assert_eq!(
            scores,
            [4_617_784_005_365_680_159, 4_610_809_468_423_703_252, 4_473_668_817_291_244_085]
        );
    }

    #[test]
    fn draws_below_an_end_reach_all_and_nothing_else() {
        let mut rng = Rng::new(7);
        let mut seen = [0u32; 5];
        for _ in 0..5000 {
            seen[usize::try_from(rng.below(5)).unwrap()] += 1;
        }
        assert!(seen.iter().all(|&count| (800..1200).contains(&count)), "{seen:?}");
    }
}
