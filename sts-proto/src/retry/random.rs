/// Random numbers from a seed: SplitMix64, by Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        // 53 bits are what a float holds exactly.
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A version 4 UUID.
    ///
    /// Not by `format!`, which takes longer for it than a signature takes for its HMAC.
    pub(crate) fn uuid(&mut self) -> Uuid {
        // The version and the variant stand in the high bits of the third and of the fourth group.
        let high = self.next() & !0xf000 | 0x4000;
        let low = self.next() & (u64::MAX >> 2) | 1 << 63;
        let bytes = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        let mut digits = [0; 32];
        // Fails only for a buffer of another length.
        let _ = hex::encode_to_slice(bytes, &mut digits);
        // The groups are 32 digits together, and 36 characters with what stands between them.
        let mut text = [b'-'; 36];
        let mut rest = &digits[..];
        for (at, length) in [(0, 8), (9, 4), (14, 4), (19, 4), (24, 12)] {
            let (group, after) = rest.split_at(length);
            text[at..at + length].copy_from_slice(group);
            rest = after;
        }
        Uuid(text)
    }
}

/// A UUID's text.
#[derive(Clone, Copy)]
pub(crate) struct Uuid([u8; 36]);

impl Uuid {
    pub(crate) fn as_str(&self) -> &str {
        // Hexadecimal digits and hyphens are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_follow_from_the_seed() {
        let mut random = Random::new(0);
        // The reference values of SplitMix64 for seed 0.
        assert_eq!([random.next(), random.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        let uuid = random.uuid();
        let id = uuid.as_str();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert!((0..1000).map(|_| random.fraction()).all(|x| (0.0..1.0).contains(&x)));
    }
}
